"""What befalls relays in virtual time: reloads, full disks, clocks that jump, moods of receivers, deaths."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from random import Random

from tests.soak.errands import Errand
from tests.soak.posts import FAULTS, Mood

LONGEST_FULL = 900.0


@dataclass
class Befell:
    """By the loop's time. `deaths`: by the number of a life; `jumps`: when a clock did, and by how much;
    `full`: from when to when the disk was; `away`: from when on the API was.
    """

    deaths: dict[int, float] = field(default_factory=dict)
    jumps: list[tuple[float, float]] = field(default_factory=list)
    full: list[tuple[float, float]] = field(default_factory=list)
    reloads: list[float] = field(default_factory=list)
    away: float = float("inf")

    def jumped(self, begin: float, end: float) -> float:
        """By how much in all, whichever way."""
        return sum(abs(by) for at, by in self.jumps if begin <= at <= end)


async def befalls(errand: Errand, lives, fate: Random) -> None:
    ways = (
        (errand.reloaded_every, _reload),
        (errand.full_every, _fill),
        (errand.jumps_every, _jump),
        (errand.moods_every, _mood),
    )
    async with asyncio.TaskGroup() as group:
        for every, act in ways:
            if every:
                group.create_task(_again_and_again(fate, every, partial(act, errand, lives, fate)))


async def _again_and_again(fate: Random, every: float, act) -> None:
    while True:
        await asyncio.sleep(fate.expovariate(1 / every))
        await act()


async def _reload(_: Errand, lives, fate: Random) -> None:
    if not lives.dead.is_set():
        lives.numbers["reloads"] += 1
        lives.befell.reloads.append(asyncio.get_running_loop().time())
        work = asyncio.ensure_future(lives.reloads(fate.choice((0, 1))))
        death = asyncio.ensure_future(lives.dead.wait())
        await asyncio.wait((work, death), return_when=asyncio.FIRST_COMPLETED)
        for task in (work, death):
            task.cancel()
        await asyncio.wait((work, death))
        if not work.cancelled():
            work.result()


async def _fill(_: Errand, lives, fate: Random) -> None:
    if not lives.dead.is_set():
        lives.numbers["full disks"] += 1
        began = asyncio.get_running_loop().time()
        seconds = fate.uniform(5.0, LONGEST_FULL)
        lives.befell.full.append((began, began + seconds))
        await lives.fills(seconds)


async def _jump(errand: Errand, lives, fate: Random) -> None:
    lives.numbers["clock jumps"] += 1
    by = fate.uniform(-errand.jump, errand.jump)
    lives.befell.jumps.append((asyncio.get_running_loop().time(), by))
    lives.clock.jump(by)


async def _mood(_: Errand, lives, fate: Random) -> None:
    post = fate.choice(list(lives.posts.values()))
    ill = fate.random() < 0.7
    fault, share, wait = fate.choice(FAULTS), fate.choice((0.1, 0.5, 1.0)), fate.choice((0.0, 30.0, 3600.0))
    post.mood = Mood(fault, share, wait) if ill else Mood()


def arm(fate: Random, most: int, lives) -> None:
    """It dies now, at a commit, which is then done or undone, or at a send, before or after it was taken."""
    way = fate.randint(0, 3)
    if way == 0:
        lives.dies()
    elif way == 1:
        lives.dies_at(sends=fate.randint(1, most // 2))
    else:
        lives.dies_at(commits=fate.randint(1, most), undone=way == 2)
