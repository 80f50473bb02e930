"""A relay as a process: one on its database, served, watched over, told to stop."""

import asyncio
import fcntl
import logging
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp.abc import AbstractResolver

from relay.config import Config
from relay.deliver import Make, made
from relay.destinations import reaching
from relay.errors import Refused, StoreFailed
from relay.model import Clock
from relay.service.relay import Assembly, Relay, assembled, measuring
from relay.service.reload import Again, reloading
from relay.service.systemd import Systemd
from relay.store import Store, audited, open_store
from relay.web import Heartbeat, View, app
from relay.web.serving import bound, serving

log = logging.getLogger("relay.service")

AUDIT_EVERY = 86400.0


@contextmanager
def only_one(database: Path) -> Iterator[None]:
    """Hold the database for this process. Raises Refused where another relay run does, or none can."""
    path = database.with_name(database.name + ".lock")
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(
            f"{database}: can't be written ({error.strerror}): check [relay] database and who owns its folder"
        ) from None
    try:
        _lock(handle, database)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, database: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(handle, 20).decode("ascii", "replace").strip()
        raise Refused(
            f"{database}: another relay run (process {holder or 'unknown'}) uses it; stop that one first"
        ) from None
    os.truncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())


@asynccontextmanager
async def opened(database: Path) -> AsyncIterator[Store]:
    store = open_store(database)
    try:
        yield store
    finally:
        await store.close()


@dataclass(frozen=True)
class Running:
    """A relay at work. `ended` is done when it has stopped, for whatever reason."""

    relay: Relay
    store: Store
    view: View
    ended: asyncio.Task[None]
    become: Callable[[Config], Awaitable[None]]


@asynccontextmanager
async def running(
    config: Config,
    *,
    clock: Clock,
    chance: random.Random,
    make: Make = made,
    resolver: AbstractResolver | None = None,
) -> AsyncIterator[Running]:
    """A relay that runs while inside. Raises Refused before anything has begun."""
    with only_one(config.database), bound(config.listen) as taken:
        async with opened(config.database) as store:
            own = taken.getsockname()[:2] if taken else None
            metrics = measuring(config)
            store.writer.committed = metrics.committed
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
                view = View.of(config, relay.pollers, relay.courier, store=store, clock=clock)
                heartbeat = Heartbeat(await reaches.denying(), view)
                async with (
                    serving(taken, app(view, metrics)),
                    beside(_audit(view)),
                    beside(heartbeat.run()),
                    _at_work(assembly, view) as it,
                ):
                    yield it


@asynccontextmanager
async def _at_work(assembly: Assembly, view: View) -> AsyncIterator[Running]:
    relay = assembly.relay

    async def become(config: Config) -> None:
        await assembly.become(config)
        view.config, view.pollers = config, {poller.spec.name: poller for poller in relay.pollers}

    ended = asyncio.create_task(relay.run())
    try:
        yield Running(relay, view.store, view, ended, become)
    finally:
        relay.stop()
        await ended


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have it run while inside; it is cancelled at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _audit(view: View) -> None:
    """Ask the ledger now and each day. It reads all there is, so on a connection of its own."""
    while True:
        try:
            view.amiss = len((await asyncio.to_thread(audited, view.config.database)).amiss)
        except StoreFailed as error:
            log.warning("the ledger could not be asked: %s", error)
        await view.clock.sleep(AUDIT_EVERY)


async def run(
    config: Config,
    *,
    environ: Mapping[str, str],
    clock: Clock,
    stop: asyncio.Event,
    again: Again | None = None,
    make: Make = made,
) -> None:
    """Run until `stop` is set, and become what is written `again` and again."""
    systemd = Systemd(environ)
    async with running(config, clock=clock, chance=random.Random(), make=make) as it:  # noqa: S311 - jitter is no secret
        systemd.tell("READY=1")
        log.info("relay runs: %d sources, %d destinations", len(config.sources), len(config.destinations))
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(beside(systemd.watched(it.view, it.relay.stalled)))
            if again is not None:
                await stack.enter_async_context(beside(reloading(it.view, it.become, again, systemd)))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait((it.ended, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
        systemd.tell("STOPPING=1")
