"""One look by hand, at an API that is well and at one that is not."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from aiohttp import web

from relay.cli.lists import event_for_people
from tests.cli.conftest import EVIL
from tests.process.live import Home, served

RULES = """
[destinations.hook]
type = "webhook"
url = "http://127.0.0.1:9/hook"
secret = "$WEBHOOK_SECRET"
[rules.all]
on = ["*"]
to = ["hook"]
"""


@pytest.fixture
def watched(home, api):
    home.watch(api, RULES, kinds=("parse", "split"))
    return home


def dump(database):
    """Everything that stands in a database."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return list(db.iterdump())


def files(home):
    """What stands on the disk; what SQLite's readers share, and an empty journal, are no content."""
    paths = (path for path in home.folder.iterdir() if not path.name.endswith("-shm"))
    return {path.name: content for path in paths if (content := path.read_bytes())}


async def test_a_first_look_tells_nothing_and_the_next_one_tells_changes(watched, simulator):
    job = simulator.create("parse", name="a.pdf", status="RUNNING")
    first = await watched.relay("poll")
    assert (first.status, first.out) == (0, "")
    simulator.move(job, "FAILED", "PDF_IS_BROKEN")
    simulator.create("split", id="split-1")
    second = await watched.relay("poll")
    assert second.status == 0
    told = [line.partition(" ")[2] for line in second.out.splitlines()]
    assert sorted(told) == [
        "parse.failed a.pdf (RUNNING → FAILED): PDF_IS_BROKEN",
        "split.pending split-1 (new → PENDING)",
    ]
    assert (await watched.relay("poll")).out == ""
    assert watched.ask("SELECT state, attempts FROM deliveries") == [("waiting", 0)] * 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "a.pdf", "status": "FAILED", "error": "E1"}, "parse.failed a.pdf (new → FAILED): E1"),
        ({"name": "b", "outcome": {"failed": 1, "total": 3}}, "parse.failed b (1 of 3 files failed)"),
        ({"name": "parse", "error": "HTTP 500"}, "parse.failed parse: HTTP 500"),
    ],
)
def test_an_event_is_told_by_what_it_has(data, said):
    whole = {"previous": None, "status": None, "error": None, "outcome": None, **data}
    row = {"timestamp": "12:00", "type": "parse.failed", "data": json.dumps(whole), "rules": "{}"}
    assert event_for_people(row) == f"12:00 {said}"


async def test_only_the_sources_named_are_looked_at(watched, simulator):
    assert (await watched.relay("poll", "split")).status == 0
    assert {row.kind for row in simulator.log} <= {"split"}
    assert watched.ask("SELECT name FROM sources") == [("split",)]


async def test_a_source_that_is_not_there_is_wrong_usage(watched):
    done = await watched.relay("poll", "splt")
    assert done.status == 2
    assert "There is no source 'splt'; there are: parse, split." in done.err
    assert not watched.database.exists()


async def test_an_evil_name_does_not_reach_the_terminal(watched, simulator):
    job = simulator.create("parse", name=EVIL, status="RUNNING")
    await watched.relay("poll")
    simulator.move(job, "FAILED", EVIL)
    done = await watched.relay("poll")
    assert "parse.failed" in done.out
    assert not set("\x1b\x07\r\x9b\u202e\u2028") & set(done.out + done.err)


async def test_a_dry_run_tells_what_a_look_would_and_changes_nothing(watched, simulator):
    job = simulator.create("parse", status="RUNNING")
    await watched.relay("poll")
    simulator.move(job, "COMPLETED")
    before, rows = files(watched), dump(watched.database)
    for _ in range(2):
        done = await watched.relay("poll", "--dry-run")
        assert (done.status, done.out.count("parse.completed")) == (0, 1)
        assert dump(watched.database) == rows
        assert files(watched) == before
    assert (await watched.relay("poll")).out.count("parse.completed") == 1


async def test_a_first_dry_run_leaves_no_database(watched, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = await watched.relay("poll", "--dry-run", TMPDIR=str(temporary))
    assert done.status == 0
    assert not watched.database.exists()
    assert list(temporary.iterdir()) == []


async def test_a_dry_run_works_beside_a_relay_that_runs(watched, simulator):
    async with watched.started("run"):
        done = await watched.relay("poll", "--dry-run")
    assert done.status == 0


@pytest.mark.parametrize(
    ("fault", "times", "says"),
    [
        ("error", 3, "trouble=HTTP 500: Oops! Something went wrong on our end."),
        ("html", 1, "trouble=200 but not JSON: <!DOCTYPE html>"),
        ("broken", 1, "trouble=200 but not JSON: "),
        ("drop", 3, "trouble=no answer: Server disconnected"),
    ],
)
async def test_a_look_that_fails_says_in_a_line_what_came_and_the_next_catches_up(
    watched, simulator, fault, times, says
):
    job = simulator.create("parse", name="a.pdf", status="RUNNING")
    await watched.relay("poll", "parse")
    simulator.move(job, "FAILED", "PDF_IS_BROKEN")
    simulator.fail_next(times, fault)
    failed = await watched.relay("poll", "parse")
    (line,) = failed.said
    assert (failed.status, failed.out) == (1, "")
    assert "look source=parse" in line
    assert says in line
    done = await watched.relay("poll", "parse")
    assert done.status == 0
    assert done.out.count("\n") == done.out.count("a.pdf (RUNNING → FAILED)") == 1


async def test_the_trouble_stands_in_the_status_until_a_look_is_whole(watched, simulator):
    simulator.fail_next(1, "html")
    await watched.relay("poll", "parse")
    (status,) = (await watched.relay("status", "--json")).rows
    assert (status["sources"][0]["failures"], status["sources"][0]["trouble"][:8]) == (1, "200 but ")
    await watched.relay("poll", "parse")
    (status,) = (await watched.relay("status", "--json")).rows
    assert (status["sources"][0]["failures"], status["sources"][0]["trouble"]) == (0, None)


async def test_a_wrong_key_fails_each_look_in_one_line_that_does_not_show_it(watched):
    done = await watched.relay("poll", LLAMA_CLOUD_API_KEY="llx-wrong-one")
    assert done.status == 1
    assert ["trouble=HTTP 401: Invalid API Key" in line for line in done.said] == [True, True]
    assert "llx-wrong-one" not in done.err


async def test_an_api_that_is_not_there_fails_the_look(home):
    home.watch("http://127.0.0.1:9", RULES, kinds=("parse",))
    done = await home.relay("poll")
    (line,) = done.said
    assert done.status == 1
    assert "trouble=no answer: " in line


async def test_what_an_api_says_can_not_turn_the_terminal(home):
    async def evil(_):
        return web.Response(status=418, text=EVIL)

    application = web.Application()
    application.router.add_get("/{path:.*}", evil)
    async with served(application) as url:
        home.watch(url, RULES, kinds=("parse",))
        done = await home.relay("poll")
    assert "HTTP 418" in done.err
    assert not set("\x1b\x07\r\x9b\u202e\u2028") & set(done.err)


async def test_when_relay_has_ended_the_database_is_one_file_that_can_be_copied(watched, simulator, tmp_path):
    job = simulator.create("parse", status="RUNNING")
    await watched.relay("poll")
    assert not list(watched.folder.glob("relay.db-*"))
    simulator.move(job, "COMPLETED")
    copy = Home(tmp_path / "copy")
    copy.folder.mkdir()
    for name in ("rules.toml", "relay.db"):
        shutil.copy(watched.folder / name, copy.folder)
    assert "parse.completed" in (await copy.relay("poll")).out
