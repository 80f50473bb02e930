"""A relay as a process: one on its database, served, watched over, told to stop."""

import asyncio
import fcntl
import logging
import os
import random
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp.abc import AbstractResolver

from relay.config import Config
from relay.deliver import Make, made
from relay.destinations import Reaches, reaching
from relay.errors import Refused, StoreFailed
from relay.model import Clock
from relay.service.relay import Relay, assembled, measuring
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


def notify(environ: Mapping[str, str], state: str) -> None:
    """Tell systemd (sd_notify); nothing where it does not listen."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto(state.encode(), address.replace("@", "\0", 1))
        except OSError as error:
            log.warning("systemd could not be told %s: %s", state, error.strerror)


@dataclass(frozen=True)
class Running:
    """A relay at work. `ended` is done when it has stopped, for whatever reason."""

    relay: Relay
    store: Store
    ended: asyncio.Task[None]


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
    async with AsyncExitStack() as stack:
        stack.enter_context(only_one(config.database))
        taken = stack.enter_context(bound(config.listen))
        store = await stack.enter_async_context(opened(config.database))
        own = taken.getsockname()[:2] if taken else None
        metrics = measuring(config)
        store.writer.committed = metrics.committed
        relay = await stack.enter_async_context(
            assembled(
                config,
                store=store,
                clock=clock,
                chance=chance,
                make=make,
                own=own,
                resolver=resolver,
                metrics=metrics,
            )
        )
        view = View.of(config, relay.pollers, relay.courier, store=store, clock=clock)
        await stack.enter_async_context(serving(taken, app(view, metrics)))
        await stack.enter_async_context(beside(_audit(view)))
        reaches = await stack.enter_async_context(reaching(own, resolver))
        await stack.enter_async_context(beside(_beat(view, reaches)))
        ended = asyncio.create_task(relay.run())
        try:
            yield Running(relay, store, ended)
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


async def _beat(view: View, reaches: Reaches) -> None:
    if (url := view.config.heartbeat_url) is not None:
        await Heartbeat(url, reach=await reaches.denying(), view=view).run()


async def _audit(view: View) -> None:
    """Ask the ledger now and each day. It reads all there is, so on a connection of its own."""
    while True:
        try:
            view.amiss = len((await asyncio.to_thread(audited, view.config.database)).amiss)
        except StoreFailed as error:
            log.warning("the ledger could not be asked: %s", error)
        await view.clock.sleep(AUDIT_EVERY)


async def run(
    config: Config, *, environ: Mapping[str, str], clock: Clock, stop: asyncio.Event, make: Make = made
) -> None:
    """Run until `stop` is set."""
    async with running(config, clock=clock, chance=random.Random(), make=make) as it:  # noqa: S311 - jitter is no secret
        notify(environ, "READY=1")
        log.info("relay runs: %d sources, %d destinations", len(config.sources), len(config.destinations))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((it.ended, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        notify(environ, "STOPPING=1")
