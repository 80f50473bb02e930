"""What people and scripts read of a relay's database."""

import re

import pytest

from tests.cli.conftest import EVIL
from tests.process.live import until

RAW = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]")


async def rows(home, *args):
    done = await home.relay(*args, "--json")
    assert (done.status, done.said) == (0, [])
    return done.rows


async def ids(home, *args):
    return [row["id"] for row in await rows(home, *args)]


async def table(home, *args):
    """The words of each line after the head."""
    done = await home.relay(*args)
    assert (done.status, done.said) == (0, [])
    return [line.split() for line in done.out.splitlines()[1:]]


async def test_jobs_come_as_last_seen(past):
    seen = {row["id"]: row for row in await rows(past, "jobs")}
    assert seen.keys() == {"pjb-good", "pjb-bad", "pjb-evil"}
    good = seen["pjb-good"]
    assert (good["source"], good["kind"], good["status"], good["changes"]) == (
        "parse",
        "parse",
        "COMPLETED",
        2,
    )
    assert seen["pjb-bad"]["error"] == "PDF_IS_BROKEN"
    assert "good.pdf" in {word for line in await table(past, "jobs") for word in line}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (("--status", "completed"), {"pjb-good"}),
        (("--status", "FAILED"), {"pjb-bad", "pjb-evil"}),
        (("--id", "pjb-bad"), {"pjb-bad"}),
        (("--source", "split"), set()),
        (("--source", "parse", "--status", "failed", "--id", "pjb-good"), set()),
    ],
)
async def test_jobs_are_filtered(past, filters, found):
    assert set(await ids(past, "jobs", *filters)) == found


async def test_events_come_newest_first_and_whole(past):
    events = await rows(past, "events")
    assert sorted(event["type"] for event in events if event["data"]["job_id"] is None) == ["delivery.dead"]
    assert len(events) == 5
    assert (events[-1]["type"], events[-1]["data"]["previous"]) == ("parse.running", None)
    assert sorted(event["timestamp"] for event in events) == [e["timestamp"] for e in reversed(events)]
    failed = next(event for event in events if event["data"]["job_id"] == "pjb-bad")
    assert failed["rules"] == {"everything": ["hook"], "failures": ["gone", "busy"]}
    assert failed["data"]["job"]["id"] == "pjb-bad"


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (("--type", "parse.failed"), 2),
        (("--job", "pjb-good"), 2),
        (("--source", "split"), 0),
        (("--source", "parse", "--type", "parse.completed"), 1),
        (("--limit", "3"), 3),
    ],
)
async def test_events_are_filtered(past, filters, count):
    assert len(await rows(past, "events", *filters)) == count


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ((), 8),
        (("--state", "delivered"), 4),
        (("--state", "dead"), 2),
        (("--state", "waiting", "--destination", "busy"), 2),
        (("--rule", "failures"), 4),
        (("--destination", "nobody"), 0),
    ],
)
async def test_deliveries_are_filtered(past, filters, count):
    found = await rows(past, "deliveries", *filters)
    assert len(found) == count
    assert len(await table(past, "deliveries", *filters)) == count


async def test_a_delivery_says_why_it_is_where_it_is(past):
    (waiting, _) = await rows(past, "deliveries", "--state", "waiting")
    assert (waiting["reason"], waiting["attempts"] >= 1) == ("HTTP 503", True)
    (one,) = await rows(past, "deliveries", "--id", waiting["id"])
    assert one == waiting
    (dead, _) = await rows(past, "deliveries", "--state", "dead")
    assert dead["reason"] == "HTTP 410"


async def test_status_counts_by_source_and_destination(past):
    (status,) = await rows(past, "status")
    assert status["relay"] == "tested"
    assert {s["name"]: (s["open_jobs"], s["failures"]) for s in status["sources"]} == {
        "parse": (0, 0),
        "split": (0, 0),
    }
    owed = {d["name"]: (d["waiting"], d["delivered"], d["dead"]) for d in status["destinations"]}
    assert owed == {"hook": (0, 4, 0), "gone": (0, 0, 2), "busy": (2, 0, 0)}
    text = (await past.relay("status")).out
    assert text.startswith(f"relay tested, {past.config}")
    assert all(name in text for name in ("parse", "split", "hook", "gone", "busy"))


async def test_status_shows_what_waits_for_a_destination_that_is_no_longer_configured(past):
    text = past.config.read_text().replace("destinations.busy", "destinations.other")
    past.write(text.replace('"busy"', '"other"'))
    (status,) = await rows(past, "status")
    gone = [row for row in status["destinations"] if row["name"] == "busy"]
    assert [(row["waiting"], row["note"]) for row in gone] == [(2, "not in the configuration")]


@pytest.mark.parametrize("command", ["jobs", "events", "deliveries", "status", "audit"])
async def test_control_characters_never_reach_the_terminal(past, command):
    done = await past.relay(command)
    assert done.status == 0
    assert not RAW.search(done.out), ascii(RAW.search(done.out))


@pytest.mark.parametrize("command", ["jobs", "events"])
async def test_json_keeps_the_name_and_escapes_what_a_terminal_would_obey(past, command):
    done = await past.relay(command, "--json")
    names = [row.get("name", row.get("data", {}).get("name")) for row in done.rows]
    assert EVIL in names
    assert not RAW.search(done.out), ascii(RAW.search(done.out))


@pytest.mark.parametrize("command", ["events", "deliveries"])
async def test_following_goes_on_from_oldest_to_newest(past, command):
    async with past.started(command, "--follow", "--json") as follower:
        await until(lambda: past.log.read_text().count("\n") >= 4)
        follower.terminate()
    first = past.log.read_text().splitlines()[0]
    assert '"parse.running"' in first


async def test_a_filter_with_a_word_that_is_no_state_is_wrong_usage(past):
    done = await past.relay("deliveries", "--state", "lost")
    assert done.status == 2
    assert "'waiting', 'delivered', 'dead'" in done.err


@pytest.mark.parametrize("command", ["status", "jobs", "events", "deliveries", "audit"])
async def test_these_work_in_a_bare_shell(past, command):
    assert (await past.relay(command, LLAMA_CLOUD_API_KEY="", WEBHOOK_SECRET="")).status == 0


@pytest.mark.parametrize("command", ["status", "jobs", "events", "deliveries", "audit"])
async def test_where_nothing_has_run_yet_one_line_says_so(home, command):
    home.watch("http://127.0.0.1:9", "")
    done = await home.relay(command)
    assert (done.status, done.out) == (1, "")
    assert (
        done.err
        == f"relay: {home.database}: there is no database yet; 'relay run' or 'relay poll' makes it\n"
    )
    assert not home.database.exists()


async def test_the_ledger_is_balanced(past):
    done = await past.relay("audit")
    assert done.status == 0
    assert done.out.splitlines() == [
        "events: 5 = 4 matched + 1 unmatched",
        "owed: 8 = 2 dead + 4 delivered + 2 waiting",
        "deliveries: 2 dead, 4 delivered, 2 waiting",
        "nothing amiss",
    ]
    (ledger,) = await rows(past, "audit")
    assert (ledger["transitions"], ledger["imbalance"], ledger["amiss"]) == (5, 0, [])
