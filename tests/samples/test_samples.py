"""What docs/samples and docs/pictures show is what relay sends today."""

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.samples import slack_page
from tests.samples.__main__ import FOLDER, files
from tests.samples.pictures import FOLDER as PICTURES
from tests.samples.pictures import SCHEMES, TAKEN_OF, digests, pages
from tests.samples.render import slack, webhooks
from tests.samples.stories import STORIES

KIB = 1024
ROOT = Path(__file__).parents[2]


def written():
    return {str(file.relative_to(FOLDER)): file for file in FOLDER.rglob("*") if file.is_file()}


def test_the_samples_are_current():
    made, there = dict(files()), written()
    assert made.keys() == there.keys(), "run: make samples"
    assert [name for name, file in there.items() if file.read_bytes() != made[name]] == [], (
        "run: make samples"
    )


def test_the_samples_are_small():
    assert sum(file.stat().st_size for file in written().values()) < 500 * KIB


@pytest.mark.parametrize("name", STORIES)
def test_a_sample_is_what_is_sent(name):
    assert json.loads((FOLDER / name / "slack.json").read_bytes()) == slack(STORIES[name])
    for form, body in webhooks(STORIES[name]):
        shown = json.loads((FOLDER / name / f"webhook-{form}.json").read_bytes())
        assert {**shown["data"], "events": None} == {**body["data"], "events": None}


def test_no_sample_has_a_character_that_nobody_sees():
    for name, file in written().items():
        text = file.read_bytes().decode().replace("\r\n", "\n") if name.endswith(".eml") else file.read_text()
        assert all(char.isprintable() or char == "\n" for char in text), name


@pytest.mark.parametrize("name", STORIES)
def test_the_page_for_pictures_shows_all_that_slack_would(name):
    payload = slack(STORIES[name])
    page = slack_page.page(payload)
    said = html.unescape(re.sub(r"<[^>]*>", "", page.partition("<body>")[2]))
    for text in _plain_texts(payload["blocks"]):
        for line in html.unescape(text).translate(slack_page.DRAWN).splitlines():
            assert line in said
    assert not re.search(r"<(script|img)\b", page)


def _plain_texts(blocks):
    for block in blocks:
        for text in (
            *block.get("elements", []),
            *block.get("fields", []),
            *filter(None, [block.get("text")]),
        ):
            if text["type"] == "plain_text":
                yield text["text"]


def test_every_picture_is_there_and_none_is_left_over():
    made = {f"{name}-{scheme}.png" for name, *_ in pages() for scheme in SCHEMES} | {"dashboard.png"}
    assert {file.name for file in PICTURES.glob("*.png")} == made, "run: make pictures"


def test_the_pictures_are_of_what_is_sent_today():
    assert json.loads(TAKEN_OF.read_text("utf-8")) == digests(), "run: make pictures, and look at them"


def test_where_there_is_no_browser_that_is_said_in_a_line():
    ran = [sys.executable, "-m", "tests.samples.pictures"]
    done = subprocess.run(ran, cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "pictures: there is no chromium on the PATH; on Debian: apt-get install chromium\n"


def test_pictures_are_small_enough_for_a_page():
    for file in PICTURES.glob("*.png"):
        assert file.read_bytes().startswith(b"\x89PNG")
        assert file.stat().st_size < 150 * KIB, file.name
