"""One look: what was planned is asked, what came is ingested, what did not come is asked by id."""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from relay import plan
from relay.ingest import Look
from relay.model import OPEN_STATUSES, Clock, canonical_time, is_open, seconds_of, utc_text
from relay.plan import Listing, Question, Straggler
from relay.poll.asking import Asking
from relay.sources import Urgency
from relay.store import AskRow, NewEvent, Store, Whole

CLOCK_DOUBT = 3600.0
SLICE = 3600.0
LARGEST_SLICE = 86400.0
SLICE_PAGES = 10
"""Catch-up: the first slice of creation time; it doubles, and halves above so many pages."""


class Looking:
    """Looks at one source. `most`: the questions of one look about what it did not show, and about what is in
    doubt, so that it ends; the rest wait for the next. `beside`: the requests that following batches took
    between the last look and this one, which the source wants as well.
    """

    def __init__(self, *, asking: Asking, store: Store, clock: Clock, most: int) -> None:
        self.asking = asking
        self.ingest = asking.ingest
        self._store = store
        self._clock = clock
        self.most = most
        self.beside = 0
        self._left: dict[str, None] = {}  # jobs that the last look had no room for, longest waiting first
        self._doubts: dict[str, None] = {}  # likewise
        self._linger_since: float | None = None
        self._linger_until: float | None = None

    async def look(self, look: Look, extra: Sequence[Listing | Question]) -> int:
        """A whole look, and `extra` questions of a resync; the requests that those took.

        Raises LookFailed; what came before is kept.
        """
        began = self._clock.now()
        # Of a look that fails nothing stays in doubt: it is read anew.
        look.doubts, self._doubts = self._doubts, {}
        if self.ingest.row.whole_at is None:
            await self._first(look)
        else:
            await self._steady(look, began)
        listed = look.requests
        for question in extra:
            for alone in await self.asking.ask(question, look, Urgency.RESYNC):
                await self.asking.ask(alone, look, Urgency.RESYNC)
        took = look.requests - listed
        for _ in range(min(self.most, len(look.doubts))):
            await self.asking.settle(look)
        self._doubts = look.doubts
        await self._conclude(look, began, listed + self.beside)
        return took

    async def _first(self, look: Look) -> None:
        for listing in plan.first_look(self.asking.can):
            await self.asking.walk(listing, look)
        if self.asking.can.dates:
            # From the baseline at least: an earlier start may have set it long ago.
            starts = (self._hour_ago(), self.asking.spec.since, self.ingest.row.baseline)
            await self._slices(min(filter(None, starts)), look, keep=False)

    def _hour_ago(self) -> str:
        """By the API's clock; where that is not known, ours may well be an hour ahead of it."""
        doubt = 0.0 if self.ingest.knows_api_time() else CLOCK_DOUBT
        return canonical_time(utc_text(self.ingest.api_now() - plan.FIRST_WINDOW - doubt))

    async def _steady(self, look: Look, began: float) -> None:
        row = self.ingest.row
        last = seconds_of(row.whole_at or utc_text(began))
        away = began - (self.ingest.last_whole() or began)
        jobs = await self._jobs(began, away)
        self.asking.idle(not any(is_open(row[2]) for row in jobs))
        start = plan.earlier(row.mark or row.baseline or self._hour_ago(), plan.OVERLAP)
        if self.asking.can.dates and away > SLICE:
            start = await self._slices(start, look, keep=True)
        steady = await self._plan(start, jobs, last, began)
        for listing in steady.listings:
            await self.asking.walk(listing, look)
        expected = self._expected(steady, jobs)
        await self._ask_unseen([row for row in jobs if row[0] in expected], look)

    def _expected(self, steady: plan.Plan, jobs: Sequence[AskRow]) -> set[str]:
        """Those that this look must have shown, or that were to be asked for anyway."""
        listed = self.asking.listed() if steady.by_lists else set[str]()
        return (
            {job.id for job in steady.ask}
            | self._left.keys()
            | {
                job_id
                for job_id, created_at, status, _, _, gone_at, *_ in jobs
                if gone_at is None
                and is_open(status)
                and (status in listed or (steady.start and created_at >= steady.start))
            }
        )

    async def _jobs(self, began: float, away: float) -> Sequence[AskRow]:
        """Open jobs, and those that ended a short while ago; an outage does not count. `away`: how long ago
        the last whole look ended.
        """
        every = self.asking.spec.every
        linger = max(plan.LINGER, self.ingest.longest_settle)
        if self.ingest.after_outage(began):
            self._linger_since = min(self._linger_since or began, began - away)
            self._linger_until = None
        elif self._linger_until is not None and began > self._linger_until:
            self._linger_since = self._linger_until = None
        since = began - max(linger, 1.5 * every)
        if self._linger_since is not None:
            since = min(since, self._linger_since - linger)
        return await self._store.jobs_to_ask(
            source=self.ingest.row.id, ended_since=utc_text(since), now=began
        )

    async def _plan(self, start: str, jobs: Sequence[AskRow], last: float, now: float) -> plan.Plan:
        can, every = self.asking.can, self.asking.spec.every
        stragglers = [_straggler(row, now) for row in jobs]
        due = plan.due(stragglers, every=every, last=last, now=now)
        oldest = min((job.created_at for job in due if job.created_at), default=start)
        rising = await self._rising(oldest) if can.dates and oldest < start else ()
        counts: dict[str, int] = {}
        for job in stragglers:
            counts[job.status] = counts.get(job.status, 0) + 1
        new = plan.what_is_new(
            self.asking.ordering, until=start, end=self.asking.end, page_size=can.page_size
        )
        return plan.steady_look(
            can,
            start=start,
            jobs=due,
            rising=rising,
            open_counts=counts,
            undated=new,
            known_since=self._known_since(),
        )

    async def _rising(self, oldest: str) -> Sequence[str]:
        """When known jobs were created, from `oldest` on, as far as all of them are known."""
        times = await self._store.younger(
            source=self.ingest.row.id, since=max(oldest, self._known_since()), limit=plan.YOUNG
        )
        return times[::-1]

    def _known_since(self) -> str:
        """From when on the first look, and all since, have listed what was created."""
        since, baseline = self.asking.spec.since, self.ingest.row.baseline
        starts = (since, plan.earlier(baseline, plan.FIRST_WINDOW) if baseline else None)
        return min(filter(None, starts), default="")

    async def _slices(self, start: str, look: Look, *, keep: bool) -> str:
        """Walk from `start` to a slice before the API's now, a slice of creation time after the other.

        Each slice that is whole moves the mark, so that what comes after a crash goes on there. Where the
        last window begins is returned; the first look (`keep` false) walks that too. Where nothing happened
        the slices grow without end, so that a year of silence costs little.
        """
        length = SLICE
        while seconds_of(start) + length < self.ingest.api_now() - SLICE:
            end = canonical_time(utc_text(seconds_of(start) + length))
            pages = await self.asking.walk(plan.window(start, end), look)
            if seconds_of(end) >= self.ingest.api_now() - SLICE:
                break  # its answer says that it is not so late: our clock had jumped
            if keep:
                await self._store.move_mark(source=self.ingest.row.id, mark=end)
                self.ingest.row = replace(self.ingest.row, mark=end)
            if pages > SLICE_PAGES:
                length /= 2
            elif pages <= 1 or length < LARGEST_SLICE:
                length *= 2
            start = plan.earlier(end, 1.0)
        if not keep:
            await self.asking.walk(plan.window(start), look)
        return start

    async def _ask_unseen(self, rows: Iterable[AskRow], look: Look) -> None:
        """Ask by id for what the lists should have shown and did not: what may move first, before words that
        nobody knows, and of that, what has waited for room the longest.
        """
        await self._walk_for_lost([row for row in rows if row[0] not in look.seen], look)
        unseen = {row[0]: row for row in rows if row[0] not in look.seen}
        moving = {job_id for job_id, row in unseen.items() if is_open(row[2])}
        known = {job_id for job_id in moving if unseen[job_id][2] in OPEN_STATUSES}
        places = {job_id: place for place, job_id in enumerate(self._left)}

        def turn(question: Question) -> tuple[bool, bool, int]:
            place = min(places.get(job_id, len(places)) for job_id in question.ids)
            return known.isdisjoint(question.ids), moving.isdisjoint(question.ids), place

        waiting = deque(sorted(await self._questions(unseen.values()), key=turn))
        room = self.most
        while waiting and room > 0:
            room -= 1
            question = waiting.popleft()
            waiting.extend(await self.asking.ask(question, look, Urgency.QUESTION))
            if question.params and not self.asking.can.job_ids:  # a window is no question by id
                waiting.extend(Question((job_id,), {}) for job_id in question.ids if job_id not in look.seen)
        late = dict.fromkeys(job_id for question in waiting for job_id in question.ids)
        self._left = {job_id: None for job_id in places if job_id in late} | late
        missed = moving.difference(look.seen, look.unanswered, look.doubts, self._left)
        await self.ingest.missed([unseen[job_id] for job_id in sorted(missed)], look)

    async def _walk_for_lost(self, unseen: Iterable[AskRow], look: Look) -> None:
        """A list without dates is walked as far as jobs that are about to be told of as gone."""
        if self.asking.can.dates or self.asking.can.job_ids:
            return
        lost = [row[1] for row in unseen if row[5] is None and self.ingest.may_be_gone(row[4])]
        if lost:
            await self.asking.walk(Listing(until=min(lost)), look)

    async def _questions(self, rows: Collection[AskRow]) -> list[Question]:
        """A job that was missed before is asked for the other way too, by GET or by the list of its instant:
        lists lag, and no answer by id alone makes relay say that it is gone.
        """
        can = self.asking.can
        alone = can.dates and not can.job_ids
        again = [
            row
            for row in rows
            if row[0] in self.asking.alone or (row[4] and not row[5] and (can.job_ids or (alone and row[1])))
        ]
        jobs = [Straggler(row[0], row[1], row[2], 0.0) for row in rows if row not in again]
        oldest = min((job.created_at for job in jobs if job.created_at), default="")
        rising = await self._rising(oldest) if alone and len(jobs) > 1 and oldest else ()
        return [
            *(Question((row[0],), plan.window(row[1], row[1]).params if alone else {}) for row in again),
            *plan.questions(can, jobs, rising),
        ]

    async def _conclude(self, look: Look, began: float, wants: int) -> None:
        row = self.ingest.row
        newest = max(row.newest or "", look.newest) or None
        date = canonical_time(utc_text(look.date)) if look.date is not None else None
        if newest and row.whole_at is None and self.asking.can.dates:
            # All of the last hour was shown: an open job from before it is no reason to walk history.
            newest = max(newest, plan.earlier(date, plan.FIRST_WINDOW) if date else self._hour_ago())
        whole = Whole(
            mark=min(filter(None, (date, newest or row.mark)), default=row.mark),
            newest=newest,
            whole_at=utc_text(began),
            baseline=row.baseline or newest or self._hour_ago(),
            ordering=row.ordering,
            wants=float(wants),
        )
        now = self._clock.now()

        def up(nth: int) -> NewEvent:
            return self.ingest.news.of_source("up", None, nth, now)

        await self._store.look_whole(source=row.id, whole=whole, up=up, now=now)
        self.ingest.concluded()
        if self._linger_since is not None and self._linger_until is None:
            self._linger_until = now + max(plan.LINGER, self.ingest.longest_settle)
        self.ingest.row = replace(
            self.ingest.row,  # a hint may have moved it meanwhile
            mark=whole.mark,
            newest=newest,
            whole_at=whole.whole_at,
            baseline=whole.baseline,
            resynced_at=row.resynced_at or utc_text(now),
            failures=0,
        )


def _straggler(row: AskRow, now: float) -> Straggler:
    """One that was missed is asked for as if it had just changed, until it is found or told of."""
    job_id, created_at, status, changed_at, missed_at, gone_at, *_ = row
    idle = 0.0 if missed_at and not gone_at else max(0.0, now - seconds_of(changed_at))
    return Straggler(job_id, created_at, status, idle)
