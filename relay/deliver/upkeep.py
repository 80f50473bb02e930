"""What is looked after now and then: deliveries that no lane takes, and the ledger."""

import asyncio
import logging
from collections.abc import Callable, Collection

from relay.errors import StoreFailed
from relay.ingest import OwnNews
from relay.model import Clock
from relay.store import Edge, Ledger, Overdue, Store

log = logging.getLogger("relay.deliver")

GIVE_UP_EVERY = 3600.0
AUDIT_EVERY = 86400.0

BETWEEN_SLICES = 0.02
"""Seconds in which others may read, after each slice of the audit."""


class Upkeep:
    """Of deliveries whose destination or rule is not among these, and of the ledger.

    `ledger`: what the last audit that was whole has found; None before the first.
    """

    def __init__(
        self,
        *,
        destinations: Collection[str],
        rules: Collection[str],
        store: Store,
        clock: Clock,
        news: OwnNews,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        self.ledger: Ledger | None = None
        self._destinations = destinations
        self._rules = rules
        self._store = store
        self._clock = clock
        self._news = news
        self._told = told

    def become(self, destinations: Collection[str], rules: Collection[str]) -> None:
        """Of all but these from now on."""
        self._destinations, self._rules = destinations, rules

    async def run(self) -> None:
        """Until cancelled: at once, then each hour, the audit each day."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._now_and_then(self.give_up, GIVE_UP_EVERY))
            group.create_task(self._now_and_then(self.audit, AUDIT_EVERY))

    async def _now_and_then(self, work: Callable[[], object], every: float) -> None:
        while True:
            await work()  # type: ignore[misc]
            await self._clock.sleep(every)

    async def give_up(self) -> None:
        """What no lane takes and whose time is over is dead."""
        try:
            while overdue := await self._store.overdue(
                destinations=self._destinations, rules=self._rules, now=self._clock.now()
            ):
                for one in overdue:
                    await self._give_up(one)
        except StoreFailed as error:
            log.warning("upkeep: the store did not answer (%s); it is tried again in an hour", error)

    async def _give_up(self, overdue: Overdue) -> None:
        now = self._clock.now()

        def dead(why: str) -> Edge:
            return self._news.edge("dead", overdue.destination, why, now)

        ended = await self._store.give_up(overdue=overdue, dead=dead, now=now)
        log.warning("upkeep: %d deliveries to %s are %s", ended, overdue.destination, overdue.reason)
        self._told()

    async def audit(self) -> None:
        """The whole ledger, in slices between which others read."""
        ledger, place = Ledger(), None
        try:
            while True:
                part, place = await self._store.audit_slice(after=place)
                ledger += part
                if place is None:
                    break
                await self._clock.sleep(BETWEEN_SLICES)
        except StoreFailed as error:
            log.warning("ledger: the store did not answer (%s)", error)
            return
        self.ledger = ledger
        _log(ledger)


def _log(ledger: Ledger) -> None:
    log.log(
        logging.WARNING if ledger.amiss else logging.INFO,
        "ledger events=%d matched=%d unmatched=%d deliveries=%d amiss=%d",
        ledger.transitions,
        ledger.matched,
        ledger.unmatched,
        sum(ledger.deliveries.values()),
        ledger.imbalance,
    )
    for line in ledger.amiss:
        log.warning("ledger amiss: %s", line)
