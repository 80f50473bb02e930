"""The pages of a relay that has seen three jobs, as someone reads them whose browser runs no script."""

import hashlib
import re
import tomllib
from datetime import UTC
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from html5lib import HTMLParser
from yarl import URL

from relay.web import pages
from relay.web.pages import PAGES
from relay.web.pages.assets import address
from relay.web.pages.paper import environment
from tests.web.conftest import EVIL, TOKEN

LONG = [shown.path for shown in PAGES if "{" not in shown.path]


async def read(running, path, *, token=TOKEN, code=200, **params):
    """The page, parsed as strictly as browsers' makers do, and its text."""
    headers = {"Accept": "text/html"}
    async with (
        running.asking(token, **headers) as session,
        session.get(URL(path, encoded=True), params=params or None) as answer,
    ):
        text = await answer.text()
        assert (answer.status, answer.content_type) == (code, "text/html"), text
    HTMLParser(strict=True).parse(text)
    return text


def words(page):
    """What a person reads of it, or nearly."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


async def id_of(running, what, **params):
    return (await running.get(f"/api/v1/{what}", **params))["items"][0]["id"]


@pytest.mark.parametrize("path", LONG)
async def test_every_page_is_sound_and_names_the_relay(running, path):
    assert "tested" in words(await read(running, path))


async def test_the_overview_says_how_all_stands(running):
    said = words(await read(running, "/"))
    for part in ("parse", "hook", "gone", "busy", "parse.failed", "HTTP 410", "Open jobs 0", "Dead 1"):
        assert part in said


@pytest.mark.parametrize(
    ("path", "params", "has", "lacks"),
    [
        ("/jobs", {"status": "FAILED"}, "bad.pdf", "good.pdf"),
        ("/jobs", {"status": "", "source": "parse"}, "good.pdf", "No job fits"),
        ("/jobs", {"source": "batch"}, "No job fits", "good.pdf"),
        ("/jobs", {"id": "pjb-bad"}, "bad.pdf", "good.pdf"),
        ("/events", {"type": "parse.completed"}, "good.pdf", "bad.pdf"),
        ("/events", {"job": "pjb-bad"}, "bad.pdf", "good.pdf"),
        ("/deliveries", {"state": "dead"}, "HTTP 410", "HTTP 503"),
        ("/deliveries", {"destination": "busy"}, "HTTP 503", "HTTP 410"),
    ],
)
async def test_lists_show_what_their_form_asks_for(running, path, params, has, lacks):
    said = words(await read(running, path, **params))
    assert has in said
    assert lacks not in said


async def test_the_next_page_keeps_the_filters(running):
    page = await read(running, "/jobs", status="FAILED", limit="1")
    (further,) = re.findall(r'rel="next" href="([^"]+)"', page)
    older = await read(running, unescape(further))
    assert {"bad.pdf" in words(page), "bad.pdf" in words(older)} == {True, False}
    assert "good.pdf" not in words(page + older)


async def test_a_job_is_shown_with_its_life(running):
    said = words(await read(running, "/jobs/parse/pjb-good"))
    assert "parse.completed running → completed" in said
    assert "hook delivered" in said


async def test_an_event_says_why_it_was_sent_or_not(running):
    event = await id_of(running, "events", type="parse.failed", job="pjb-bad")
    said = words(await read(running, f"/events/{event}"))
    assert "Rule failures sends it to gone: dead" in said
    assert "PDF_IS_BROKEN" in said
    own = await id_of(running, "events", type="delivery.dead")
    assert "No rule matched it" in words(await read(running, f"/events/{own}"))


@pytest.mark.parametrize(
    ("type_", "status", "previous", "said"),
    [
        ("parse.failed", "FAILED", "RUNNING", "running → failed"),
        ("parse.failed", "FAILED", None, "new → failed"),
        ("batch.finished", "COMPLETED", None, "completed"),
        ("source.down", None, None, "none"),
    ],
)
def test_a_change_says_from_what_to_what_but_for_what_is_none(type_, status, previous, said):
    event = SimpleNamespace(type=type_, status=status, previous=previous)
    template = '{% from "parts.html" import change %}{{ change(event) }}'
    assert words(environment(UTC).render_str(template, event=event)).strip() == said


async def test_a_rule_says_how_its_events_go_to_those_that_it_names(running):
    said = words(await read(running, "/rules"))
    assert "To hook Together each event by itself" in said
    assert "Gathered for" not in said


async def test_a_delivery_is_shown_with_its_attempts(running):
    delivery = await id_of(running, "deliveries", state="dead")
    said = words(await read(running, f"/deliveries/{delivery}"))
    assert "HTTP 410" in said
    assert "Retry" in said


async def test_what_others_wrote_is_text_wherever_it_stands(running):
    failed = (await running.get("/api/v1/events", type="parse.failed"))["items"]
    event = next(item["id"] for item in failed if item["name"] == EVIL)
    for path in ("/", "/jobs", "/events", "/jobs/parse/pjb%2Fodd%20%252F", f"/events/{event}"):
        page = await read(running, path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;" in page
        assert not set("\x1b\u202e") & set(page)


@pytest.mark.parametrize("path", ["/nothing", "/jobs/parse/nope", "/events/nope", "/deliveries/nope"])
async def test_what_is_not_there_is_said_on_a_page(running, path):
    assert "Not Found" in words(await read(running, path, code=404))


async def test_a_question_that_makes_no_sense_is_refused_on_a_page(running):
    said = words(await read(running, "/", span="century", code=422))
    assert "Span must be one of day, fortnight, hour" in said


async def test_pages_may_load_nothing_of_another_host_and_run_nothing_that_is_written_in_them(running):
    async with running.asking(Accept="text/html") as session, session.get("/") as answer:
        policy, text = answer.headers["Content-Security-Policy"], await answer.text()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(
        r'(?:src|href)="(?![/#])|<style|style=|\son\w+=|<script(?![^>]+src=)', text.replace("&#x2f;", "/")
    )


FOLDER = Path(pages.__file__).parent / "static" / "vendored"
VENDORED = tomllib.loads((FOLDER / "vendored.toml").read_text("utf-8"))


def test_what_others_made_is_named_with_its_licence_and_nothing_else_lies_there():
    licences = {made["license"] for made in VENDORED.values()}
    assert {file.name for file in FOLDER.iterdir()} == {*VENDORED, *licences, "vendored.toml"}


@pytest.mark.parametrize("name", VENDORED)
def test_what_others_made_is_as_they_made_it(name):
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == VENDORED[name]["sha256"]


@pytest.mark.parametrize("name", [*VENDORED, "relay.css", "relay.js", "favicon.svg"])
async def test_what_pages_are_made_with_needs_no_login_and_is_kept_for_as_long_as_it_is_the_same(
    running, name
):
    async with running.asking(None) as session:
        async with session.get(address(name)) as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
        async with session.get(f"/static/{name}?other") as answer:
            assert "immutable" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["nothing", "vendored.toml", "..%2Fpage.py", "%2E%2E%2Fpage.py"])
async def test_no_other_file_is_served(running, path):
    async with running.asking(None) as session, session.get(URL(f"/static/{path}", encoded=True)) as answer:
        assert answer.status == 404
