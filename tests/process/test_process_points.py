"""Relay is killed at every named point, and what it promises is kept after each.

All tales are told at once, since most of their time is relay's own waits.
"""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from relay.store.named import SQL
from tests.process.hinting import free_port
from tests.process.live import Home, Receiver
from tests.process.memory import Memory
from tests.process.mortal import Doom
from tests.process.points import (
    COMMANDS,
    FIRST_LOOK,
    FOLLOWING,
    HINTS,
    MEASURING,
    MIGRATING,
    MOMENTS,
    PRUNING,
    RELOADING,
    SEEING,
    SENDING,
    STARTING,
    STOPPING,
)
from tests.process.promises import Promises
from tests.process.reigns import Reigns


@dataclass
class Tale:
    reigns: Reigns
    broken: list[str] = field(default_factory=list)

    def events(self):
        return len(self.reigns.home.ask("SELECT 1 FROM events"))


async def first_look(tale, moment):
    reigns = tale.reigns
    reigns.account.was_there_before()
    for statement in FIRST_LOOK:
        await reigns.dies(Doom(moment=moment, statement=statement))
    await reigns.lives(reigns.has_seen)
    await reigns.lives(lambda: tale.events() > 10, moving=True)


async def looked(reigns):
    await reigns.lives(reigns.has_seen)


async def seeing(tale):
    await looked(tale.reigns)
    for doom in SEEING:
        if doom.statement == "source_up":
            await tale.reigns.dies(Doom(moment="counted", statement="source_down"), denied=True)
        await tale.reigns.dies(doom, denied=doom.statement == "source_down")


async def following(tale):
    tale.reigns.account.kinds = ("parse", "batch")
    await looked(tale.reigns)
    for doom in FOLLOWING:
        await tale.reigns.dies(doom)
    assert any(map(tale.reigns.account.has_ended, tale.reigns.account.batches))


async def sending(tale, points):
    await looked(tale.reigns)
    for doom in points:
        await tale.reigns.dies(doom)


async def hinting(tale):
    """It looks so seldom that hints come first."""
    reigns = tale.reigns
    reigns.port, reigns.every = free_port(), "10s"
    await looked(reigns)
    for doom in HINTS:
        await reigns.lives(reigns.account.is_known)
        await reigns.dies(doom)
    for doom in MEASURING:
        await reigns.lives(reigns.account.is_known)
        await reigns.dies(Doom(moment="counted", statement="add_hint", hinted=True))
        await reigns.dies(doom)
    reigns.every = "1s"


async def pruning(tale, points):
    """What is two eras old goes at a start; of what one moment leaves the next one dies."""
    reigns, account = tale.reigns, tale.reigns.account
    reigns.port, account.most_open = free_port(), 0
    await looked(reigns)
    late = account.begins("late")
    for _ in range(2):
        await reigns.passes()
    for doom in points:
        if doom.moment in {"at", "counted"}:
            await reigns.passes()
        await reigns.dies(doom)
    await reigns.passes()
    assert len(reigns.memory.pruned_jobs()) > len(points)
    assert late.id not in reigns.memory.pruned_jobs()
    reigns.answers.is_late = False


async def starting_and_stopping(tale):
    await looked(tale.reigns)
    for doom in STARTING:
        await tale.reigns.dies(Doom(moment="claimed"))
        await tale.reigns.dies(doom, at_once=True)
    for doom in STOPPING:
        await tale.reigns.dies(doom, stops=True)


async def reloading(tale):
    await looked(tale.reigns)
    for n, doom in enumerate(RELOADING):
        more = f'concurrency = 3\n[sources.split-{n}]\nkind = "split"\n'
        await tale.reigns.dies(doom, more=more)


async def commands(tale):
    await looked(tale.reigns)
    for arguments, doom in COMMANDS:
        await tale.reigns.dies(Doom(moment="counted", statement="settle_dead"))
        await tale.reigns.dies_as_command(doom, *arguments)


async def migrating(tale):
    await looked(tale.reigns)
    await tale.reigns.dies(Doom(moment="sent"))
    for doom in MIGRATING:
        await tale.reigns.dies(doom, newer=True)


TALES = {
    **{f"a first look, {moment}": (first_look, moment) for moment in MOMENTS},
    "seeing": (seeing,),
    "following": (following,),
    "sending, first half": (sending, SENDING[::2]),
    "sending, second half": (sending, SENDING[1::2]),
    "hinting": (hinting,),
    "pruning, first half": (pruning, PRUNING[: len(PRUNING) // 2]),
    "pruning, second half": (pruning, PRUNING[len(PRUNING) // 2 :]),
    "starting and stopping": (starting_and_stopping,),
    "reloading": (reloading,),
    "commands": (commands,),
    "migrating": (migrating,),
}


async def told(folder, story, *values):
    folder.mkdir()
    tale = Tale(Reigns(Home(folder)))
    async with tale.reigns.reachable():
        await story(tale, *values)
        await tale.reigns.settle(newer=story is migrating)
    tale.broken += [*tale.reigns.amiss, *tale.reigns.promises().broken()]
    return tale


@pytest.fixture(scope="module")
def tales(tmp_path_factory):
    async def all_at_once():
        folder = tmp_path_factory.mktemp("tales")
        some = (told(folder / str(n), *tale) for n, tale in enumerate(TALES.values()))
        return dict(zip(TALES, await asyncio.gather(*some), strict=True))

    return asyncio.run(all_at_once())


@pytest.mark.parametrize("name", TALES)
def test_after_a_kill_at_any_of_its_points_every_promise_is_kept(tales, name):
    assert tales[name].broken == []
    assert tales[name].reigns.promises().numbers()["transitions"] >= 10


HINT = "source, job, received_at, asked, changed, ahead"
HARM = {
    "DELETE FROM events WHERE seq = 1": "told was",
    "UPDATE events SET nth = nth + 100 WHERE seq = 2": "changes: ",
    "UPDATE deliveries SET state = 'waiting' WHERE state = 'superseded'": "['waiting']",
    "UPDATE deliveries SET state = 'superseded' WHERE destination = 'all' AND seq < 9": "is superseded",
    "DELETE FROM deliveries WHERE destination = 'groups'": "no delivery that is owed",
    "UPDATE deliveries SET id = id || '2' WHERE state = 'delivered'": "never came",
    "UPDATE events SET data = json_set(data, '$.outcome.failed', 9) WHERE nth < 9": "its files ended as",
    "UPDATE hints SET ahead = NULL": "came before its look: None",
    f"INSERT INTO hints SELECT NULL, {HINT} FROM hints": "is counted 2 times",
    "UPDATE hints SET job = 'other'": "hints of other are counted, and 0 were taken",
}


@pytest.mark.parametrize("harm", HARM)
def test_a_promise_that_is_broken_is_found(tales, tmp_path, harm):
    tale = "following" if "outcome" in harm else "hinting" if "hints" in harm else "sending, first half"
    reigns = tales[tale].reigns
    home = Home(tmp_path)
    shutil.copy(reigns.home.database, home.database)
    with closing(sqlite3.connect(home.database)) as db, db:
        db.execute(harm)
    broken = Promises(reigns.account, home, reigns.receiver).broken()
    assert any(HARM[harm] in line for line in broken)


IS_LATE = "(SELECT job_id FROM events WHERE data ->> 'name' LIKE 'late%')"


@pytest.mark.parametrize(
    ("harm", "finds"),
    [
        ("DELETE FROM deliveries WHERE destination = 'late'", "to late, waiting (None), was pruned"),
        (f"DELETE FROM events WHERE job_id = {IS_LATE}", "waits, and its events were pruned"),
        (
            f"DELETE FROM jobs WHERE id = {IS_LATE}; UPDATE sources SET pruned_until = ''",
            "and pruned_until is ",
        ),
        ("DELETE FROM jobs WHERE status = 'COMPLETED'; UPDATE sources SET pruned_until = NULL", "None"),
        ("UPDATE sources SET pruned_until = '2999-01-01T00:00:00.000000Z'", "and nothing after"),
    ],
)
def test_what_should_not_be_pruned_and_is_gone_is_found(tales, tmp_path, harm, finds):
    reigns = tales["pruning, first half"].reigns
    home, waiting = Home(tmp_path), "state = 'waiting', ended_at = NULL"
    shutil.copy(reigns.home.database, home.database)
    with closing(sqlite3.connect(home.database)) as db:
        db.executescript(f"UPDATE deliveries SET {waiting} WHERE destination = 'late'")
        memory = Memory(home)
        memory.note()
        assert list(memory.amiss(reigns.now())) == []
        db.executescript(harm)
    assert any(finds in line for line in memory.amiss(reigns.now()))


@pytest.mark.parametrize(
    ("change", "finds"),
    [
        (lambda first: first._replace(id="msg_other"), "came as ["),
        (lambda first: first._replace(body=first.body + b" "), "came with 2 contents"),
    ],
)
def test_a_double_that_is_another_message_is_found(tales, change, finds):
    reigns = tales["sending, first half"].reigns
    receiver = Receiver()
    receiver.arrivals = [*reigns.receiver.arrivals, change(reigns.receiver.arrivals[0])]
    assert any(finds in line for line in Promises(reigns.account, reigns.home, receiver).broken())


def test_every_point_is_one_that_relay_comes_to(tales):
    died = {doom for tale in tales.values() for doom in tale.reigns.died}
    points = {*SEEING, *FOLLOWING, *SENDING, *HINTS, *MEASURING, *PRUNING, *MIGRATING}
    points |= {*STARTING, *STOPPING, *RELOADING}
    points |= {doom for _, doom in COMMANDS}
    first = {Doom(moment=moment, statement=statement) for moment in MOMENTS for statement in FIRST_LOOK}
    assert died >= points | first
    assert {doom.statement for doom in points | first if doom.statement.islower()} <= SQL.keys()
