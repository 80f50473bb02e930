"""What is older than `retention` goes, in slices so small that nothing else waits for them."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from relay.errors import StoreFailed
from relay.model import Clock, utc_text
from relay.store import Slice, Store

log = logging.getLogger("relay.retention")

EVERY = 3600.0
PAUSE, PAUSES = 0.01, 1
"""Seconds between two slices: so many at least, and so many times what the last one took, waits included."""

LONGEST_PAUSE = 5.0


@dataclass(kw_only=True)
class Pruned:
    jobs: int = 0
    events: int = 0


class Retention:
    """`keep`: seconds that what has ended is kept, counted from its end."""

    def __init__(self, *, store: Store, clock: Clock, keep: float) -> None:
        self._store = store
        self._clock = clock
        self.keep = keep

    async def run(self) -> None:
        """At once, then hourly, until cancelled."""
        while True:
            try:
                await self.prune()
            except StoreFailed as error:
                log.warning("retention: the store did not answer (%s); it is tried again in an hour", error)
            await self._clock.sleep(EVERY)

    async def prune(self) -> Pruned:
        """One pass over all that is old."""
        began, before = self._clock.now(), utc_text(max(0.0, self._clock.now() - self.keep))
        pruned = Pruned()
        for source in await self._store.pruning_begins(before=before):
            if source:
                await self._slices(partial(self._store.prune_jobs, source=source, before=before), pruned)
            await self._slices(partial(self._store.prune_own_events, source=source, before=before), pruned)
        await self._slices(partial(self._store.prune_hints, before=before), pruned)
        await self._slices(self._store.shrink, pruned)
        if pruned.events or pruned.jobs:
            seconds = self._clock.now() - began
            log.info(
                "retention before=%s jobs=%d events=%d seconds=%.1f",
                before,
                pruned.jobs,
                pruned.events,
                seconds,
            )
        return pruned

    async def _slices(self, prune: Callable[..., Awaitable[Slice[Any]]], pruned: Pruned) -> None:
        place: dict[str, Any] = {}
        while True:
            began = self._clock.now()
            done = await prune(**place)
            pruned.jobs += done.jobs
            pruned.events += done.events
            if done.after is None:
                return
            place = {"after": done.after}
            took = self._clock.now() - began
            await self._clock.sleep(min(LONGEST_PAUSE, max(PAUSE, PAUSES * took)))
