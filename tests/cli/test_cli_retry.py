"""Dead deliveries are sent again, under their old ids, by who asks for it."""

import json

import pytest

from relay.simulator.http import app
from tests.cli.conftest import THREE
from tests.process.live import Receiver, served, until


@pytest.fixture
def dead(past):
    return sorted(row[0] for row in past.ask("SELECT id FROM deliveries WHERE state = 'dead'"))


def states(home, ids):
    return {home.ask("SELECT state FROM deliveries WHERE id = ?", one)[0][0] for one in ids}


async def test_one_is_sent_again_by_its_id(past, dead):
    done = await past.relay("retry", dead[0])
    assert done.status == 0
    assert done.out == (
        "1 dead delivery to send again\n1 to be sent; a running relay begins within a second\n"
    )
    assert (states(past, dead[:1]), states(past, dead[1:])) == ({"waiting"}, {"dead"})


async def test_all_are_sent_again_after_a_yes(past, dead):
    done = await past.relay("retry", "--all", stdin="y\n")
    assert done.status == 0
    assert done.out.startswith("2 dead deliveries to send again\n")
    assert states(past, dead) == {"waiting"}


@pytest.mark.parametrize("answer", ["n\n", "\n"])
async def test_without_a_yes_nothing_changes(past, dead, answer):
    done = await past.relay("retry", "--all", stdin=answer)
    assert "0 to be sent" in done.out
    assert states(past, dead) == {"dead"}


async def test_a_terminal_that_is_gone_is_no_yes(past, dead):
    done = await past.relay("retry", "--all")
    assert done.status == 1
    assert "Traceback" not in done.err
    assert states(past, dead) == {"dead"}


async def test_yes_can_be_said_before(past, dead):
    assert (await past.relay("retry", "--all", "--yes", "--destination", "hook")).status == 0
    assert states(past, dead) == {"dead"}
    assert (await past.relay("retry", "--all", "--yes", "--destination", "gone")).status == 0
    assert states(past, dead) == {"waiting"}


@pytest.mark.parametrize(
    ("fits", "again"),
    [
        (("--destination", "gone"), 2),
        (("--rule", "failures"), 2),
        (("--since", "2h"), 2),
        (("--since", "2126-01-01T00:00:00Z"), 0),
        (("--since", "1h", "--rule", "everything"), 0),
    ],
)
async def test_those_that_fit_all_that_is_said_are_sent_again(past, dead, fits, again):
    done = await past.relay("retry", *fits, "--yes")
    assert done.out.startswith(f"{again} dead deliveries to send again\n")
    assert states(past, dead) == ({"waiting"} if again else {"dead"})


async def test_what_is_not_dead_is_refused_and_nothing_is_sent_again(past, dead):
    (delivered,) = past.ask("SELECT id FROM deliveries WHERE state = 'delivered' LIMIT 1")[0]
    for other in (delivered, "msg_never_was"):
        done = await past.relay("retry", dead[0], other)
        assert (done.status, done.err) == (1, f"Error: not dead, or not there: {other}\n")
    assert states(past, dead) == {"dead"}


async def test_an_id_that_would_turn_the_terminal_is_not_repeated_raw(past):
    assert "\x1b" not in (await past.relay("retry", "msg_\x1b[31m")).err


async def test_all_and_some_at_once_is_wrong_usage(past, dead):
    assert (await past.relay("retry", "--all", *dead)).status == 2


async def test_a_running_relay_sends_them_at_once_as_the_same_message(past, simulator, dead):
    receiver = Receiver()
    async with served(app(simulator)) as api, served(receiver.app()) as url:
        past.watch(api, THREE.format(url=url), kinds=("parse", "split"))
        async with past.started("run"):
            await until(lambda: "relay runs" in past.log.read_text())
            assert (await past.relay("retry", *dead)).status == 0
            await until(lambda: states(past, dead) == {"delivered"}, within=3)
    again = {arrival.id: json.loads(arrival.body) for arrival in receiver.arrivals if arrival.path == "/gone"}
    assert sorted(again) == dead
    assert {body["data"]["job_id"] for body in again.values()} == {"pjb-bad", "pjb-evil"}
    assert (await past.relay("audit")).status == 0
