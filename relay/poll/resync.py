"""The second look, hourly: at what is open, and at what ended within a day, a few questions at a time."""

from dataclasses import replace

from relay import plan
from relay.model import Clock, canonical_time, seconds_of, utc_text
from relay.plan import Listing, Question, Straggler
from relay.poll.asking import Asking
from relay.store import Store

EVERY = 3600.0
SHARE = 0.2
"""Of the budget, for resync."""


class Resync:
    """Hands out its questions as fast as its share of the budget grows; looks ask them on their way.

    `per_second`: requests that this source's part of the share allows.
    """

    def __init__(self, *, asking: Asking, store: Store, clock: Clock, per_second: float) -> None:
        self._asking = asking
        self._ingest = asking.ingest
        self._store = store
        self._clock = clock
        self.per_second = per_second
        self._left: list[Listing | Question] = []
        self._room = 0.0
        self._grown_at = clock.now()

    async def next(self) -> list[Listing | Question]:
        """What to ask now; the same again until it is `done`."""
        now = self._clock.now()
        if not self._left and self._is_due(now):
            self._left = await self._planned(now)
        grown = max(0.0, now - self._grown_at) * self.per_second
        self._room = min(self._room + grown, 60 * self.per_second + 1) if self._left else 0.0
        self._grown_at = now
        return self._left[: max(0, int(self._room))]

    async def done(self, count: int, requests: int) -> None:
        """So many questions took so many requests; what was too many is made up for by waiting."""
        if not count:
            return
        self._room -= requests
        del self._left[:count]
        if not self._left:
            now = self._clock.now()
            await self._store.resynced(source=self._ingest.row.id, now=now)
            self._ingest.row = replace(self._ingest.row, resynced_at=utc_text(now))

    def _is_due(self, now: float) -> bool:
        since = self._ingest.row.resynced_at
        return since is not None and not 0 <= now - seconds_of(since) < EVERY  # a clock may go back

    async def _planned(self, now: float) -> list[Listing | Question]:
        can, day_ago = self._asking.can, self._ingest.api_now() - plan.DAY
        if not can.dates:
            new = plan.what_is_new(
                self._asking.ordering,
                until=canonical_time(utc_text(day_ago)),
                end=self._asking.end,
                page_size=can.page_size,
            )
            return plan.resync(can, (), recent="", undated=new or (Listing(),))
        rows = await self._store.ended(source=self._ingest.row.id, since=utc_text(now - plan.DAY))
        ended = [Straggler(job_id, created_at, status, 0.0) for job_id, created_at, status, _ in rows]
        return plan.resync(can, ended, recent=canonical_time(utc_text(day_ago - plan.DAY)))
