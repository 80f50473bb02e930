"""A relay at work, as those who look at it see it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from relay.config import Config
from relay.deliver import Courier
from relay.model import Clock
from relay.poll import Poller
from relay.sources.pace import paces
from relay.store import Ledger, Store, Summary
from relay.web.health import Read, reasons

FRESH = 2.0
"""Seconds for which a summary of the store serves all who ask for one, at least."""

SHARE = 50.0
"""Times that it took for which it serves, so that no one's asking costs more than a share of a core."""


@dataclass(kw_only=True)
class View:
    """What is served is asked of this. A reload replaces `config` and `pollers`."""

    config: Config
    store: Store
    clock: Clock
    pollers: Mapping[str, Poller]
    courier: Courier
    began: float
    ledger: Callable[[], Ledger | None] = lambda: None  # what the last audit found
    _summary: Summary | None = None
    _fresh_until: float = 0.0
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(
        cls,
        config: Config,
        pollers: Iterable[Poller],
        courier: Courier,
        *,
        store: Store,
        clock: Clock,
        ledger: Callable[[], Ledger | None],
    ) -> "View":
        """Of a relay that begins now."""
        return cls(
            config=config,
            store=store,
            clock=clock,
            pollers={poller.spec.name: poller for poller in pollers},
            courier=courier,
            began=clock.now(),
            ledger=ledger,
        )

    @property
    def imbalance(self) -> int | None:
        """How much the ledger can't account for, once it was asked."""
        ledger = self.ledger()
        return None if ledger is None else ledger.imbalance

    async def summary(self) -> Summary:
        """How things stand, at most some seconds old. Raises StoreFailed."""
        async with self._reading:
            began = asyncio.get_running_loop().time()
            if self._summary is None or began > self._fresh_until:
                self._summary = await self.store.summary()
                now = asyncio.get_running_loop().time()
                self._fresh_until = now + max(FRESH, SHARE * (now - began))
            return self._summary

    def reads(self) -> list[Read]:
        """How long ago each source was read, and how often it should be."""
        took = {name: poller.last.requests for name, poller in self.pollers.items() if poller.last}
        every = paces(self.config.sources, took)
        return [
            Read(
                source=name,
                age=self.clock.now() - (poller.last_good if poller.last_good is not None else self.began),
                pace=max(every[name], poller.last.seconds if poller.last else 0.0),
                was=poller.last_good is not None,
                trouble=None if poller.last is None or poller.last.word == "good" else poller.last.word,
            )
            for name, poller in self.pollers.items()
        ]

    def is_ready(self) -> bool:
        """Whether every source is read in time."""
        return not reasons(self.reads())


VIEW = web.AppKey("view", View)
