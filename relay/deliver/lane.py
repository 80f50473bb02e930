"""A lane: claims what is due to one destination, sends so many at a time, settles in groups."""

import asyncio
import logging
from collections.abc import Callable, Container
from typing import Literal

from relay import schedule
from relay.deliver.attempt import Sender, Texts
from relay.deliver.gate import Gate
from relay.deliver.room import Ready, places, wait_for
from relay.deliver.words import Words, worded
from relay.destinations import Options
from relay.errors import DeliveryFailed, StoreFailed
from relay.ingest import OwnNews
from relay.model import Clock, seconds_of
from relay.progress import Progress
from relay.store import Claimed, Claims, Edge, Result, Store, Turn

log = logging.getLogger("relay.deliver")

IDLE = 30.0
"""Seconds a lane sleeps at most when nothing wakes it: a safety net, not the schedule."""

AGAIN_AFTER_TROUBLE = 1.0
SAID_EVERY = 60

LONGEST_TURN = 120.0
"""Seconds in which what moves has had its turn at the store, beyond those it may sleep or send."""

GATHER = 0.005
"""Seconds in which results gather for one commit while enough is claimed."""


class Lane:
    """One destination. Some more than is being sent is claimed ahead, so that a freed place never waits for
    the disk; an attempt is counted in the commit of its claim, and what was not sent is given back uncounted.

    Messages that are brought up to date in place go one by one. `words`: what the rules' templates say;
    `tables`: whether a large group comes with its events as rows; `rules`: those of the configuration, None
    for all; `told`: called when there is news of this destination that others may have to hear of.
    """

    def __init__(
        self,
        name: str,
        options: Options,
        sender: Sender,
        *,
        store: Store,
        clock: Clock,
        owner: str,
        news: OwnNews,
        told: Callable[[], None] = lambda: None,
        words: Words | None = None,
        tables: bool = False,
        rules: Container[str] | None = None,
    ) -> None:
        self.name = name
        self._turns = Progress()
        self._sends: list[Progress] = []
        self._options = options
        self.sender = sender
        self._store = store
        self._clock = clock
        self._owner = owner
        self._news = news
        self._told = told
        self._words = words
        self._tables = tables
        self._rules = rules
        self._at_a_time, self._ahead = places(options)
        self._ready: asyncio.Queue[Ready] = asyncio.Queue()
        self._results: list[Result] = []
        self._unsent: list[Claimed] = []
        self._edges: list[Edge] = []
        self._busy = 0
        self._troubles = 0
        self._gate = Gate(options, clock)
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()

    @property
    def probe_at(self) -> float | None:
        """When the destination, being down, is tried again; in seconds since 1970."""
        probe_at = self._gate.breaker.probe_at
        return None if probe_at is None else self._clock.now() + probe_at - self._clock.monotonic()

    def overdue(self) -> bool:
        """Whether its turns, or something that it sends, do not get on."""
        return any(moves.overdue() for moves in (self._turns, *self._sends))

    def heed(self, words: Words | None, text: Texts | None, rules: Container[str]) -> None:
        """From the next claim on, by these words, this text and these rules."""
        self._words, self._rules = words, rules
        self.sender.text, self.sender.words = text, words

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stop.set()
        self.wake()

    async def run(self) -> None:
        """Until `stop`; then what is being sent is finished, and what was only claimed is given back."""
        try:
            async with asyncio.TaskGroup() as group:
                workers = [group.create_task(self._work()) for _ in range(self._at_a_time)]
                await self._remember()
                while not (self._is_over() and not self._results):
                    await self._turn_or_trouble()
                for worker in workers:
                    worker.cancel()
        finally:
            await self._give_back()

    async def _remember(self) -> None:
        """A destination that was down when relay stopped is still taken to be."""
        while not self._stop.is_set():
            try:
                is_down = await self._store.is_down(destination=self.name)
            except StoreFailed as error:
                self._say_trouble(error)
                await self._clock.sleep(AGAIN_AFTER_TROUBLE)
            else:
                if is_down:
                    self._gate.was_down()
                return

    def _is_over(self) -> bool:
        return self._stop.is_set() and self._busy == 0

    async def _turn_or_trouble(self) -> None:
        results, self._results = self._results, []
        unsent, self._unsent = self._unsent, []
        edges, self._edges = self._edges, []
        try:
            turn = await self._turn(results, unsent, edges)
        except Exception as error:  # noqa: BLE001 - the top of this loop; what was not settled is kept
            self._results = results + self._results
            self._unsent = unsent + self._unsent
            self._edges = edges + self._edges
            self._say_trouble(error)
            await self._clock.sleep(AGAIN_AFTER_TROUBLE)
        else:
            self._troubles = 0
            await self._pause(turn)

    def _say_trouble(self, error: Exception) -> None:
        """Once a minute: a full disk may hold the log, too."""
        if self._troubles % SAID_EVERY == 0:
            known = isinstance(error, StoreFailed)
            line = f"lane destination={self.name}: the store failed ({error}); it is tried again"
            log.warning("%s", line, exc_info=None if known else error)
        self._troubles += 1

    async def _turn(self, results: list[Result], unsent: list[Claimed], edges: list[Edge]) -> Turn:
        self._wake.clear()
        self._turns.within(IDLE + LONGEST_TURN)
        now = self._clock.now()
        claims, lease_until = self._claims(now), self._lease_end(self._clock.monotonic())
        turn = await self._store.turn(
            destination=self.name,
            owner=self._owner,
            results=results,
            unsent=unsent,
            edges=edges,
            dead=lambda why: self._edge("dead", why),
            claims=claims,
            now=now,
        )
        words = None if self._options.is_living else self._words  # there they are said at each change
        try:
            turn = await worded(turn, words, self._store, self._clock, self._options.timeout)
        except BaseException:  # no claim is left without anyone who sends it or gives it back
            self._unsent += turn.claimed
            raise
        for claimed in turn.claimed:
            self._ready.put_nowait(Ready(claimed, lease_until, claims.probe))
        self._unsent += turn.unread
        if turn.news:
            self._told()
        return turn

    def _claims(self, now: float) -> Claims:
        taken = self._busy + self._ready.qsize()
        return Claims(
            room=self._room(taken),
            lease_until=self._lease_end(now),
            probe=not self._gate.is_open,
            living=self._options.is_living,
            begun_by=self._options.begun_by,
            tables=self._tables,
            idle=not taken,
            rules=self._rules,
        )

    def _lease_end(self, now: float) -> float:
        return schedule.lease_end(now, self._options.timeout)

    def _room(self, taken: int) -> int:
        if self._stop.is_set() or self._gate.opens_in() > 0:
            return 0
        if not self._gate.is_open:
            return 0 if taken else 1
        return self._at_a_time + self._ahead - taken

    async def _pause(self, turn: Turn) -> None:
        if turn.unread:
            await self._clock.sleep(AGAIN_AFTER_TROUBLE)
        elif not (turn.claimed or self._results or self._unsent or self._edges or self._is_over()):
            await self._rest(turn.next_due)
        elif self._ready.qsize() > self._ahead // 2 and not self._stop.is_set():
            await self._clock.sleep(GATHER)

    async def _rest(self, next_due: str | None) -> None:
        """Until something was sent, someone wakes the lane, or the next delivery is due."""
        wait = IDLE if next_due is None else seconds_of(next_due) - self._clock.now()
        await wait_for(self._clock, self._wake, min(IDLE, self._gate.opens_in() or wait))

    async def _work(self) -> None:
        self._sends.append(moves := Progress())
        while True:
            moves.rests()
            ready = await self._ready.get()
            moves.within(self._lease_end(0.0) + LONGEST_TURN)
            self._busy += 1
            try:
                if await self._may_send(ready):
                    await self._send(ready.claimed)
                else:
                    self._unsent.append(ready.claimed)
            finally:
                self._busy -= 1
                self.wake()

    async def _may_send(self, ready: Ready) -> bool:
        """Wait for the lane's rate. False where it is not to be sent under this claim."""
        wait = self._gate.turn_in(ready.lease_until)
        if wait is None:
            return False
        if wait:
            await wait_for(self._clock, self._stop, wait)
        return not self._stop.is_set() and self._gate.lets(probe=ready.probe)

    async def _send(self, claimed: Claimed) -> None:
        began = self._clock.monotonic()
        result, failure = await self.sender.attempt(claimed)
        self._results.append(result)  # not in one line: the list may be another after the wait
        if failure is None:
            if self._gate.succeeded(began):
                self._edges.append(self._edge("up", None))
        else:
            self._fails(result, failure, began)

    def _fails(self, result: Result, failure: DeliveryFailed, began: float) -> None:
        if (why := self._gate.failed(result.claimed.id, failure, began)) is not None:
            self._edges.append(self._edge("down", why))
        is_dead = result.claimed.is_attempt and result.due_at is None
        if is_dead and not result.claimed.is_own:
            self._edges.append(self._edge("dead", failure.reason))

    def _edge(self, what: Literal["down", "up", "dead"], why: str | None) -> Edge:
        return self._news.edge(what, self.name, why, self._clock.now())

    async def _give_back(self) -> None:
        """And settle what is not settled yet, in one transaction."""
        while not self._ready.empty():
            self._unsent.append(self._ready.get_nowait().claimed)
        try:
            await self._store.turn(
                destination=self.name,
                owner=self._owner,
                results=self._results,
                unsent=self._unsent,
                edges=self._edges,
                now=self._clock.now(),
            )
        except StoreFailed as error:
            log.warning("lane destination=%s: its leases are not given back (%s); they end", self.name, error)
