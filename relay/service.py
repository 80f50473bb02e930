"""The whole relay put together, from a configuration to tasks that run."""

import asyncio
import logging
import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractResolver

from relay.config import Config
from relay.deliver import Courier, Make, Upkeep, at_hand, made, routes_of, upkeep_of
from relay.destinations import reaching
from relay.errors import Refused
from relay.files import Held, only_one
from relay.ingest import Ingest, Routes
from relay.model import Clock, new_id
from relay.poll import Poller
from relay.retention import Retention
from relay.sources import Budget, Client, SourceSpec, Transport
from relay.store import Ledger, Store, open_store
from relay.web import app

log = logging.getLogger("relay.service")

GRACE = 5.0
"""Seconds that what is being sent may take to end after a stop was asked for."""


class Relay:
    """Pollers and courier over one store. `run` returns once `stop` was called and all has ended.

    `upkeep`: what keeps the outbox in order. `chores`: what else is done meanwhile, until cancelled.
    """

    def __init__(
        self,
        pollers: tuple[Poller, ...],
        courier: Courier,
        upkeep: Upkeep | None = None,
        chores: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
    ) -> None:
        self.pollers = pollers
        self.courier = courier
        self._upkeep = upkeep
        self.chores = [*chores, *([upkeep.run] if upkeep else [])]
        self._stop = asyncio.Event()

    @property
    def ledger(self) -> Ledger | None:
        """What the last audit found, with its `imbalance`; None before the first has ended."""
        return self._upkeep.ledger if self._upkeep else None

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        """Raises Refused where a chore finds that relay can't go on."""
        try:
            await self._run()
        except* Refused as refused:
            raise Refused(str(_first(refused))) from None

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            looking = [group.create_task(poller.run()) for poller in self.pollers]
            looking += [group.create_task(chore()) for chore in self.chores]
            sending = group.create_task(self.courier.run())
            await self._stop.wait()
            for task in looking:
                task.cancel()
            self.courier.stop()
            await asyncio.wait([sending], timeout=GRACE)
            sending.cancel()


def _first(group: BaseExceptionGroup[Refused]) -> BaseException:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


@asynccontextmanager
async def assembled(
    config: Config,
    *,
    store: Store,
    clock: Clock,
    chance: random.Random,
    transport: Transport | None = None,
    make: Make = made,
    own: tuple[str, int] | None = None,
    resolver: AbstractResolver | None = None,
) -> AsyncIterator[Relay]:
    """Everything that a configuration names, ready to run.

    `transport` is what the list API is asked by, `make` makes the destinations, `resolver` is where their
    names are looked up. `own` is where relay itself listens, and never sends to.
    """
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            Client(clock=clock, random=chance, budget=Budget(clock, config.sources), transport=transport)
        )
        routes = routes_of(config)
        reaches = await stack.enter_async_context(reaching(own, resolver))
        courier = await stack.enter_async_context(
            at_hand(
                config, routes=routes, reaches=reaches, store=store, clock=clock, chance=chance, make=make
            )
        )
        pollers = [
            Poller(
                client=client,
                ingest=await _ingest(spec, routes, store, clock),
                store=store,
                clock=clock,
                random=chance,
                changed=courier.wake,
                sharing=sum(other.api_key == spec.api_key for other in config.sources),
            )
            for spec in config.sources
        ]
        yield _relay(config, routes, store, clock, tuple(pollers), courier)


def _relay(
    config: Config,
    routes: Routes,
    store: Store,
    clock: Clock,
    pollers: tuple[Poller, ...],
    courier: Courier,
) -> Relay:
    upkeep = upkeep_of(config, routes, store, clock, courier.wake)
    retention = Retention(store=store, clock=clock, keep=config.retention)
    return Relay(pollers, courier, upkeep, chores=(retention.run,))


async def _ingest(spec: SourceSpec, routes: Routes, store: Store, clock: Clock) -> Ingest:
    row = await store.open_source(
        name=spec.name,
        kind=spec.kind.name,
        identity=spec.identity(),
        renamed_from=spec.renamed_from,
        now=clock.now(),
    )
    return Ingest(store=store, spec=spec, row=row, routes=routes, clock=clock, new_id=new_id)


@contextmanager
def bound(listen: tuple[str, int] | None) -> Iterator[socket.socket | None]:
    """Take the address before anything else is begun. Raises Refused where it can't be had."""
    if listen is None:
        yield None
        return
    host, port = listen
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        taken = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise Refused(
            f"can't listen on {host}:{port}: {os.strerror(error.errno or 0)}; set [relay] listen to another, "
            'or "off"'
        ) from None
    with taken:
        yield taken


@asynccontextmanager
async def serving(taken: socket.socket | None, application: web.Application) -> AsyncIterator[None]:
    """Serve HTTP on a bound socket while inside; nothing where there is none."""
    if taken is None:
        yield
        return
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, taken).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def opened(held: Held) -> AsyncIterator[Store]:
    store = open_store(held.database, last=held.last, committed=held.committed)
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
        store = await stack.enter_async_context(opened(held))
        own = taken.getsockname()[:2] if taken else None
        relay = await stack.enter_async_context(
            assembled(config, store=store, clock=clock, chance=chance, make=make, own=own, resolver=resolver)
        )
        relay.chores.append(partial(held.watch, clock))
        hints = {poller.spec.name: poller.hints for poller in relay.pollers if poller.hints is not None}
        await stack.enter_async_context(serving(taken, app(store, hints)))
        ended = asyncio.create_task(relay.run())
        try:
            yield Running(relay, store, ended)
        finally:
            relay.stop()
            await ended


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
