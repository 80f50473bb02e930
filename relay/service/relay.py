"""Everything that a configuration names, put together."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiohttp.abc import AbstractResolver

from relay.config import Config
from relay.deliver import Courier, Lanes, Make, Upkeep, made, routes_of, upkeep_of
from relay.deliver.courier import GRACE
from relay.deliver.lane import AGAIN_AFTER_TROUBLE
from relay.destinations import reaching
from relay.errors import Refused, StoreFailed
from relay.ingest import Ingest, LatestRoutes
from relay.model import Clock, new_id, seconds_of
from relay.poll import Poller
from relay.retention import Retention
from relay.sources import Budget, Client, SourceSpec, Transport
from relay.store import Ledger, Result, SourceRow, Store
from relay.web import Metrics

log = logging.getLogger("relay.service")


class Relay:
    """Pollers and courier over one store. `run` returns once `stop` was called and all has ended.

    `upkeep`: what keeps the outbox in order. `chores`: what else is done meanwhile, until cancelled.
    """

    def __init__(
        self,
        pollers: Iterable[Poller],
        courier: Courier,
        upkeep: Upkeep | None = None,
        chores: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
    ) -> None:
        self.pollers = tuple(pollers)
        self.courier = courier
        self._upkeep = upkeep
        self.chores = [*chores, *([upkeep.run] if upkeep else [])]
        self._looking: dict[Poller, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._stop = asyncio.Event()

    @property
    def ledger(self) -> Ledger | None:
        """What the last audit found, with its `imbalance`; None before the first has ended."""
        return self._upkeep.ledger if self._upkeep else None

    def stalled(self) -> list[str]:
        """The looks and lanes that have not moved for longer than they may; none where all is well."""
        sources = [f"source {p.spec.name}" for p in self.pollers if p.progress.overdue()]
        return sources + [f"destination {n}" for n, lane in self.courier.lanes.items() if lane.overdue()]

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        """Raises Refused where a chore finds that relay can't go on."""
        try:
            await self._run()
        except* Refused as refused:
            raise Refused(str(_first(refused))) from None

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as self._group:
            self.put(self.pollers)
            chores = [self._group.create_task(chore()) for chore in self.chores]
            sending = self._group.create_task(self.courier.run())
            await self._stop.wait()
            for task in (*self._looking.values(), *chores):
                task.cancel()
            self.courier.stop()
            await asyncio.wait([sending], timeout=GRACE)
            sending.cancel()

    def put(self, pollers: Iterable[Poller]) -> None:
        """These, in their order; those that do not look yet begin to, once relay runs."""
        self.pollers = tuple(pollers)
        if self._group is None or self._stop.is_set():
            return
        for poller in self.pollers:
            if poller not in self._looking:
                self._looking[poller] = self._group.create_task(poller.run())

    async def take_out(self, poller: Poller) -> None:
        """It looks no more."""
        self.pollers = tuple(other for other in self.pollers if other is not poller)
        if (task := self._looking.pop(poller, None)) is not None:
            task.cancel()
            await asyncio.wait([task])


def _first(group: BaseExceptionGroup[Refused]) -> BaseException:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


class Assembly:
    """A relay, and what it is made of; `become` makes it another while it runs."""

    def __init__(
        self,
        *,
        client: Client,
        lanes: Lanes,
        routes: LatestRoutes,
        store: Store,
        clock: Clock,
        chance: random.Random,
        metrics: Metrics,
        config: Config,
    ) -> None:
        courier = lanes.courier
        self._retention = Retention(store=store, clock=clock, keep=config.retention)
        self._upkeep = upkeep_of(config, routes, store, clock, courier.wake)
        self.relay = Relay((), courier, self._upkeep, chores=(self._retention.run,))
        self._client = client
        self._lanes = lanes
        self._routes = routes
        self._store = store
        self._clock = clock
        self._chance = chance
        self._metrics = metrics

    async def become(self, config: Config) -> None:
        """As this configuration has it. Pollers and lanes of what did not change go on; others end, their
        leases given back, and what is new begins. What was committed by then stays as it was routed.
        """
        lanes = await self._lanes.prepared(config)
        self._metrics.begin(*_names(config))
        self._routes.latest = routes_of(config)
        self._retention.keep = config.retention
        self._upkeep.become(config.destinations.keys(), config.rule_names)
        await asyncio.gather(lanes(), self._look_at(config))

    async def _look_at(self, config: Config) -> None:
        stay = {poller.spec.name: poller for poller in self.relay.pollers if poller.spec in config.sources}
        ended = [poller for poller in self.relay.pollers if poller.spec.name not in stay]
        await asyncio.gather(*map(self.relay.take_out, ended))
        self._client.budget.become(config.sources)
        pollers = []
        for spec in config.sources:
            sharing = sum(other.api_key == spec.api_key for other in config.sources)
            poller = stay.get(spec.name) or await self._poller(spec)
            poller.share(sharing)
            pollers.append(poller)
        self.relay.put(pollers)

    async def _poller(self, spec: SourceSpec) -> Poller:
        return Poller(
            client=self._client,
            ingest=await self._ingest(spec),
            store=self._store,
            clock=self._clock,
            random=self._chance,
            changed=self._lanes.courier.wake,
            looked=partial(self._metrics.looked, spec.name),
        )

    async def _opened(self, spec: SourceSpec) -> SourceRow:
        while True:
            try:
                return await self._store.open_source(
                    name=spec.name,
                    kind=spec.kind.name,
                    identity=spec.identity(),
                    renamed_from=spec.renamed_from,
                    now=self._clock.now(),
                )
            except StoreFailed as error:
                log.warning("source=%s: the store did not answer (%s); it is tried again", spec.name, error)
                await self._clock.sleep(AGAIN_AFTER_TROUBLE)

    async def _ingest(self, spec: SourceSpec) -> Ingest:
        return Ingest(
            store=self._store,
            spec=spec,
            row=await self._opened(spec),
            routes=self._routes,
            clock=self._clock,
            new_id=new_id,
            noticed=partial(self._metrics.noticed, spec.kind.product),
        )


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
) -> AsyncIterator[Assembly]:
    """Everything that a configuration names, ready to run.

    `transport` is what the list API is asked by, `make` makes the destinations, `resolver` is where their
    names are looked up. `own` is where relay itself listens, and never sends to. `metrics` hears of all.
    """
    metrics, routes = metrics or measuring(config), LatestRoutes(routes_of(config))
    budget = Budget(clock, config.sources)
    asking = Client(clock=clock, random=chance, budget=budget, transport=transport)
    async with asking as client, reaching(own, resolver) as reaches:
        shared: Any = {"routes": routes, "store": store, "clock": clock, "chance": chance}
        told = partial(_attempted, metrics, clock)
        lanes = Lanes(reaches=reaches, make=make, attempted=told, **shared)
        assembly = Assembly(client=client, lanes=lanes, metrics=metrics, config=config, **shared)
        try:
            await assembly.become(config)
            yield assembly
        finally:
            await lanes.close()


def measuring(config: Config) -> Metrics:
    return Metrics(*_names(config))


def _names(config: Config) -> tuple[list[str], list[str], set[str]]:
    """Of sources, destinations and products."""
    return (
        [spec.name for spec in config.sources],
        [*config.destinations],
        {spec.kind.product for spec in config.sources},
    )


def _attempted(metrics: Metrics, clock: Clock, destination: str, result: Result) -> None:
    if not result.claimed.is_attempt:
        return
    seen = result.claimed.message.first or result.claimed.message.events[0].timestamp
    metrics.attempted(destination, result, clock.now(), seconds_of(seen))
