"""The courier: takes what is due to its destination, one lane each; one lane's trouble is its own."""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping

import msgspec

from relay import schedule
from relay.destinations import Destination, Options, Receipt
from relay.errors import DeliveryFailed, StoreFailed
from relay.message import Message, Text
from relay.model import Clock, seconds_of, utc_text
from relay.store import Claimed, Result, Store

log = logging.getLogger("relay.deliver")

IDLE = 30.0
"""Seconds a lane sleeps at most when nothing wakes it: a safety net, not the schedule."""

WATCH_EVERY = 0.5
"""Seconds between looks at whether another process, such as `relay retry`, has changed the outbox."""

AGAIN_AFTER_TROUBLE = 1.0

AHEAD = 64
"""Deliveries claimed beyond those being sent, at least, so that no free place waits for the disk."""

GATHER = 0.005
"""Seconds in which results gather for one commit while enough is claimed."""


class Lane:
    """One destination: claims what is due, sends up to `concurrency` at a time, settles in groups.

    Some more are claimed ahead, so that a freed place never waits for the disk; each attempt is counted in
    the commit of its claim, and what was not sent is given back uncounted.
    """

    def __init__(
        self,
        name: str,
        options: Options,
        destination: Destination,
        *,
        store: Store,
        clock: Clock,
        random: random.Random,
        owner: str,
        words: Callable[[Message], Text] | None = None,
    ) -> None:
        self.name = name
        self._options = options
        self._destination = destination
        self._store = store
        self._clock = clock
        self._random = random
        self._owner = owner
        self._words = words
        self._ahead = max(AHEAD, options.concurrency)
        self._ready: asyncio.Queue[tuple[Claimed, float]] = asyncio.Queue()
        self._results: list[Result] = []
        self._unsent: list[Claimed] = []
        self._busy = 0
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`; then what is being sent is finished, and what was only claimed is given back."""
        try:
            async with asyncio.TaskGroup() as group:
                workers = [group.create_task(self._work()) for _ in range(self._options.concurrency)]
                while not (self._is_over() and not self._results):
                    await self._turn_or_trouble()
                for worker in workers:
                    worker.cancel()
        finally:
            await self._give_back()

    def stop(self) -> None:
        self._stopping = True
        self.wake()

    def _is_over(self) -> bool:
        return self._stopping and self._busy == 0

    async def _turn_or_trouble(self) -> None:
        results, self._results = self._results, []
        unsent, self._unsent = self._unsent, []
        try:
            await self._turn(results, unsent)
        except Exception:  # the top of this loop; what was not settled is kept
            self._results = results + self._results
            self._unsent = unsent + self._unsent
            log.exception("lane destination=%s: the store did not answer; it is tried again", self.name)
            await self._clock.sleep(AGAIN_AFTER_TROUBLE)

    async def _turn(self, results: list[Result], unsent: list[Claimed]) -> None:
        self._wake.clear()
        now = self._clock.now()
        lease_until = schedule.lease_end(now, self._options.timeout)
        turn = await self._store.turn(
            destination=self.name,
            owner=self._owner,
            results=results,
            unsent=unsent,
            room=self._room(),
            lease_until=lease_until,
            now=now,
        )
        for claimed in turn.claimed:
            self._ready.put_nowait((claimed, lease_until))
        if not (turn.claimed or self._results or self._unsent or self._is_over()):
            await self._rest(turn.next_due)
        elif self._ready.qsize() > self._ahead // 2 and not self._stopping:
            await self._clock.sleep(GATHER)

    def _room(self) -> int:
        room = self._options.concurrency + self._ahead - self._busy - self._ready.qsize()
        return 0 if self._stopping else room

    async def _rest(self, next_due: str | None) -> None:
        """Until something was sent, someone wakes the lane, or the next delivery is due."""
        wait = IDLE if next_due is None else min(IDLE, seconds_of(next_due) - self._clock.now())
        timer = asyncio.ensure_future(self._clock.sleep(max(0.0, wait)))
        wake = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait((timer, wake), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            wake.cancel()

    async def _work(self) -> None:
        while True:
            claimed, lease_until = await self._ready.get()
            if self._stopping or self._clock.now() + self._options.timeout > lease_until:
                self._unsent.append(claimed)
                self.wake()
                continue
            self._busy += 1
            try:
                result = await self._attempt(claimed)
                self._results.append(result)  # not in one line: the list may be another after the wait
            finally:
                self._busy -= 1
                self.wake()

    async def _attempt(self, claimed: Claimed) -> Result:
        began = self._clock.now()
        try:
            receipt = await self._send(claimed)
        except DeliveryFailed as failure:
            result = self._failed(claimed, began, failure)
        except Exception as error:  # the top of a worker's loop: a bug is a failed attempt
            log.exception("attempt destination=%s delivery=%s: a fault of relay's own", self.name, claimed.id)
            fault = DeliveryFailed(f"a fault of relay's own ({type(error).__name__}); its log says more")
            result = self._failed(claimed, began, fault)
        else:
            result = self._delivered(claimed, began, receipt)
        self._log(result)
        return result

    def _delivered(self, claimed: Claimed, began: float, receipt: Receipt) -> Result:
        return Result(
            claimed=claimed,
            started_at=utc_text(began),
            seconds=self._clock.now() - began,
            delivered=True,
            status=receipt.status,
            answer=receipt.answer,
        )

    async def _send(self, claimed: Claimed) -> Receipt:
        message = claimed.message
        if self._words is not None:
            message = msgspec.structs.replace(message, text=self._words(message))
        try:
            async with asyncio.timeout(self._options.timeout) as limit:
                return await self._destination.send(message)
        except TimeoutError:
            reason = f"no whole answer within {self._options.timeout:g} s" if limit.expired() else "timed out"
            raise DeliveryFailed(reason) from None
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            # The destination cancelled itself; its lane goes on.
            raise DeliveryFailed("was broken off within relay") from None

    def _failed(self, claimed: Claimed, began: float, failure: DeliveryFailed) -> Result:
        now = self._clock.now()
        due = None
        if not failure.permanent:
            due = schedule.next_attempt(
                claimed.failures + 1,
                now=now,
                give_up_at=seconds_of(claimed.give_up_at),
                retry_after=failure.retry_after,
                chance=self._random.random(),
            )
        return Result(
            claimed=claimed,
            started_at=utc_text(began),
            seconds=now - began,
            delivered=False,
            due_at=None if due is None else utc_text(due),
            status=failure.status,
            answer=failure.answer,
            reason=failure.reason,
        )

    def _log(self, result: Result) -> None:
        outcome = "delivered" if result.delivered else "dead" if result.due_at is None else "failed"
        message = result.claimed.message
        line = (
            f"attempt destination={self.name} delivery={message.id} rule={message.rule} "
            f"nth={result.claimed.attempt} outcome={outcome} status={result.status} "
            f"seconds={result.seconds:.3f}"
        )
        if result.delivered:
            log.info("%s", line)
        else:
            log.warning("%s again=%s reason=%s", line, result.due_at, result.reason)

    async def _give_back(self) -> None:
        """And settle what is not settled yet, in one transaction."""
        while not self._ready.empty():
            self._unsent.append(self._ready.get_nowait()[0])
        now = self._clock.now()
        try:
            await self._store.turn(
                destination=self.name,
                owner=self._owner,
                results=self._results,
                unsent=self._unsent,
                room=0,
                lease_until=now,
                now=now,
            )
        except StoreFailed as error:
            log.warning("lane destination=%s: its leases are not given back (%s); they end", self.name, error)


class Courier:
    """All lanes, and what wakes them."""

    def __init__(
        self, lanes: Mapping[str, Lane], *, store: Store, clock: Clock, watch_every: float = WATCH_EVERY
    ) -> None:
        self._lanes = lanes
        self._store = store
        self._clock = clock
        self._watch_every = watch_every

    def wake(self) -> None:
        for lane in self._lanes.values():
            lane.wake()

    async def run(self) -> None:
        """Until `stop`. At its begin and end no claim is anyone's: it is the only one on the database."""
        while not await self._end_leases():
            await self._clock.sleep(AGAIN_AFTER_TROUBLE)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch())
                lanes = [group.create_task(lane.run()) for lane in self._lanes.values()]
                await asyncio.gather(*lanes)
                watch.cancel()
        finally:
            await self._end_leases()

    async def _end_leases(self) -> bool:
        try:
            await self._store.end_leases(now=self._clock.now())
        except StoreFailed as error:
            log.warning("courier: the store did not answer (%s)", error)
            return False
        return True

    def stop(self) -> None:
        for lane in self._lanes.values():
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
