"""All lanes, and what wakes them."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping

from relay.deliver.lane import AGAIN_AFTER_TROUBLE, Lane
from relay.errors import StoreFailed
from relay.model import Clock
from relay.store import Store

log = logging.getLogger("relay.deliver")

WATCH_EVERY = 0.5
"""Seconds between looks at whether another process, such as `relay retry`, has changed the outbox."""


class Courier:
    """All lanes, and what wakes them. `renamed`: destinations that had another name, with that."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        *,
        store: Store,
        clock: Clock,
        watch_every: float = WATCH_EVERY,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self.lanes = lanes
        self._store = store
        self._clock = clock
        self._watch_every = watch_every
        self._renamed = renamed

    def wake(self) -> None:
        for lane in self.lanes.values():
            lane.wake()

    async def run(self) -> None:
        """Until `stop`. At its begin and end no claim is anyone's: it is the only one on the database."""
        while not await self._done(self._store.begin(renamed=self._renamed, now=self._clock.now())):
            await self._clock.sleep(AGAIN_AFTER_TROUBLE)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch())
                lanes = [group.create_task(lane.run()) for lane in self.lanes.values()]
                await asyncio.gather(*lanes)
                watch.cancel()
        finally:
            await self._done(self._store.end_leases(now=self._clock.now()))

    async def _done(self, work: Awaitable[None]) -> bool:
        try:
            await work
        except StoreFailed as error:
            log.warning("courier: the store did not answer (%s)", error)
            return False
        return True

    def stop(self) -> None:
        for lane in self.lanes.values():
            lane.stop()

    async def _watch(self) -> None:
        version = None
        while True:
            try:
                now = await self._store.version()
            except StoreFailed:
                now = None
            if now != version:
                version = now
                self.wake()
            await self._clock.sleep(self._watch_every)
