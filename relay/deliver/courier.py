"""All lanes, and what wakes them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from relay.deliver.lane import AGAIN_AFTER_TROUBLE, Lane
from relay.errors import StoreFailed
from relay.model import Clock
from relay.store import Store

log = logging.getLogger("relay.deliver")

WATCH_EVERY = 0.9
"""Seconds between looks at whether another process, such as `relay retry`, has changed the outbox."""

JUMP = 1.0
"""Seconds by which the wall clock has to have gone another way than time itself to be taken as set anew."""

GRACE = 5.0
"""Seconds that what is being sent may take to end after a stop was asked for."""


class Courier:
    """All lanes, and what wakes them. What is put in or taken out while it runs harms no other lane."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        *,
        store: Store,
        clock: Clock,
        watch_every: float = WATCH_EVERY,
    ) -> None:
        self.lanes = dict(lanes)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._stop = asyncio.Event()
        self._store = store
        self._clock = clock
        self._watch_every = watch_every

    def wake(self) -> None:
        for lane in self.lanes.values():
            lane.wake()

    async def run(self) -> None:
        """Until `stop`. At its begin and end no claim is anyone's: it is the only one on the database."""
        await self._until_done(lambda: self._store.begin(now=self._clock.now()))
        try:
            async with asyncio.TaskGroup() as self._group:
                watch = self._group.create_task(self._watch())
                for name in self.lanes:
                    self._start(name)
                await self._stop.wait()
                await asyncio.gather(*self._running.values())
                watch.cancel()
        finally:
            self._group = None
            await self._done(self._store.end_leases(now=self._clock.now()))

    def _start(self, name: str) -> None:
        if self._group is not None and not self._stop.is_set():
            self._running[name] = self._group.create_task(self.lanes[name].run())

    def put(self, name: str, lane: Lane) -> None:
        """Have this lane run, too."""
        self.lanes[name] = lane
        self._start(name)

    async def change(self, renamed: Mapping[str, str], renamed_rules: Mapping[str, str]) -> None:
        """What waits under an old name (by the new), or for a rule that was not there, is looked at anew."""
        await self._until_done(lambda: self._store.change(renamed=renamed, renamed_rules=renamed_rules))
        self.wake()

    async def take_out(self, name: str) -> None:
        """End this lane as `stop` would, let its leases go and what its destination holds."""
        lane = self.lanes.pop(name)
        lane.stop()
        if (task := self._running.pop(name, None)) is not None:
            await asyncio.wait([task], timeout=GRACE)
            task.cancel()
            await asyncio.wait([task])
        # Whatever it takes: the next lane of that name would pass over them.
        await self._until_done(lambda: self._store.end_leases(of=name, now=self._clock.now()))
        await lane.sender.close()

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        while not await self._done(work()):
            await self._clock.sleep(AGAIN_AFTER_TROUBLE)

    async def _done(self, work: Awaitable[None]) -> bool:
        try:
            await work
        except StoreFailed as error:
            log.warning("courier: the store did not answer (%s)", error)
            return False
        return True

    def stop(self) -> None:
        self._stop.set()
        for lane in self.lanes.values():
            lane.stop()

    async def _watch(self) -> None:
        version, ahead = None, self._ahead()
        while True:
            try:
                now = await self._store.version()
            except StoreFailed:
                now = None
            jump = self._ahead() - ahead
            if abs(jump) < JUMP or await self._heeds(jump):
                ahead += jump
            if now != version or abs(jump) >= JUMP:
                version = now
                self.wake()
            await self._clock.beat(self._watch_every)

    def _ahead(self) -> float:
        """How far the wall clock is ahead of the one that is never set."""
        return self._clock.now() - self._clock.monotonic()

    async def _heeds(self, jump: float) -> bool:
        """What waits does not wait for a clock that was set back to come there again."""
        log.warning("courier: the clock was set %s by %.0f s", "back" if jump < 0 else "forward", abs(jump))
        return jump > 0 or await self._done(self._store.cut_waits(now=self._clock.now()))
