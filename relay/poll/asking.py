"""What one source is asked, in lists and by id, and how its answers are taken."""

import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import cast

from relay import plan
from relay.errors import LookFailed
from relay.ingest import Ingest, Look
from relay.model import OPEN_STATUSES, TERMINAL_STATUSES, canonical_time
from relay.plan import CHUNK, Can, Listing, Question
from relay.sources import Client, Page, SourceSpec, Urgency, Walk
from relay.store import Changes

log = logging.getLogger("relay.poll")

UNANSWERED = 5
"""Jobs that a look may be refused an answer about, before it is the API that is in trouble."""


class Asking:
    """Of one source. `changed` is called after each page that made events, `moved` at each request."""

    def __init__(
        self,
        *,
        client: Client,
        ingest: Ingest,
        changed: Callable[[], None],
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self.spec: SourceSpec = ingest.spec
        self.ingest = ingest
        self.end = 0  # how long a list without dates was
        self._client = client
        self._changed = changed
        self._moved = moved
        self.alone = set[str]()  # jobs that a list by ids was refused for: one of them is gone, say
        self._refused = set[str]()
        self._words = {*OPEN_STATUSES, *TERMINAL_STATUSES}
        kind = self.spec.kind
        self.can = Can(
            dates=kind.dates,
            job_ids=kind.job_ids,
            open_words=plan.open_words(kind.statuses),
            page_size=self.spec.asked_size,
        )

    @property
    def ordering(self) -> plan.Ordering | None:
        return cast("plan.Ordering | None", self.ingest.row.ordering)

    def idle(self, idle: bool) -> None:
        self._client.budget.idle(self.spec, idle)

    def may_hint(self) -> bool:
        return self._client.budget.hint(self.spec)

    def listed(self) -> set[str]:
        """The statuses that the open lists show."""
        return {word.upper() for word in self.can.open_words if word not in self._refused}

    async def ask(self, asked: Listing | Question, look: Look, urgency: Urgency) -> list[Question]:
        """What is to be asked in its place, if it is a list by ids that the API refuses: each by itself."""
        if isinstance(asked, Listing):
            await self.walk(asked, look, urgency)
        elif not asked.params:
            await self.get(asked.ids[0], look, urgency)
        else:
            try:
                await self.walk(Listing(asked.params), look, urgency)
            except LookFailed as error:
                if "job_ids" not in asked.params or error.word not in {"refused", "absent"}:
                    raise
                self.alone.update(asked.ids)
                return [Question((job_id,), {}) for job_id in asked.ids]
        return []

    async def walk(self, listing: Listing, look: Look, urgency: Urgency = Urgency.LOOK) -> int:
        """How many pages it had. A status word that the API refuses is not asked for again."""
        word, before = listing.params.get("status"), look.pages
        if word in self._refused:
            return 0
        try:
            await self._pages(listing, look, urgency)
        except LookFailed as error:
            says_so = error.status == 422 and look.pages == before and "status" in error.reason
            if not (isinstance(word, str) and says_so):
                raise
            self._refused.add(word)
            log.warning(
                "source=%s: the API refuses the status %s, which is listed no more", self.spec.name, word
            )
        return look.pages - before

    async def _pages(self, listing: Listing, look: Look, urgency: Urgency) -> None:
        by_ids = "job_ids" in listing.params  # are shown at once, however small a page is to be
        walk = Walk(
            self._client,
            replace(self.spec, page_size=CHUNK) if by_ids else self.spec,
            listing.params,
            sequence=lambda: self.ingest.seq,
            urgency=urgency,
            offset=listing.offset,
        )
        everything = not self.can.dates and not listing.params
        if everything and listing == Listing():
            self._ordered(None)
        enough = again = False
        try:
            async with aclosing(walk.__aiter__()) as pages:
                async for page in pages:
                    changes = await self._take(page, look)
                    times = [canonical_time(item.created_at) for item in page.items] if everything else []
                    if everything:
                        self._ordered(plan.order_of(times, self.ordering))
                    if listing.offset and walk.pages == 1 and len(changes.learned) == len(page.items):
                        again = True  # so many were deleted that nothing says how many came
                        break
                    if not changes.learned and self._all_older(times, listing.until):
                        enough = True
                        break
        finally:
            look.requests += walk.requests
        if again:
            await self._pages(Listing(), look, urgency)
            return
        if not (walk.whole or enough):
            raise LookFailed("the list did not end: its page tokens lead nowhere", again=True)
        if everything and walk.whole:
            self.end = walk.offset

    def _ordered(self, ordering: plan.Ordering | None) -> None:
        self.ingest.row = replace(self.ingest.row, ordering=ordering)

    def _all_older(self, times: Sequence[str], until: str | None) -> bool:
        """Whether a list without dates can end here: newest first, and all of this page before `until`."""
        if until is None or self.ordering in {"oldest", "none"}:
            return False
        return bool(times) and "" not in times and max(times) < until

    async def get(self, job_id: str, look: Look, urgency: Urgency = Urgency.QUESTION) -> None:
        """Ask for one job and believe the answer. One that is refused about this job alone is passed over."""
        began = self.ingest.seq
        self._moved()
        look.requests += 1
        try:
            page = await self._client.get(self.spec, job_id, urgency=urgency)
        except LookFailed as error:
            if error.absent:
                return
            if error.status is None or error.status in {401, 429} or len(look.unanswered) >= UNANSWERED:
                raise
            self._unanswered(job_id, look, error.reason)
            return
        look.requests += page.requests - 1
        if [item.id for item in page.items] != [job_id]:
            self._unanswered(job_id, look, "another answer came")
        elif self._is_ours(page):
            page.began = began
            await self._take(page, look, by_id=True)

    async def settle(self, look: Look) -> None:
        """Ask for the job that has been longest in doubt; without an answer it stays so."""
        job_id = next(iter(look.doubts))
        del look.doubts[job_id]
        try:
            await self.get(job_id, look)
        except LookFailed:
            look.doubts[job_id] = None
            raise

    async def hinted(self, job_id: str, look: Look) -> None:
        """Ask for a job that someone named. A source with a query has only the jobs that fit it, which a
        list tells; where none can be asked for ids, the looks must do.
        """
        if not self.spec.query:
            await self.get(job_id, look)
        elif self.can.job_ids:
            await self.walk(Listing({"job_ids": (job_id,)}), look, Urgency.QUESTION)

    def _unanswered(self, job_id: str, look: Look, reason: str) -> None:
        look.unanswered.add(job_id)
        look.skipped((f"{job_id}: {reason}",))

    def _is_ours(self, page: Page) -> bool:
        theirs = page.items[0].project_id
        return not (self.spec.project_id and theirs) or theirs == self.spec.project_id

    async def _take(self, page: Page, look: Look, *, by_id: bool = False) -> Changes:
        changes = await self.ingest.page(page, look, by_id=by_id)
        self._moved()
        self.alone.difference_update(item.id for item in page.items)
        for status in {item.status.upper() for item in page.items} - self._words:
            self._words.add(status)
            log.warning(
                "source=%s: relay does not know the status %r; it is taken as open", self.spec.name, status
            )
        if changes.events:
            self._changed()
        return changes
