"""Relay processes, one after the other on one database, each of which dies as it is doomed to."""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from random import Random

from aiohttp import web

from relay.simulator import Scenario, Simulator
from relay.simulator.http import app
from relay.store.outbox import LOST_FOR_GOOD
from tests.process.account import WATCHED, Account, Answers
from tests.process.live import KEY, SECRET, Home, Receiver, served
from tests.process.mortal import Doom, command, live
from tests.process.promises import Promises, audited

_ENVIRON = {"LLAMA_CLOUD_API_KEY": KEY, "WEBHOOK_SECRET": SECRET}
_NEVER = Doom(moment="never")
REACHED_WITHIN = 60.0
"""Seconds within which each comes to where it dies."""

SETTLED_WITHIN = 90.0
MOVE_EVERY = 0.25


def forked() -> multiprocessing.context.ForkServerContext:
    """Processes that need not import relay first: a start takes a twentieth of a second."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.process.mortal", "relay.cli.run"])
    return context


class Reigns:
    """`died`: the points at which a process was killed, in their order. `amiss`: what was found after any."""

    def __init__(self, home: Home) -> None:
        self.died: list[Doom] = []
        self.amiss: list[str] = []
        self.home = home
        self.simulator = Simulator(Scenario(), now=time.time, seed=1, api_key=KEY)
        self.account = Account(self.simulator, home)
        self._answers = Answers()
        self.receiver = Receiver(self._answers)
        self._asked = _nothing
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
        self._asked()
        return response

    def write(self) -> None:
        self.home.watch(self._api, WATCHED.format(url=self._url), kinds=self.account.kinds)

    def has_seen(self) -> bool:
        """Each list whole: what comes from now on is news."""
        return self.home.sources_seen() >= len(self.account.kinds)

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
        async for _ in self._while_alive(process):
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

    async def lives(self, what: Callable[[], bool], *, moving: bool = False, newer: bool = False) -> None:
        """A relay lives until it is so, and ends as it is told."""
        self.write()
        process = self._start(live, _NEVER, "", newer)
        asked: list[bool] = []
        self._asked = partial(asked.append, True)
        end = time.monotonic() + SETTLED_WITHIN
        async for _ in self._while_alive(process, moving=moving):
            if asked and what():
                break
            if time.monotonic() > end:
                self.amiss.append("what was waited for has not come")
                break
        process.terminate()
        await asyncio.to_thread(process.join, 15)
        if process.exitcode != 0:
            self.amiss.append(f"relay ended with {process.exitcode} on SIGTERM")

    def _start(self, work: Callable[..., None], doom: Doom, *values: object) -> multiprocessing.Process:
        process = self._context.Process(target=work, args=(str(self.home.folder), _ENVIRON, doom, *values))
        process.start()
        kill = partial(_killed_at, [doom.nth], process)
        self._asked = kill if doom.moment == "asked" else _nothing
        self._answers.heard = kill if doom.moment == "sent" else _nothing
        return process

    async def _while_alive(
        self, process: multiprocessing.Process, *, moving: bool = True
    ) -> AsyncIterator[None]:
        """The account moves meanwhile."""
        moved = 0.0
        while process.is_alive():
            if moving and time.monotonic() > moved + MOVE_EVERY and self.has_seen():
                self.account.moves()
                moved = time.monotonic()
            yield
            await asyncio.sleep(0.005)

    def _is_at_work(self) -> bool:
        return bool(self.home.ask("SELECT 1 FROM deliveries WHERE owner IS NOT NULL"))

    def _note(self, doom: Doom, process: multiprocessing.Process) -> None:
        self.died.append(doom)
        if process.exitcode != -signal.SIGKILL:
            self.amiss.append(f"{doom}: relay ended with {process.exitcode}, and did not come there")
        self.amiss += [f"after {doom}: {line}" for line in audited(self.home)]

    async def settle(self, *, newer: bool = False) -> None:
        """The last one has all the time it needs."""
        await self.lives(self._is_over, newer=newer)

    def _is_over(self) -> bool:
        waiting = self.home.ask("SELECT count(*) FROM deliveries WHERE state = 'waiting'")
        return self.account.is_known() and waiting == [(0,)]

    @property
    def refused(self) -> int:
        """Webhooks that were to come again."""
        return self._answers.refused

    def promises(self) -> Promises:
        return Promises(self.account, self.home, self.receiver)


def _killed_at(left: list[int], process: multiprocessing.Process) -> None:
    left[0] -= 1
    if left[0] == 0:
        process.kill()


def _nothing() -> None:
    """No one dies of it."""
