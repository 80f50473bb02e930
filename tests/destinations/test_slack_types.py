"""Payloads by Slack's own types, as the TypeScript compiler reads them."""

import json
import subprocess
import sys
from datetime import UTC
from itertools import product
from pathlib import Path

import msgspec
import pytest

from relay.destinations.slack.blocks import laid_out, reply
from relay.message import Aloud
from relay.render import text_of

MODULES = Path(sys.prefix, "slack-types", "node_modules")

pytestmark = pytest.mark.skipif(
    not (MODULES / ".bin" / "tsc").exists(),
    reason="Slack's types are not there: make test gets them where npm is",
)


@pytest.fixture
def refusals(tmp_path):
    """What the compiler says of lists of blocks."""

    def judge(*lists):
        options = {
            "strict": True,
            "noEmit": True,
            "module": "nodenext",
            "types": [],
            "paths": {"@slack/types": [str(MODULES / "@slack" / "types" / "dist" / "index.d.ts")]},
        }
        (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["all.ts"]}))
        lines = ['import type { KnownBlock } from "@slack/types";']
        lines += [
            f"export const n{n}: KnownBlock[] = {json.dumps(blocks)};" for n, blocks in enumerate(lists)
        ]
        (tmp_path / "all.ts").write_text("\n".join(lines))
        tsc = [MODULES / ".bin" / "tsc", "--project", ".", "--pretty", "false"]
        ended = subprocess.run(tsc, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert (ended.returncode == 0) == (ended.stdout == ""), ended
        return ended.stdout.splitlines()

    return judge


def test_every_shape_of_a_message_is_one_of_slacks(refusals, message):
    whole = msgspec.structs.replace(message(name="<!channel> *a*"), progress=(3, 9), count=50, group={})
    text = msgspec.structs.replace(text_of(whole, zone=UTC), error="no\n```", lines=("1", "2"))
    parts = ("error", "facts", "lines", "url", "why")
    none = {"error": "", "facts": (), "lines": (), "url": None, "why": ""}
    shapes = [
        laid_out(msgspec.structs.replace(whole, text=msgspec.structs.replace(text, **missing), body=body))[
            "blocks"
        ]
        for chosen in product((False, True), repeat=len(parts))
        for missing in [{part: none[part] for part, out in zip(parts, chosen, strict=True) if out}]
        for body in (None, "*by* a template")
    ]
    aloud = msgspec.structs.replace(whole, aloud=Aloud(severity="error"), text=text)
    shapes.append(reply(aloud)["blocks"])
    assert len(shapes) == 65
    assert refusals(*shapes) == []


def test_what_slack_does_not_know_is_refused(refusals):
    wrong = [
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "section", "text": {"type": "markdown", "text": "x"}},
        {"type": "context"},
        {"type": "sektion"},
    ]
    said = refusals(*[[block] for block in wrong])
    assert {line.partition(",")[0] for line in said if line.startswith("all.ts(")} == {
        f"all.ts({n}" for n in range(2, 6)
    }
