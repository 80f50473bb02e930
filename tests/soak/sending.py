"""Whole relays in virtual time, from list to receiver: what is owed arrives, or is dead as it was said.

`make soak OF=sending ARGS="--seed 1 --hours 1000"`, or `--world 1/17` for one world of a seed again.
"""

import asyncio
import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from random import Random

from relay.config import load
from relay.errors import DeliveryFailed
from relay.service import assembled
from relay.simulator import Request, Simulator
from relay.simulator.faults import Answer
from relay.store import open_store
from tests.soak.errands import Errand, an_errand
from tests.soak.hours import Verdict, in_virtual_time, main
from tests.soak.owed import Owed
from tests.soak.posts import FAULTS, Mood, Post
from tests.virtual import Api, Inline, VirtualClock

_MEMORY = Path("/dev/shm")
LONGEST_FULL = 900.0
MANY = 60.0
"""Seconds: what lives no longer dies at one of the next commits or sends."""


class _Clock(VirtualClock):
    """No other process changes anything here: to look for that now and then will do."""

    async def beat(self, every):
        await self.sleep(max(every, 30.0))


class _Disk(Inline):
    """The writer's: `dies` is called before or after one of what it is given."""

    def __init__(self, dies: Callable[[], None]) -> None:
        super().__init__()
        self._dies = dies
        self.left, self.undone = 0, False

    def submit(self, fn, /, *args, **kwargs):
        self.left -= 1
        if self.left == 0 and self.undone:
            self._dies()
        done = super().submit(fn, *args, **kwargs)
        if self.left == 0 and not self.undone:
            self._dies()
        return done


class Lives:
    """Relays on one database, one after the other; each ends with what is on the disk at its death."""

    def __init__(self, errand: Errand, folder: Path) -> None:
        self.errand, self.numbers, self.used = errand, Counter[str](), {0}
        self.jumps: list[float] = []
        self.clock = _Clock()
        self.chance = random.Random(errand.name)
        self.simulator = Simulator(errand.scenario, now=VirtualClock().now, seed=self.chance.getrandbits(32))
        self._api = Api(self.simulator, self.clock, latency=lambda: self.chance.uniform(0.05, 0.3))
        self._api.answer = self._answer
        self.is_away = False
        self._folder = folder
        self._life = 0
        self.path = folder / "relay-0.db"
        self._config(1)
        options = self._config(0).destinations
        self.posts = {
            name: Post(name, its, self.chance, moody=name in errand.moody) for name, its in options.items()
        }

    def _answer(self, request: Request) -> Answer:
        answer = self.simulator.answer(request)
        self.simulator.drain()
        self._api.asked.clear()
        return Answer(status=503, body=b"", headers={}) if self.is_away else answer

    def _config(self, which: int):
        path = self._folder / "rules.toml"
        path.write_text(self.errand.configs[which].toml(), "utf-8")
        return load(path, environ={}, secrets=True, host="soak")

    async def lives(self, seconds: float, arm: Callable[["Lives"], None] = lambda _: None) -> None:
        """So long, and then until it dies of what it is armed with, five minutes at most."""
        self.dead = asyncio.Event()
        self._life += 1
        self._sends_left = 0
        self._disk = _Disk(self.dies)
        self.store = open_store(self.path, executors=(self._disk, Inline()))
        self._own.execute("PRAGMA synchronous = OFF")  # no power is lost here
        made = assembled(
            self._config(0),
            store=self.store,
            clock=self.clock,
            chance=self.chance,
            transport=self._api,
            make=partial(self._door, self._life),
        )
        async with made as self.assembly:
            running = asyncio.ensure_future(self.assembly.relay.run())
            for span in (seconds, 300.0):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.dead.wait(), span)
                if self.dead.is_set():
                    break
                arm(self)
            self.dies()
            self.assembly.relay.stop()
            await running
        await self.store.close()

    @property
    def _own(self) -> sqlite3.Connection:
        return self.store.writer._connection

    def _door(self, life: int, name: str, *_: object, **__: object):
        return self.posts[name].of(life, partial(self._sends, life))

    def _sends(self, life: int, _: str) -> None:
        """Of a relay that is dead nothing goes out, and nothing comes back to it."""
        if life == self._life and not self.dead.is_set():
            self._sends_left -= 1
            if self._sends_left == 0:
                self.dies()
        if self.dead.is_set() or life != self._life:
            raise DeliveryFailed("it is dead")

    def dies(self) -> None:
        """What is committed now is all that the next start finds, whatever this one writes from now on."""
        if self.dead.is_set():
            return
        before, self.path = self.path, self._folder / f"relay-{self._life}.db"
        with closing(sqlite3.connect(before)) as database, closing(sqlite3.connect(self.path)) as kept:
            kept.execute("PRAGMA synchronous = OFF")
            database.backup(kept)
        self.dead.set()

    def dies_at(self, *, commits: int = 0, sends: int = 0, undone: bool = False) -> None:
        self._disk.left, self._disk.undone = commits, undone
        self._sends_left = sends

    async def reloads(self, which: int) -> None:
        self.used.add(which)
        await self.assembly.become(self._config(which))

    async def fills(self, seconds: float) -> None:
        """The disk is full for so long."""
        own = self._own
        (pages,) = own.execute("PRAGMA page_count").fetchone()
        own.execute(f"PRAGMA max_page_count = {pages}")
        await self.clock.sleep(seconds)
        if own is self._own and not self.dead.is_set():
            own.execute("PRAGMA max_page_count = 1073741823")


async def lived(errand: Errand, lives: Lives) -> None:
    fate = Random(f"{errand.name} fate")
    loop, end = asyncio.get_running_loop(), errand.hours * 3600
    befalls = asyncio.ensure_future(_befalls(errand, lives, fate))
    while (left := end - loop.time()) > 0:
        span = fate.expovariate(1 / errand.killed_every) if errand.killed_every else left
        await lives.lives(min(span, left), partial(_arm, fate, 6 if span < MANY else 60))
        lives.numbers["kills"] += 1
        await asyncio.sleep(fate.choice((0.0, 10.0, min(600.0, errand.killed_every))))
    befalls.cancel()
    await asyncio.wait([befalls])
    for post in lives.posts.values():
        post.mood = Mood()
    lives.is_away = True
    await lives.lives(errand.calm * 3600)


async def _befalls(errand: Errand, lives: Lives, fate: Random) -> None:
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


async def _reload(_: Errand, lives: Lives, fate: Random) -> None:
    if not lives.dead.is_set():
        lives.numbers["reloads"] += 1
        work = asyncio.ensure_future(lives.reloads(fate.choice((0, 1))))
        death = asyncio.ensure_future(lives.dead.wait())
        await asyncio.wait((work, death), return_when=asyncio.FIRST_COMPLETED)
        for task in (work, death):
            task.cancel()
        await asyncio.wait((work, death))
        if not work.cancelled():
            work.result()


async def _fill(_: Errand, lives: Lives, fate: Random) -> None:
    if not lives.dead.is_set():
        lives.numbers["full disks"] += 1
        await lives.fills(fate.uniform(5.0, LONGEST_FULL))


async def _jump(errand: Errand, lives: Lives, fate: Random) -> None:
    lives.numbers["clock jumps"] += 1
    lives.jumps.append(asyncio.get_running_loop().time())
    lives.clock.jump(fate.uniform(-errand.jump, errand.jump))


async def _mood(_: Errand, lives: Lives, fate: Random) -> None:
    post = fate.choice(list(lives.posts.values()))
    ill = fate.random() < 0.7
    fault, share, wait = fate.choice(FAULTS), fate.choice((0.1, 0.5, 1.0)), fate.choice((0.0, 30.0, 3600.0))
    post.mood = Mood(fault, share, wait) if ill else Mood()


def _arm(fate: Random, most: int, lives: Lives) -> None:
    """It dies now, at a commit, which is then done or undone, or at a send, before or after it was taken."""
    way = fate.randint(0, 3)
    if way == 0:
        lives.dies()
    elif way == 1:
        lives.dies_at(sends=fate.randint(1, most // 2))
    else:
        lives.dies_at(commits=fate.randint(1, most), undone=way == 2)


async def _judged(errand: Errand, folder: Path) -> Verdict:
    lives = Lives(errand, folder)
    await lived(errand, lives)
    owed = Owed(errand, lives.path, lives.posts, used=lives.used, jumps=lives.jumps)
    numbers = lives.numbers + owed.numbers()
    numbers["hours"] = errand.hours + errand.calm
    return Verdict(errand.name, numbers, list(owed.amiss()))


def judged(name: str) -> Verdict:
    """Live through a world and say what is amiss in what was owed."""
    memory = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="relay-soak-", dir=memory) as folder:
        return in_virtual_time(lambda: _judged(an_errand(name), Path(folder)))


def named(seed: int, hours: float) -> Iterator[str]:
    """As many as it takes; each is whole, so that its name says all of it."""
    number, left = 0, hours
    while left > 0:
        number += 1
        errand = an_errand(f"{seed}/{number}")
        left -= errand.hours + errand.calm
        yield errand.name


if __name__ == "__main__":
    raise SystemExit(
        main(
            judged,
            named,
            prog="tests.soak.sending",
            what=__doc__ or "",
            hours=1000,
            again='make soak OF=sending ARGS="--world {}"',
        )
    )
