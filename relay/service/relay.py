"""Everything that a configuration names, put together."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp.abc import AbstractResolver

from relay.config import Config
from relay.deliver import Courier, Make, Upkeep, at_hand, made, routes_of, upkeep_of
from relay.destinations import reaching
from relay.errors import Refused
from relay.ingest import Ingest, Routes
from relay.model import Clock, new_id, seconds_of
from relay.poll import Poller
from relay.retention import Retention
from relay.sources import Budget, Client, SourceSpec, Transport
from relay.store import Ledger, Result, Store
from relay.web import Metrics

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

    def stalled(self) -> list[str]:
        """The looks and lanes that have not moved for longer than they may; none where all is well."""
        sources = [f"source {p.spec.name}" for p in self.pollers if p.progress.overdue()]
        return sources + [f"lane {n}" for n, lane in self.courier.lanes.items() if lane.progress.overdue()]

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
        routes = routes_of(config)
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
        pollers = [await world.poller(spec, client, courier.wake) for spec in config.sources]
        yield world.relay(tuple(pollers), courier)


@dataclass(frozen=True)
class _World:
    """What all parts of a relay share."""

    config: Config
    store: Store
    clock: Clock
    chance: random.Random
    routes: Routes
    metrics: Metrics

    def relay(self, pollers: tuple[Poller, ...], courier: Courier) -> Relay:
        upkeep = upkeep_of(self.config, self.routes, self.store, self.clock, courier.wake)
        retention = Retention(store=self.store, clock=self.clock, keep=self.config.retention)
        return Relay(pollers, courier, upkeep, chores=(retention.run,))

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


def measuring(config: Config) -> Metrics:
    return Metrics(
        [spec.name for spec in config.sources],
        config.destinations,
        {spec.kind.product for spec in config.sources},
    )


def _attempted(metrics: Metrics, clock: Clock, destination: str, result: Result) -> None:
    if not result.claimed.is_attempt:
        return
    seen = result.claimed.message.first or result.claimed.message.events[0].timestamp
    metrics.attempted(destination, result, clock.now(), seconds_of(seen))
