"""Relay processes, one after the other on one database, each of which dies as it is doomed to."""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from random import Random

from aiohttp import web

from relay.model import utc_text
from relay.simulator import Scenario, Simulator
from relay.simulator.http import app
from relay.store.outbox import LOST_FOR_GOOD
from tests.process.account import WATCHED, Account, Answers
from tests.process.hinting import HINT_SECRET, is_taken
from tests.process.live import KEY, PLACE, SECRET, Home, Receiver, served
from tests.process.memory import DAY, Memory
from tests.process.mortal import Doom, command, live
from tests.process.promises import Promises, audited

_ENVIRON = {"LLAMA_CLOUD_API_KEY": KEY, "WEBHOOK_SECRET": SECRET, "HINT_SECRET": HINT_SECRET}
_NEVER = Doom(moment="never")
REACHED_WITHIN = 60.0
"""Seconds within which each comes to where it dies."""

SETTLED_WITHIN = 90.0
MOVE_EVERY = 0.25
HINTED_AT_ONCE = 3
DAYS = 3 * DAY
"""Of seconds: after so many what ended before is old."""


def forked() -> multiprocessing.context.ForkServerContext:
    """Processes that need not import relay first: a start takes a twentieth of a second."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.process.mortal", "relay.cli.run"])
    return context


class Reigns:
    """`died`: the points at which a process was killed, in their order. `amiss`: what was found after any.

    `port`: where hints are taken, and what is two days old is pruned; `every`: how often relay looks.
    """

    def __init__(self, home: Home) -> None:
        self.port = 0
        self.every = "1s"
        self._ahead = 0.0
        self.died: list[Doom] = []
        self.amiss: list[str] = []
        self.home = home
        self.simulator = Simulator(Scenario(), now=self.now, seed=1, api_key=KEY)
        self.account = Account(self.simulator, home)
        self.answers = Answers()
        self.receiver = Receiver(self.answers, self.now)
        self.memory = Memory(home)
        self._asked: Callable[[str], None] = _nothing
        self._taken: Callable[[], None] = _nothing
        self._hinted: set[str] = set()
        self._context = forked()
        self._url = self._api = ""

    @asynccontextmanager
    async def reachable(self) -> AsyncIterator[None]:
        """The account and the receiver are there while inside."""
        api = app(self.simulator)
        api.middlewares.append(self._hears)
        async with served(api) as self._api, served(self.receiver.app()) as self._url:
            yield

    @web.middleware
    async def _hears(self, request: web.Request, handler) -> web.StreamResponse:
        response = await handler(request)
        self._asked(request.path_qs)
        return response

    def write(self) -> None:
        more, place = WATCHED.format(url=self._url), PLACE
        if self.port:
            more = f'signing_secret = "$HINT_SECRET"\n{more}'
            place = PLACE.replace('"off"', f'"127.0.0.1:{self.port}"\nretention = "2d"')
        self.home.watch(self._api, more, place=place, kinds=self.account.kinds, every=self.every)

    def now(self) -> float:
        return time.time() + self._ahead

    def has_seen(self, since: str = "") -> bool:
        """Each list whole: what comes from now on is news."""
        seen = self.home.ask("SELECT 1 FROM sources WHERE whole_at > ?", since)
        return len(seen) >= len(self.account.kinds)

    async def dies(
        self,
        doom: Doom,
        *,
        more: str = "",
        newer: bool = False,
        stops: bool = False,
        denied: bool = False,
        at_once: bool = False,
    ) -> None:
        """A relay lives until it dies there. `stops`: it is told to end; `denied`: its key is refused;
        `at_once`: on what the one before has left, come what may.
        """
        if not at_once:
            await self._spare()
        self.write()
        if denied:
            self.simulator.fail_next(1, "denied")
        process = self._start(live, doom, more, newer)
        end = time.monotonic() + REACHED_WITHIN
        async for _ in self._while_alive(process, hinting=doom.hinted):
            if stops and self._is_at_work():
                os.kill(process.pid, signal.SIGTERM)
                stops = False
            if time.monotonic() > end:
                process.terminate()
        self._note(doom, process)

    async def _spare(self) -> None:
        """What was lost often is sent, before it is taken for what ends relay."""
        lost = "SELECT 1 FROM deliveries WHERE state = 'waiting' AND lost + (owner IS NOT NULL) >= ?"
        if self.home.ask(lost, LOST_FOR_GOOD - 2):
            await self.lives(lambda: not self.home.ask(lost, 1), moving=True)

    async def dies_as_command(self, doom: Doom, *args: str) -> None:
        process = self._start(command, doom, *args)
        await asyncio.to_thread(process.join, REACHED_WITHIN)
        self._note(doom, process)

    async def dies_by_chance(self, chance: Random) -> None:
        """At any time, whatever it does."""
        await self._spare()
        self.write()
        process = self._start(live, _NEVER)
        end = time.monotonic() + chance.expovariate(1 / 0.4)
        async for _ in self._while_alive(process):
            if time.monotonic() > end:
                process.kill()
                break
        await asyncio.to_thread(process.join)
        self._note(Doom(moment="whenever"), process)

    async def passes(self) -> None:
        """All comes to its end and is told, but what is refused for long, and what was pruned is hinted at;
        then days pass.
        """
        most, self.account.most_open = self.account.most_open, 0
        for _ in range(HINTED_AT_ONCE):
            self.account.begins("brief")
        again, since = self.memory.pruned_jobs()[:1], utc_text(self.now())
        await self.lives(partial(self._rests, again, since), moving=True, hints=again)
        self.memory.note()
        self.account.forgotten = frozenset(self.memory.jobs)
        self.account.most_open = most
        self._ahead += DAYS

    def _rests(self, again: Sequence[str], since: str) -> bool:
        seen = {job for (job,) in self.home.ask("SELECT job FROM hints WHERE received_at >= ?", since)}
        return self.account.rests and not self._waits("late") and seen.issuperset(again)

    def _waits(self, but: str = "") -> bool:
        return self.home.ask(
            "SELECT count(*) FROM deliveries WHERE state = 'waiting' AND destination <> ?", but
        ) != [(0,)]

    async def lives(
        self,
        what: Callable[[], bool],
        *,
        moving: bool = False,
        newer: bool = False,
        hints: Sequence[str] = (),
    ) -> None:
        """A relay lives until it is so, and ends as it is told. `hints`: of these jobs, again and again."""
        self.write()
        process = self._start(live, _NEVER, "", newer)
        asked: list[str] = []
        self._asked = asked.append
        end = time.monotonic() + SETTLED_WITHIN
        async for _ in self._while_alive(process, moving=moving):
            if asked and what():
                break
            await self._hint(hints)
            if time.monotonic() > end:
                self.amiss.append("what was waited for has not come")
                break
        process.terminate()
        await asyncio.to_thread(process.join, 15)
        if process.exitcode != 0:
            self.amiss.append(f"relay ended with {process.exitcode} on SIGTERM")

    def _start(self, work: Callable[..., None], doom: Doom, *values: object) -> multiprocessing.Process:
        if work is live:
            values = (self._ahead, *values)
        process = self._context.Process(target=work, args=(str(self.home.folder), _ENVIRON, doom, *values))
        process.start()
        self._hinted.clear()
        kill = partial(_killed_at, [doom.nth], process)
        heard = self._only_if_hinted(kill) if doom.hinted else kill
        self._asked = heard if doom.moment == "asked" else _nothing
        self._taken = kill if doom.moment == "taken" else _nothing
        self.answers.heard = kill if doom.moment == "sent" else _nothing
        return process

    def _only_if_hinted(self, kill: Callable[[], None]) -> Callable[[str], None]:
        def heard(path: str) -> None:
            if any(job in path for job in self._hinted):
                kill()

        return heard

    async def _hint(self, jobs: Sequence[str]) -> None:
        for job in jobs[:HINTED_AT_ONCE] if self.port else ():
            self._hinted.add(job)
            if await is_taken(self.port, job):
                self.account.hinted[job] += 1
                self._taken()

    async def _while_alive(
        self, process: multiprocessing.Process, *, moving: bool = True, hinting: bool = False
    ) -> AsyncIterator[None]:
        """The account moves meanwhile; where it hints at what did, once this relay has looked."""
        moved, since = 0.0, utc_text(self.now()) if hinting else ""
        while process.is_alive():
            if moving and time.monotonic() > moved + MOVE_EVERY and self.has_seen(since):
                moves = self.account.moves()
                moved = time.monotonic()
                await self._hint(moves if hinting else ())
            yield
            await asyncio.sleep(0.005)

    def _is_at_work(self) -> bool:
        return bool(self.home.ask("SELECT 1 FROM deliveries WHERE owner IS NOT NULL"))

    def _note(self, doom: Doom, process: multiprocessing.Process) -> None:
        self.died.append(doom)
        if process.exitcode != -signal.SIGKILL:
            self.amiss.append(f"{doom}: relay ended with {process.exitcode}, and did not come there")
        pruned = self.memory.amiss(self.now()) if self.memory.jobs else ()
        self.amiss += [f"after {doom}: {line}" for line in (*audited(self.home), *pruned)]

    async def settle(self, *, newer: bool = False) -> None:
        """The last one has all the time it needs."""
        await self.lives(self._is_over, newer=newer)

    def _is_over(self) -> bool:
        return self.account.is_known() and not self._waits()

    @property
    def refused(self) -> int:
        """Webhooks that were to come again."""
        return self.answers.refused

    def promises(self) -> Promises:
        return Promises(self.account, self.home, self.receiver, self.memory)


def _killed_at(left: list[int], process: multiprocessing.Process, *_: str) -> None:
    left[0] -= 1
    if left[0] == 0:
        process.kill()


def _nothing(*_: str) -> None:
    """No one dies of it."""
