"""Old events are sent once more, or for the first time since a rule came later."""

import asyncio
import json
import os
import pty

import pytest

from relay.simulator.http import app
from tests.cli.conftest import THREE
from tests.process.live import Receiver, served, until

LATER = """
[destinations.late]
type = "webhook"
url = "{url}/late"
secret = "$WEBHOOK_SECRET"
[rules.later]
on = ["parse.failed"]
to = ["late", "hook"]
"""


def rewritten(home, more=THREE + LATER, api="http://127.0.0.1:9", url="http://127.0.0.1:9"):
    home.watch(api, more.format(url=url), kinds=("parse", "split"))


@pytest.fixture
def failed(past):
    """The event of the job that is bad."""
    (row,) = past.ask("SELECT id FROM events WHERE type = 'parse.failed' AND job_id = 'pjb-bad'")
    return row[0]


def made(home):
    """(destination, rule, state) of what was made by hand."""
    return sorted(home.ask("SELECT destination, rule, state FROM deliveries WHERE replay"))


async def sound(home):
    return (await home.relay("audit")).status == 0


async def test_an_event_goes_once_more_to_whom_its_rules_sent_it(past, failed):
    done = await past.relay("replay", failed, stdin="y\n")
    assert done.status == 0
    assert done.out.splitlines()[0] == "3 deliveries of 1 event: 1 to busy, 1 to gone, 1 to hook"
    assert done.out.endswith("3 to be sent; a running relay begins within a second\n")
    assert made(past) == [
        ("busy", "failures", "waiting"),
        ("gone", "failures", "waiting"),
        ("hook", "everything", "waiting"),
    ]
    assert await sound(past)


async def test_it_may_go_elsewhere(past, failed):
    rewritten(past)
    done = await past.relay("replay", failed, "--to", "late", "--yes")
    assert done.out.startswith("1 delivery of 1 event: 1 to late\n")
    assert made(past) == [("late", "everything", "waiting")]
    assert await sound(past)


async def test_all_since_a_time_go(past):
    done = await past.relay("replay", "--since", "2h", "--to", "hook", "--yes")
    assert done.out.startswith("5 deliveries of 5 events: 5 to hook\n")
    none = await past.relay("replay", "--since", "2126-01-01T00:00:00Z", "--to", "hook", "--yes")
    assert none.out == (
        "0 deliveries of 0 events: none\n0 to be sent; a running relay begins within a second\n"
    )


async def test_on_a_terminal_it_says_how_far_it_is(past):
    ours, theirs = pty.openpty()
    process = await past.start(
        ("replay", "--since", "2h", "--to", "hook", "--yes"), {}, stdout=theirs, stderr=theirs
    )
    assert await asyncio.wait_for(process.wait(), 30) == 0
    os.close(theirs)
    assert b"100 %" in os.read(ours, 10_000)
    os.close(ours)


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
async def test_without_a_yes_nothing_is_made(past, failed, answer):
    await past.relay("replay", failed, stdin=answer)
    assert made(past) == []


async def test_a_rule_that_came_later_sends_what_it_would_have_sent_and_only_that(past):
    rewritten(past)
    done = await past.relay("replay", "--rule", "later", "--since", "1d", stdin="y\n")
    assert done.out.startswith("2 deliveries of 2 events: 2 to late\n")
    assert past.ask("SELECT count(*) FROM deliveries WHERE rule = 'later' AND NOT replay") == [(2,)]
    assert await sound(past)
    again = await past.relay("replay", "--rule", "later", "--since", "1d", "--yes")
    assert again.out.startswith("0 deliveries of 0 events: none\n")


async def test_deliveries_go_exactly_as_they_were(past, simulator):
    receiver = Receiver()
    async with served(app(simulator)) as api, served(receiver.app()) as url:
        rewritten(past, THREE, api, url)
        before = dict(
            past.ask(
                "SELECT d.id, e.id FROM deliveries d JOIN delivery_parts p ON p.delivery = d.id "
                "JOIN events e ON e.seq = p.event WHERE d.destination IN ('hook', 'gone')"
            )
        )
        async with past.started("run"):
            await until(lambda: "relay runs" in past.log.read_text())
            for name in ("hook", "gone"):
                done = await past.relay("replay", "--exact", "--destination", name, "--yes")
                assert done.status == 0
            await until(lambda: {a.id for a in receiver.arrivals} >= before.keys(), within=5)
    assert {a.id: json.loads(a.body)["id"] for a in receiver.arrivals if a.id in before} == before
    assert await sound(past)


async def test_a_running_relay_sends_a_replay_within_a_second_or_two(past, simulator, failed):
    receiver = Receiver()
    async with served(app(simulator)) as api, served(receiver.app()) as url:
        rewritten(past, THREE + LATER, api, url)
        async with past.started("run"):
            await until(lambda: "relay runs" in past.log.read_text())
            assert (await past.relay("replay", failed, "--to", "late", "--yes")).status == 0
            await until(lambda: [a for a in receiver.arrivals if a.path == "/late"], within=3)
    (arrival,) = [a for a in receiver.arrivals if a.path == "/late"]
    assert (arrival.event["id"], arrival.id != failed) == (failed, True)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "Name events, or all --since a time"),
        (("evt_1", "--since", "2h"), "Name events, or all --since a time"),
        (("--since", "soon"), "'soon' is no time: write it as 2h, or as 2026-11-20T08:00:00Z"),
        (("--rule", "later", "evt_1"), "--rule goes with --since alone"),
        (("--rule", "none", "--since", "2h"), "There is no rule 'none'; there are: everything, failures."),
        (("evt_1", "--to", "none"), "There is no destination 'none'; there are: hook, gone, busy."),
        (("evt_1", "--destination", "hook"), "--destination is for --exact"),
        (("--exact",), "With --exact name deliveries"),
        (("--exact", "msg_1", "--to", "hook"), "--exact goes where it went"),
    ],
)
async def test_wrong_usage_is_told(past, args, says):
    done = await past.relay("replay", *args)
    assert done.status == 2
    assert says in done.err


@pytest.mark.parametrize("args", [("evt_none",), ("--exact", "msg_none")])
async def test_what_is_not_there_is_said(past, args):
    done = await past.relay("replay", *args, "--yes")
    assert done.status == 1
    assert "_none; 'relay" in done.err
    assert made(past) == []
