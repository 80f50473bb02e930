"""Everything that a configuration names, put together."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from aiohttp.abc import AbstractResolver

from relay.config import Config
from relay.deliver import Courier, Make, at_hand, made, terms
from relay.destinations import reaching
from relay.ingest import Ingest, Routes
from relay.model import Clock, new_id, seconds_of
from relay.poll import Poller
from relay.sources import Budget, Client, SourceSpec, Transport
from relay.store import Result, Store
from relay.web import Metrics

GRACE = 5.0
"""Seconds that what is being sent may take to end after a stop was asked for."""


class Relay:
    """Pollers and courier over one store. `run` returns once `stop` was called and all has ended."""

    def __init__(self, pollers: tuple[Poller, ...], courier: Courier) -> None:
        self.pollers = pollers
        self.courier = courier
        self._stop = asyncio.Event()

    def stalled(self) -> list[str]:
        """The looks and lanes that have not moved for longer than they may; none where all is well."""
        sources = [f"source {p.spec.name}" for p in self.pollers if p.progress.overdue()]
        return sources + [f"lane {n}" for n, lane in self.courier.lanes.items() if lane.progress.overdue()]

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            looking = [group.create_task(poller.run()) for poller in self.pollers]
            sending = group.create_task(self.courier.run())
            await self._stop.wait()
            for task in looking:
                task.cancel()
            self.courier.stop()
            await asyncio.wait([sending], timeout=GRACE)
            sending.cancel()


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
    metrics: Metrics | None = None,
) -> AsyncIterator[Relay]:
    """Everything that a configuration names, ready to run.

    `transport` is what the list API is asked by, `make` makes the destinations, `resolver` is where their
    names are looked up. `own` is where relay itself listens, and never sends to. `metrics` hears of all.
    """
    metrics = metrics or measuring(config)
    async with AsyncExitStack() as stack:
        budget = Budget(clock, config.sources)
        client = await stack.enter_async_context(
            Client(clock=clock, random=chance, budget=budget, transport=transport)
        )
        reaches = await stack.enter_async_context(reaching(own, resolver))
        routes = _routes(config)
        outward = at_hand(
            config,
            routes=routes,
            reaches=reaches,
            store=store,
            clock=clock,
            chance=chance,
            make=make,
            attempted=partial(_attempted, metrics, clock),
        )
        courier = await stack.enter_async_context(outward)
        world = _World(config, store, clock, chance, routes, metrics)
        yield Relay(
            tuple([await world.poller(spec, client, courier.wake) for spec in config.sources]), courier
        )


@dataclass(frozen=True)
class _World:
    """What all pollers share."""

    config: Config
    store: Store
    clock: Clock
    chance: random.Random
    routes: Routes
    metrics: Metrics

    async def poller(self, spec: SourceSpec, client: Client, changed: Callable[[], None]) -> Poller:
        return Poller(
            client=client,
            ingest=await self._ingest(spec),
            store=self.store,
            clock=self.clock,
            random=self.chance,
            changed=changed,
            sharing=sum(other.api_key == spec.api_key for other in self.config.sources),
            looked=partial(self.metrics.looked, spec.name),
        )

    async def _ingest(self, spec: SourceSpec) -> Ingest:
        row = await self.store.open_source(
            name=spec.name,
            kind=spec.kind.name,
            identity=spec.identity(),
            renamed_from=spec.renamed_from,
            now=self.clock.now(),
        )
        return Ingest(
            store=self.store,
            spec=spec,
            row=row,
            routes=self.routes,
            clock=self.clock,
            new_id=new_id,
            noticed=partial(self.metrics.noticed, spec.kind.product),
        )


def _routes(config: Config) -> Routes:
    return Routes(
        relay=config.relay,
        router=config.router,
        destinations={name: terms(options) for name, options in config.destinations.items()},
        new_id=new_id,
        alerts_to=config.alerts_to,
    )


def measuring(config: Config) -> Metrics:
    return Metrics(
        [spec.name for spec in config.sources],
        config.destinations,
        {spec.kind.product for spec in config.sources},
    )


def _attempted(metrics: Metrics, clock: Clock, destination: str, result: Result) -> None:
    seen = result.claimed.message.first or result.claimed.message.events[0].timestamp
    metrics.attempted(destination, result, clock.now(), seconds_of(seen))
