"""One page compared with what was known: pure, but for new ids."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from relay.diff import Baseline, Known, Sighting, Verdict, is_fresher, judge
from relay.ingest.look import Look
from relay.ingest.news import News
from relay.model import Job, canonical_time, is_open, quick_time
from relay.sources import Item, Page
from relay.store import Changes, KnownRow

LONGEST_NAME, LONGEST_ERROR = 500, 4000


@dataclass(frozen=True, kw_only=True)
class Reading:
    """`by_id`: relay asked for this very job. `stuck_since`: open spells that began before are stuck; ""
    for never. `latest`: after it no time is sane. `old`: what was created before it is history. `follow`:
    whether what ends here is a batch with files to be told of.
    """

    news: News
    page: Page
    keys: list[tuple[str, str]]
    look: Look
    by_id: bool
    now: float
    baseline: Baseline
    stuck_since: str
    latest: str
    old: str
    follow: bool

    def changes(self, known: Mapping[str, KnownRow], pruned_until: str) -> Changes:
        changes = Changes(follow=self.follow)
        baseline = replace(self.baseline, pruned_until=pruned_until)
        conflicting = set() if self.by_id else set(self._conflicts())
        for index in self._differing(known, conflicting):
            self._judge(index, known, conflicting, baseline, changes)
        return changes

    def _conflicts(self) -> Iterator[str]:
        """Jobs that this look shows with two statuses."""
        here: dict[str, str] = {}
        before = self.look.seen
        for item in self.page.items:
            status = item.status.upper()
            if (
                here.setdefault(item.id, status) != status
                or before.get(item.id, status) != status
                or item.id in self.look.doubts
            ):
                yield item.id

    def _differing(self, known: Mapping[str, KnownRow], conflicting: set[str]) -> Iterator[int]:
        """The hot path: of most items nothing is new, and a look at a few fields tells. Each job once."""
        dealt_with = set[str]()
        stuck_since = self.stuck_since
        for index, item in enumerate(self.page.items):
            row = known.get(item.id)
            if (
                row is None
                or row[2] != item.status.upper()
                or row[3] != quick_time(item.updated_at)
                or row[8] is not None
                or (row[6] < stuck_since and not row[7] and is_open(row[2]))
                or item.id in conflicting
            ) and item.id not in dealt_with:
                dealt_with.add(item.id)
                yield index

    def _judge(
        self,
        index: int,
        known: Mapping[str, KnownRow],
        conflicting: set[str],
        baseline: Baseline,
        changes: Changes,
    ) -> None:
        row = known.get(self.page.items[index].id)
        before = Known(*row) if row else None
        job = job_of(self.page.items[index])
        how = Sighting(began=self.page.began, by_id=self.by_id, conflicting=job.id in conflicting)
        verdict = judge(before, job, how, baseline)
        if verdict is Verdict.DOUBT:
            changes.doubts.append(job.id)
        elif verdict is Verdict.PAST:
            pass
        elif before is None:
            changes.learned.append((job, int(verdict is Verdict.NEWS)))
            if verdict is Verdict.NEWS:
                self._tell(index, job, None, 1, changes)
        elif verdict is Verdict.NEWS:
            changes.moved.append((before, job, before.changes + 1))
            self._tell(index, job, before.status, before.changes + 1, changes)
        elif how.began >= before.seq:
            self._same(index, before, job, how, changes)

    def _same(self, index: int, before: Known, job: Job, how: Sighting, changes: Changes) -> None:
        """The same status, freshly seen."""
        if before.missed_at is not None:
            changes.found.append(before)
        if is_fresher(job, before, how):
            changes.fresher.append((before, job))
        if before.spell_at < self.stuck_since and not before.told_stuck and is_open(job.status):
            changes.stuck.append(before)
            with_item = msgspec.structs.replace(job, raw=self.page.raw(index))
            changes.events.append(self.news.of_job(with_item, "stuck", before.changes, self.now))

    def _tell(self, index: int, job: Job, previous: str | None, nth: int, changes: Changes) -> None:
        with_item = msgspec.structs.replace(job, raw=self.page.raw(index))
        changes.events.append(
            self.news.of_status(with_item, previous, nth, self.now, after_outage=self.look.after_outage)
        )

    def into_look(self) -> None:
        look, page = self.look, self.page
        look.pages += 1
        look.items += len(page.items)
        look.skipped(page.undecodable)
        if look.date is None:
            look.date = page.date
        for (created_at, job_id), item in zip(self.keys, page.items, strict=True):
            status = item.status.upper()
            # What ended long ago is not asked for; a walk of all history must not be kept in memory.
            if created_at >= self.old or self.by_id or is_open(status):
                look.seen[job_id] = status
            if look.newest < created_at <= self.latest and not self.by_id and canonical_time(created_at):
                look.newest = created_at


def job_of(item: Item) -> Job:
    return Job(
        id=item.id,
        status=item.status.upper(),
        created_at=canonical_time(item.created_at),
        updated_at=canonical_time(item.updated_at),
        name=_cut(item.name, LONGEST_NAME),
        error=_cut(item.error_message, LONGEST_ERROR),
        project_id=item.project_id,
        raw=b"",
    )


def _cut(text: str | None, limit: int) -> str | None:
    return text if not text or len(text) <= limit else text[: limit - 1] + "…"
