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
from typing import Protocol

from relay.config import load
from relay.destinations import Options
from relay.errors import DeliveryFailed
from relay.service import assembled
from relay.simulator import Happened, Request, Simulator
from relay.simulator.faults import Answer
from relay.store import open_store
from tests.soak.befalls import Befell, arm, befalls
from tests.soak.channel import Channel
from tests.soak.errands import Errand, an_errand
from tests.soak.finished import File, Finished, files_of
from tests.soak.hours import Verdict, in_virtual_time, main
from tests.soak.living import Living
from tests.soak.owed import Owed
from tests.soak.posts import Mood, Post
from tests.virtual import Api, Inline, VirtualClock

_MEMORY = Path("/dev/shm")
MANY = 60.0
"""Seconds: what lives no longer dies at one of the next commits or sends."""


class Judge(Protocol):
    def numbers(self) -> Counter[str]: ...

    def amiss(self) -> Iterator[str]: ...


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
        self.befell, self.happened = Befell(), list[Happened]()
        self.files: dict[str, list[File] | None] = {}
        self.clock = _Clock()
        self.chance = random.Random(errand.name)
        self.simulator = Simulator(
            errand.scenario,
            now=VirtualClock().now,
            seed=self.chance.getrandbits(32),
            happened=self.happened.append,
        )
        self._api = Api(self.simulator, self.clock, latency=lambda: self.chance.uniform(0.05, 0.3))
        self._api.answer = self._answer
        self.is_away = False
        self._folder = folder
        self._life = 0
        self.path = folder / "relay-0.db"
        self._config(1)
        options = self._config(0).destinations
        self.posts = {name: self._post(name, its) for name, its in options.items()}

    def _post(self, name: str, options: Options) -> Post:
        how = {"clock": self.clock} if options.is_living else {}
        moody = name in self.errand.moody
        return (Channel if how else Post)(name, options, self.chance, moody=moody, **how)

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
        self.befell.deaths[self._life] = asyncio.get_running_loop().time()
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
    troubles = asyncio.ensure_future(befalls(errand, lives, fate))
    while (left := end - loop.time()) > 0:
        span = fate.expovariate(1 / errand.killed_every) if errand.killed_every else left
        await lives.lives(min(span, left), partial(arm, fate, 6 if span < MANY else 60))
        lives.numbers["kills"] += 1
        await asyncio.sleep(fate.choice((0.0, 10.0, min(600.0, errand.killed_every))))
    troubles.cancel()
    await asyncio.wait([troubles])
    for post in lives.posts.values():
        post.mood = Mood()
    lives.is_away, lives.befell.away = True, loop.time()
    lives.files = files_of(lives.simulator, lives.happened)
    await lives.lives(errand.calm * 3600)


async def _judged(errand: Errand, folder: Path) -> Verdict:
    lives = Lives(errand, folder)
    await lived(errand, lives)
    judges = judges_of(lives, lives.path)
    numbers = sum((judge.numbers() for judge in judges), lives.numbers)
    numbers["hours"] = errand.hours + errand.calm
    return Verdict(errand.name, numbers, [line for judge in judges for line in judge.amiss()])


def judges_of(lives: Lives, database: Path) -> tuple[Judge, ...]:
    """Of a life that is over, and the database that it left."""
    channels = {name: post for name, post in lives.posts.items() if isinstance(post, Channel)}
    return (
        Owed(lives.errand, database, lives.posts, used=lives.used, befell=lives.befell),
        Living(database, channels, lives.befell),
        Finished(database, lives.happened, lives.files, lives.befell),
    )


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
