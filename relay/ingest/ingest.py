"""A source's way into the store: what was seen, and what was not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from relay.diff import Baseline, Known
from relay.ingest.look import Look
from relay.ingest.news import News
from relay.ingest.reading import Reading
from relay.ingest.routes import LatestRoutes, Routes
from relay.model import Clock, Job, canonical_time, is_open, quick_time, seconds_of, utc_text
from relay.sources import Page, SourceSpec
from relay.store import AskRow, Changes, KnownRow, SourceRow, Store

GRACE = 300.0
"""Seconds before the baseline within which a job first seen after the first look is still news."""

ABSURD = 86400.0
"""Seconds that the API's clock may differ from ours; beyond that it is taken as having none."""

AHEAD = 7200.0
"""Seconds ahead of now that a creation time may be and still be believed."""

HISTORY = 86400.0
DATELESS = 20
"""Answers without a date, and none with one, after which our clock counts for what takes long."""

NEVER = "~"  # after every time
SECOND_MISS = 4
"""Looks between two questions that did not find a job, before it is told that it vanished."""


class Ingest:
    """Of one source. `row` is what the store remembers of it; only this and its poller move it on.

    Looks and hints do so at the same time: it is replaced only by what was read after the last wait.
    `noticed` is called with how long after a change it was seen, by the API's clock.
    """

    def __init__(
        self,
        *,
        store: Store,
        spec: SourceSpec,
        row: SourceRow,
        routes: Routes | LatestRoutes,
        clock: Clock,
        new_id: Callable[[str], str],
        noticed: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.spec = spec
        self.row = row
        self.news = News(spec, routes, new_id)
        self._routes = routes
        self._store = store
        self._clock = clock
        self._noticed = noticed
        self._ahead: float | None = None
        self._concluded_at = 0.0
        self._dateless = 0

    @property
    def longest_settle(self) -> float:
        return self._routes.longest_settle

    @property
    def seq(self) -> int:
        return self.row.seq

    def api_now(self) -> float:
        """The API's time by what its answers said last; ours until it said any."""
        return self._clock.now() + (self._ahead or 0.0)

    def knows_api_time(self) -> bool:
        return self._ahead is not None

    def concluded(self) -> None:
        """A look was whole just now."""
        self._concluded_at = self._clock.now()

    def last_whole(self) -> float | None:
        """Our time of the last whole look: when it ended, as far as is known, since it may take long."""
        whole_at = self.row.whole_at
        return None if whole_at is None else max(seconds_of(whole_at), self._concluded_at)

    def after_outage(self, now: float) -> bool:
        """Whether what is seen now may have happened long ago."""
        last = self.last_whole()
        return last is not None and now - last > max(3 * self.spec.every, 300.0)

    async def page(self, page: Page, look: Look, *, by_id: bool = False) -> Changes:
        """Commit what this page changes. Jobs in doubt are added to `look.doubts`, to be asked by id."""
        self._heed(page)
        now, api_now = self._clock.now(), self.api_now()
        keys = [(quick_time(item.created_at), item.id) for item in page.items]
        baseline = self.row.baseline or self._first_baseline(page)
        reading = Reading(
            news=self.news,
            page=page,
            keys=keys,
            look=look,
            by_id=by_id,
            now=now,
            latest=canonical_time(utc_text(api_now + AHEAD)),
            old=canonical_time(utc_text(api_now - HISTORY)),
            baseline=self._baseline(baseline),
            stuck_since=self._stuck_since(page, api_now),
            follow=self.spec.kind.product == "batch",
        )
        changes, seq = await self._store.ingest(
            source=self.row.id,
            keys=keys,
            decide=reading.changes,
            baseline=None if self.row.baseline else baseline,
            spell_at=canonical_time(utc_text(api_now)),
            now=now,
        )
        self.row = replace(self.row, baseline=baseline, seq=max(self.row.seq, seq or 0))
        reading.into_look()
        look.doubts.update(dict.fromkeys(changes.doubts))
        look.changes += len(changes.events)
        self._notice(changes, api_now)
        return changes

    def _notice(self, changes: Changes, api_now: float) -> None:
        """What is learned in silence was not looked for."""
        jobs = [job for job, nth in changes.learned if nth] + [job for _, job, _ in changes.moved]
        for job in jobs:
            if job.updated_at:
                self._noticed(max(0.0, api_now - seconds_of(job.updated_at)))

    def _stuck_since(self, page: Page, api_now: float) -> str:
        """Spells that began before are stuck; where the API tells its time, ours concludes nothing."""
        ours = not self.knows_api_time() and self._dateless >= DATELESS
        if self.spec.stuck_after is None or (page.date is None and not ours):
            return ""
        return canonical_time(utc_text(api_now - self.spec.stuck_after))

    def _heed(self, page: Page) -> None:
        """Take the API's clock from an answer, unless what it says is absurd."""
        ahead = None if page.date is None else page.date - self._clock.now()
        if ahead is None or abs(ahead) > ABSURD:
            page.date = None
            self._dateless += 1
        else:
            self._ahead = ahead

    def _first_baseline(self, page: Page) -> str | None:
        """The API's time, rounded up to what `Date` can't say; without one, known after the first look."""
        return None if page.date is None else canonical_time(utc_text(page.date + 1))

    def _baseline(self, baseline: str | None) -> Baseline:
        since, whole = self.spec.since, self.row.whole_at is not None
        if since and (baseline is None or since < baseline):
            return Baseline(news_after=since, grace_after=since, first_look_whole=whole)
        if baseline is None:
            return Baseline(news_after=NEVER, grace_after=NEVER, first_look_whole=False)
        grace = canonical_time(utc_text(seconds_of(baseline) - GRACE))
        return Baseline(news_after=baseline, grace_after=grace, first_look_whole=whole)

    async def missed(self, rows: Sequence[AskRow], look: Look) -> None:
        """These were asked for by id and not found. Told once: the second time, some looks later, with a
        whole look between.
        """
        if not rows:
            return
        by_id = {row[0]: row for row in rows}
        now = self._clock.now()

        def decide(known: Mapping[str, KnownRow], _: str) -> Changes:
            changes = Changes()
            for before in (Known(*row) for row in known.values() if row[0] in by_id):
                if not is_open(before.status):
                    continue  # a list has shown its end meanwhile
                changes.missed.append(before)
                row = by_id[before.id]
                if row[5] is None and self.may_be_gone(before.missed_at):
                    changes.gone.append(before)
                    if not row[7]:  # once a spell, however often it comes and goes
                        job = _unseen(before, row)
                        changes.events.append(self.news.of_job(job, "vanished", before.changes, now))
            return changes

        changes, seq = await self._store.ingest(
            source=self.row.id,
            keys=[(row[1], row[0]) for row in rows],
            decide=decide,
            baseline=None,
            spell_at="",
            now=now,
        )
        self.row = replace(self.row, seq=max(self.row.seq, seq or 0))
        look.changes += len(changes.events)

    def may_be_gone(self, missed_at: str | None) -> bool:
        """Whether a job that was not found then, and is not found now either, has vanished."""
        if missed_at is None or not self.row.whole_at or self.row.whole_at <= missed_at:
            return False
        return self._clock.now() - seconds_of(missed_at) >= SECOND_MISS * self.spec.every


def _unseen(before: Known, row: AskRow) -> Job:
    return Job(id=before.id, status=before.status, created_at=before.created_at, name=row[6], raw=b"")
