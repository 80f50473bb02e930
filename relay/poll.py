"""A source's loop: look, ingest, wait. One source's trouble is its own."""

import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from relay.errors import LookFailed
from relay.ingest import Ingest, Look
from relay.model import Clock, canonical_time, seconds_of, utc_text
from relay.plan import LINGER, Can, Listing, Plan, first_look, first_window, open_words, steady_look
from relay.sources import Client, Page, SourceSpec, Walk
from relay.store import Store

log = logging.getLogger("relay.poll")

MIN_PAUSE = 0.05
LONGEST_BACKOFF = 60.0
DENIED_WAIT, DENIED_LATER_WAIT, DENIED_LATER = 60.0, 300.0, 10


@dataclass(frozen=True, kw_only=True)
class Looked:
    """How a look went: `trouble` is None when it was whole."""

    seconds: float
    requests: int
    items: int
    changes: int
    trouble: str | None = None
    denied: bool = False
    retry_after: float | None = None


class Poller:
    """Looks at one source again and again; looks of a source never overlap.

    `changed` is called after each page that made events.
    """

    def __init__(
        self,
        *,
        client: Client,
        ingest: Ingest,
        store: Store,
        clock: Clock,
        random: random.Random,
        changed: Callable[[], None],
    ) -> None:
        self.spec: SourceSpec = ingest.spec
        self._client = client
        self._ingest = ingest
        self._store = store
        self._clock = clock
        self._random = random
        self._changed = changed
        self._failures = ingest.row.failures
        self._requests = 0
        self._can = Can(
            dates=self.spec.kind.dates,
            job_ids=self.spec.kind.job_ids,
            open_words=open_words(self.spec.kind.statuses),
        )

    async def run(self) -> None:
        while True:
            began = self._clock.now()
            try:
                wait = self._wait(await self.look())
            except Exception:  # the top of this loop: what was not stored is seen again
                log.exception("look source=%s: a fault of relay's own; it is tried again", self.spec.name)
                wait = LONGEST_BACKOFF
            spent = max(0.0, self._clock.now() - began)
            await self._clock.sleep(max(MIN_PAUSE, wait - spent))

    def _wait(self, looked: Looked) -> float:
        if looked.trouble is None:
            return self.spec.every
        if looked.denied:
            return DENIED_WAIT if self._failures < DENIED_LATER else DENIED_LATER_WAIT
        backoff = min(LONGEST_BACKOFF, 2.0 ** min(self._failures - 1, 10)) * self._random.uniform(0.75, 1.25)
        return max(backoff, looked.retry_after or 0.0)

    async def look(self) -> Looked:
        """One look, told in one line of the log. What its pages showed is kept even where it fails."""
        began = self._clock.now()
        look = Look(after_outage=self._after_outage(began))
        self._requests = 0
        failed: LookFailed | None = None
        try:
            await self._look(look, began)
        except LookFailed as error:
            failed = error
        looked = Looked(
            seconds=self._clock.now() - began,
            requests=self._requests,
            items=look.items,
            changes=look.changes,
            trouble=failed.reason if failed else None,
            denied=failed is not None and failed.denied,
            retry_after=failed.retry_after if failed else None,
        )
        await self._conclude(look, looked, began)
        return looked

    def _after_outage(self, now: float) -> bool:
        whole_at = self._ingest.row.whole_at
        return whole_at is not None and now - seconds_of(whole_at) > max(3 * self.spec.every, 300.0)

    async def _look(self, look: Look, began: float) -> None:
        row = self._ingest.row
        if row.whole_at is None or row.mark is None:
            await self._first_look(look)
        else:
            jobs = await self._store.jobs_to_ask(source=row.id, ended_since=utc_text(began - LINGER))
            await self._follow(steady_look(self._can, mark=row.mark, jobs=jobs), look)
        for job_id in sorted(look.doubts):
            await self._ask(job_id, look)

    async def _first_look(self, look: Look) -> None:
        known_baseline = self._ingest.row.baseline
        await self._follow(first_look(self._can, baseline=known_baseline, since=self.spec.since), look)
        baseline = self._ingest.row.baseline
        if known_baseline is None and self._can.dates and baseline is not None:
            await self._walk(first_window(baseline=baseline, since=self.spec.since), look)

    async def _follow(self, plan: Plan, look: Look) -> None:
        for listing in plan.listings:
            await self._walk(listing, look)
        for job_id in plan.ask:
            if job_id not in look.seen:
                await self._ask(job_id, look)

    async def _walk(self, listing: Listing, look: Look) -> None:
        walk = Walk(self._client, self.spec, listing.params, sequence=lambda: self._ingest.seq)
        ended_early = False
        async with aclosing(walk.__aiter__()) as pages:
            async for page in pages:
                self._requests += page.requests
                learned = await self._take(page, look)
                if listing.until is not None and not learned and _all_older(page, listing.until):
                    ended_early = True
                    break
        if not (walk.whole or ended_early):
            raise LookFailed("the list did not end: it repeated a page token", again=True)

    async def _take(self, page: Page, look: Look, *, by_id: bool = False) -> int:
        """How many jobs of the page were not known before."""
        changes = await self._ingest.page(page, look, by_id=by_id)
        if changes.events:
            self._changed()
        return len(changes.learned)

    async def _ask(self, job_id: str, look: Look) -> None:
        began = self._ingest.seq
        self._requests += 1
        try:
            page = await self._client.get(self.spec, job_id)
        except LookFailed as error:
            if error.absent:
                return  # it is gone, which is no failure
            raise
        self._requests += page.requests - 1
        if [item.id for item in page.items] != [job_id]:
            raise LookFailed(f"asked for job {job_id}, and another came", again=True)
        page.began = began
        await self._take(page, look, by_id=True)

    async def _conclude(self, look: Look, looked: Looked, began: float) -> None:
        now = self._clock.now()
        if looked.trouble is None:
            await self._whole(look, began, now)
        else:
            self._failures = await self._store.look_failed(
                source=self._ingest.row.id, trouble=looked.trouble, now=now
            )
        self._log(look, looked)

    async def _whole(self, look: Look, began: float, now: float) -> None:
        row = self._ingest.row
        seen = look.newest if canonical_time(look.newest) else ""
        newest = max(row.newest or "", seen) or None
        date = canonical_time(utc_text(look.date)) if look.date is not None else None
        mark = min(filter(None, (date, newest)), default=row.mark)
        whole_at = utc_text(began)
        await self._store.look_whole(source=row.id, mark=mark, newest=newest, whole_at=began, now=now)
        self._ingest.row = replace(row, mark=mark, newest=newest, whole_at=whole_at, failures=0, trouble=None)
        self._failures = 0

    def _log(self, look: Look, looked: Looked) -> None:
        line = (
            f"look source={self.spec.name} seconds={looked.seconds:.3f} requests={looked.requests} "
            f"pages={look.pages} items={looked.items} changes={looked.changes}"
        )
        if look.undecodable:
            log.warning("%s skipped=%s", line, "; ".join(look.undecodable))
        if looked.trouble is None:
            log.info("%s", line)
        else:
            log.warning("%s failures=%d trouble=%s", line, self._failures, looked.trouble)


def _all_older(page: Page, until: str) -> bool:
    """Whether a list without dates can end here: newest first, and all of it before `until`."""
    times = [canonical_time(item.created_at) for item in page.items]
    return bool(times) and times == sorted(times, reverse=True) and times[0] < until and "" not in times
