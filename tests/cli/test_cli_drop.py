"""What waits, why it does, and how it is ended."""

import pytest

from tests.cli.conftest import THREE

WITHOUT_BUSY = THREE.replace("[destinations.busy]", "[destinations.spare]").replace(
    'to = ["gone", "busy"]', 'to = ["gone", "spare"]'
)
OTHER_RULE = THREE.replace("[rules.failures]", "[rules.other]")


@pytest.fixture
def waiting(past):
    return sorted(row[0] for row in past.ask("SELECT id FROM deliveries WHERE state = 'waiting'"))


def rewritten(home, more):
    home.watch("http://127.0.0.1:9", more.format(url="http://127.0.0.1:9"), kinds=("parse", "split"))


def reasons(home, ids):
    return {home.ask("SELECT state, reason FROM deliveries WHERE id = ?", one)[0] for one in ids}


@pytest.mark.parametrize("fits", [("--destination", "busy"), ("--rule", "failures"), ()])
async def test_what_waits_is_dropped_after_a_yes(past, waiting, fits):
    done = await past.relay("drop", *(fits or waiting), stdin="y\n")
    assert (done.status, done.out.splitlines()[0]) == (0, "2 waiting deliveries to drop")
    assert done.out.endswith("2 dropped\n")
    assert reasons(past, waiting) == {("dead", "dropped")}
    assert (await past.relay("audit")).status == 0


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
async def test_without_a_yes_nothing_changes(past, waiting, answer):
    await past.relay("drop", "--destination", "busy", stdin=answer)
    assert {state for state, _ in reasons(past, waiting)} == {"waiting"}


async def test_what_does_not_wait_is_refused_and_nothing_is_dropped(past, waiting):
    done = await past.relay("drop", waiting[0], "msg_\x1b[31mnone", "--yes")
    assert (done.status, "\x1b" in done.err) == (1, False)
    assert done.err.startswith("Error: not waiting, or not there: msg_")
    assert {state for state, _ in reasons(past, waiting)} == {"waiting"}


async def test_what_is_dropped_can_be_retried(past, waiting):
    await past.relay("drop", *waiting, "--yes")
    done = await past.relay("retry", "--destination", "busy", "--yes")
    assert done.out.startswith("2 dead deliveries to send again\n")
    assert {state for state, _ in reasons(past, waiting)} == {"waiting"}


@pytest.mark.parametrize(
    ("more", "what", "name"), [(WITHOUT_BUSY, "destination", "busy"), (OTHER_RULE, "rule", "failures")]
)
async def test_what_left_the_configuration_waits_visibly_with_the_way_out(past, waiting, more, what, name):
    rewritten(past, more)
    (line,) = [line for line in (await past.relay("status")).out.splitlines() if "wait: " in line]
    assert line.startswith(
        f"2 to busy by rule failures wait: {what} is not in the configuration; given up from 2"
    )
    assert line.endswith(f"'relay drop --{what} {name}' ends them")
    (parked,) = (await past.relay("status", "--json")).rows[0]["parked"]
    assert (parked["destination"], parked["rule"], parked["waiting"]) == ("busy", "failures", 2)
    rows = (await past.relay("deliveries", "--state", "waiting", "--json")).rows
    assert {row["note"] for row in rows} == {f"its {what} is not in the configuration"}
    assert f"its {what} is not" in (await past.relay("deliveries", "--state", "waiting")).out


async def test_where_all_is_in_the_configuration_nothing_is_said(past):
    assert "wait: " not in (await past.relay("status")).out
    assert (await past.relay("status", "--json")).rows[0]["parked"] == []
    rows = (await past.relay("deliveries", "--json")).rows
    assert {row["note"] for row in rows} == {None}


@pytest.mark.parametrize("args", [(), ("msg_1", "--destination", "busy")])
async def test_some_and_all_at_once_is_wrong_usage(past, args):
    assert (await past.relay("drop", *args)).status == 2
