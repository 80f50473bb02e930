"""The kind of job that `docs/extending.md` adds is watched like any other."""

import re
from pathlib import Path

from relay.model import Secret
from relay.simulator.faults import json_answer
from relay.sources import Kind, SourceSpec

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text("utf-8")


async def test_a_source_is_ten_lines(story):
    text = re.search(r"<!-- run: source -->\n```python\n(.*?)\n```", PAGE, re.DOTALL)[1]
    kind = eval(text, {"Kind": Kind})
    assert len(text.splitlines()) <= 10
    it = await story()
    it.specs = [SourceSpec(name="redact", kind=kind, base_url="http://api.test", api_key=Secret("k"))]
    jobs = []
    it.api.answer = lambda _: json_answer(200, {"items": jobs})
    await it.start()
    await it.look()
    jobs.append({"id": "rdj-1", "status": "FAILED", "created_at": "2026-09-21T14:20:00Z", "name": "a.pdf"})
    await it.look(after=15)
    await it.live(60)
    assert [message.events[0].type for message in it.inbox.messages] == ["redact.failed"]
