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
from tests.process.live import Home, Receiver
from tests.process.mortal import Doom
from tests.process.points import (
    COMMANDS,
    FIRST_LOOK,
    FOLLOWING,
    MIGRATING,
    MOMENTS,
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


HARM = {
    "DELETE FROM events WHERE seq = 1": "told was",
    "UPDATE events SET nth = nth + 100 WHERE seq = 2": "changes: ",
    "UPDATE deliveries SET state = 'waiting' WHERE state = 'superseded'": "['waiting']",
    "UPDATE deliveries SET state = 'superseded' WHERE destination = 'all' AND seq < 9": "is superseded",
    "DELETE FROM deliveries WHERE destination = 'groups'": "no delivery that is owed",
    "UPDATE deliveries SET id = id || '2' WHERE state = 'delivered'": "never came",
    "UPDATE events SET data = json_set(data, '$.outcome.failed', 9) WHERE nth < 9": "its files ended as",
}


@pytest.mark.parametrize("harm", HARM)
def test_a_promise_that_is_broken_is_found(tales, tmp_path, harm):
    reigns = tales["following" if "outcome" in harm else "sending, first half"].reigns
    home = Home(tmp_path)
    shutil.copy(reigns.home.database, home.database)
    with closing(sqlite3.connect(home.database)) as db, db:
        db.execute(harm)
    broken = Promises(reigns.account, home, reigns.receiver).broken()
    assert any(HARM[harm] in line for line in broken)


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
    points = {*SEEING, *SENDING, *STARTING, *STOPPING, *RELOADING, *MIGRATING, *(d for _, d in COMMANDS)}
    first = {Doom(moment=moment, statement=statement) for moment in MOMENTS for statement in FIRST_LOOK}
    assert died >= points | first
    assert {doom.statement for doom in points | first if doom.statement.islower()} <= SQL.keys()
