"""A relay as a process: one on its database, served, watched over, told to stop."""

import asyncio
import logging
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from aiohttp.abc import AbstractResolver

from relay.config import Config
from relay.deliver import Make, made
from relay.destinations import Reaches, reaching
from relay.files import Held, only_one
from relay.model import Clock
from relay.service.relay import Relay, assembled, measuring
from relay.store import Store, open_store
from relay.web import Heartbeat, View, app
from relay.web.serving import bound, serving

log = logging.getLogger("relay.service")


@asynccontextmanager
async def opened(held: Held, timed: Callable[[float], object] = lambda _: None) -> AsyncIterator[Store]:
    """`timed` is told how many seconds each commit took, in another thread."""
    store = open_store(held.database, last=held.last, committed=held.committed, timed=timed)
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
        held = stack.enter_context(only_one(config.database))
        taken = stack.enter_context(bound(config.listen))
        metrics = measuring(config)
        store = await stack.enter_async_context(opened(held, metrics.committed))
        own = taken.getsockname()[:2] if taken else None
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
        view = View.of(
            config, relay.pollers, relay.courier, store=store, clock=clock, ledger=lambda: relay.ledger
        )
        reaches = await stack.enter_async_context(reaching(own, resolver))
        relay.chores += [partial(held.watch, clock), partial(_beat, view, reaches)]
        await stack.enter_async_context(serving(taken, app(view, metrics)))
        ended = asyncio.create_task(relay.run())
        try:
            yield Running(relay, store, ended)
        finally:
            relay.stop()
            await ended


async def _beat(view: View, reaches: Reaches) -> None:
    if (url := view.config.heartbeat_url) is not None:
        await Heartbeat(url, reach=await reaches.denying(), view=view).run()


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
