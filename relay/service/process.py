"""A relay as a process: one on its database, served, watched over, told to stop."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp.abc import AbstractResolver

from relay.config import Config
from relay.deliver import Make, made
from relay.destinations import reaching
from relay.files import Held, only_one
from relay.model import Clock
from relay.service.relay import Assembly, Relay, assembled, measuring
from relay.service.reload import Again, Become, reloading
from relay.service.systemd import Systemd
from relay.store import Store, open_store
from relay.web import Heartbeat, View, app
from relay.web.serving import bound, serving

log = logging.getLogger("relay.service")

Chore = Callable[[], Coroutine[Any, Any, None]]
Chores = Callable[[Relay, View, Become], Sequence[Chore]]
"""Makes what else is done while relay runs, of the relay, who looks at it, and how it becomes another."""

Opens = Callable[[Held, Callable[[float], object]], AbstractAsyncContextManager[Store]]
"""Opens the database that is held; the other is told how many seconds each commit took, in another thread."""


@asynccontextmanager
async def opened(held: Held, timed: Callable[[float], object] = lambda _: None) -> AsyncIterator[Store]:
    """`timed` is told how many seconds each commit took, in another thread."""
    store = open_store(held.database, last=held.last, committed=held.committed, timed=timed)
    try:
        yield store
    finally:
        await store.close()


@dataclass(frozen=True)
class Running:
    """A relay at work. `ended` is done when it has stopped, for whatever reason; `own`: where it listens."""

    relay: Relay
    store: Store
    ended: asyncio.Task[None]
    own: tuple[str, int] | None


@asynccontextmanager
async def running(
    config: Config,
    *,
    clock: Clock,
    chance: random.Random,
    make: Make = made,
    resolver: AbstractResolver | None = None,
    chores: Chores = lambda *_: [],
    opens: Opens = opened,
) -> AsyncIterator[Running]:
    """A relay that runs while inside. Raises Refused before anything has begun."""
    with only_one(config.database) as held, bound(config.listen) as taken:
        metrics = measuring(config)
        async with opens(held, metrics.committed) as store:
            own = taken.getsockname()[:2] if taken else None
            making = assembled(
                config,
                store=store,
                clock=clock,
                chance=chance,
                make=make,
                own=own,
                resolver=resolver,
                metrics=metrics,
            )
            async with making as assembly, reaching(own, resolver) as reaches:
                relay = assembly.relay
                view = View.of(
                    config,
                    relay.pollers,
                    relay.courier,
                    store=store,
                    clock=clock,
                    ledger=lambda: relay.ledger,
                )
                heartbeat = Heartbeat(await reaches.denying(), view)
                relay.chores += [partial(held.watch, clock), heartbeat.run]
                async with serving(taken, app(view, metrics)), _at_work(assembly, view, chores, own) as it:
                    yield it


@asynccontextmanager
async def _at_work(
    assembly: Assembly, view: View, chores: Chores, own: tuple[str, int] | None
) -> AsyncIterator[Running]:
    relay = assembly.relay

    async def become(config: Config) -> None:
        await assembly.become(config)
        view.config, view.pollers = config, {poller.spec.name: poller for poller in relay.pollers}

    relay.chores += chores(relay, view, become)
    ended = asyncio.create_task(relay.run())
    try:
        yield Running(relay, view.store, ended, own)
    finally:
        relay.stop()
        await ended


async def run(
    config: Config,
    *,
    environ: Mapping[str, str],
    clock: Clock,
    stop: asyncio.Event,
    again: Again | None = None,
    make: Make = made,
    opens: Opens = opened,
) -> None:
    """Run until `stop` is set, and become what is written `again` and again."""
    systemd = Systemd(environ)

    def chores(relay: Relay, view: View, become: Become) -> list[Chore]:
        watching: list[Chore] = [partial(systemd.watched, view, relay.stalled)]
        if again is not None:
            watching.append(partial(reloading, view, become, again, systemd))
        return watching

    chance = random.Random()  # noqa: S311 - jitter is no secret
    async with running(config, clock=clock, chance=chance, make=make, chores=chores, opens=opens) as it:
        systemd.tell("READY=1")
        log.info("relay runs: %s", config.counted())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((it.ended, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        systemd.tell("STOPPING=1")
