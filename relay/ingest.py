"""From a page to the outbox: what was seen becomes changes, events and deliveries, in one transaction."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from relay.diff import Baseline, Known, Sighting, Verdict, is_fresher, judge
from relay.model import (
    Clock,
    Event,
    EventData,
    Job,
    canonical_time,
    quick_time,
    seconds_of,
    severity_of,
    utc_text,
)
from relay.rules import Router, Rule, masked
from relay.sources import Item, Page, SourceSpec, without
from relay.store import Changes, KnownRow, NewDelivery, NewEvent, SourceRow, Store

GRACE = 300.0
"""Seconds before the baseline within which a job first seen after the first look is still news."""

LONGEST_NAME, LONGEST_ERROR = 500, 4000


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Who hears of what: the rules, and of each destination for how long its deliveries are tried."""

    relay: str
    router: Router
    give_up_after: Mapping[str, float]


@dataclass(kw_only=True)
class Look:
    """What one look has shown so far. `seen` has every job of its lists with the status they gave."""

    after_outage: bool = False
    seen: dict[str, str] = field(default_factory=dict)
    doubts: set[str] = field(default_factory=set)
    newest: str = ""
    date: float | None = None
    pages: int = 0
    items: int = 0
    changes: int = 0
    undecodable: list[str] = field(default_factory=list)


class Ingest:
    """Of one source. `row` is what the store remembers of it; only this and the poller move it on."""

    def __init__(
        self,
        *,
        store: Store,
        spec: SourceSpec,
        row: SourceRow,
        routes: Routes,
        clock: Clock,
        new_id: Callable[[str], str],
    ) -> None:
        self.spec = spec
        self.row = row
        self.routes = routes
        self._store = store
        self._clock = clock
        self._new_id = new_id

    @property
    def seq(self) -> int:
        return self.row.seq

    async def page(self, page: Page, look: Look, *, by_id: bool = False) -> Changes:
        """Commit what this page changes. Jobs in doubt are added to `look.doubts`, to be asked by id."""
        now = self._clock.now()
        keys = [(quick_time(item.created_at), item.id) for item in page.items]
        baseline = self.row.baseline or self._first_baseline(page, now)
        reading = _Reading(self, page, keys, look, by_id, now, self._baseline(baseline))
        changes, seq = await self._store.ingest(
            source=self.row.id,
            keys=keys,
            decide=reading.changes,
            baseline=None if self.row.baseline else baseline,
            now=now,
        )
        self.row = replace(self.row, baseline=baseline, seq=self.row.seq if seq is None else seq)
        reading.into_look()
        look.doubts.update(changes.doubts)
        look.changes += len(changes.events)
        return changes

    def _first_baseline(self, page: Page, now: float) -> str:
        """The API's time, rounded up to what `Date` can't say; ours where it gives none."""
        return canonical_time(utc_text((page.date if page.date is not None else now) + 1))

    def _baseline(self, baseline: str) -> Baseline:
        since = self.spec.since
        after = min(baseline, since) if since else baseline
        grace = canonical_time(utc_text(seconds_of(after) - GRACE)) if not since else after
        return Baseline(news_after=after, grace_after=grace, first_look_whole=self.row.whole_at is not None)

    def event(self, job: Job, previous: str | None, now: float, *, after_outage: bool) -> Event:
        kind = self.spec.kind
        event_type = f"{kind.product}.{job.status.lower()}"
        return Event(
            id=self._new_id("evt"),
            type=event_type,
            timestamp=utc_text(now),
            data=EventData(
                source=self.spec.name,
                product=kind.product,
                kind=kind.name,
                project_id=job.project_id or self.spec.project_id,
                job_id=job.id,
                name=job.name or job.id,
                status=job.status,
                previous=previous,
                error=job.error,
                error_kind=masked(job.error) if job.error else None,
                after_outage=after_outage,
                severity=severity_of(event_type),
                url=self.spec.url_of(job.project_id or self.spec.project_id),
                job=msgspec.Raw(without(job.raw, self.spec.left_out)),
            ),
        )

    def routed(self, event: Event, nth: int, now: float) -> NewEvent:
        routing = self.routes.router.route(event)
        wanted: dict[str, list[str]] = {rule: [] for rule in routing.matched}
        for destination, rule in routing.sends:
            wanted[rule.name].append(destination)
        return NewEvent(
            event=event,
            job_id=event.data.job_id or "",
            nth=nth,
            rules=wanted,
            deliveries=tuple(self._delivery(event, to, rule, now) for to, rule in routing.sends),
        )

    def _delivery(self, event: Event, destination: str, rule: Rule, now: float) -> NewDelivery:
        return NewDelivery(
            id=self._new_id("msg"),
            destination=destination,
            rule=rule.name,
            relay=self.routes.relay,
            severity=rule.severity or event.data.severity,
            due_at=utc_text(now),
            give_up_at=utc_text(now + self.routes.give_up_after[destination]),
        )


class _Reading:
    """One page being compared with what was known. Runs inside the transaction; pure but for new ids."""

    def __init__(
        self,
        ingest: Ingest,
        page: Page,
        keys: list[tuple[str, str]],
        look: Look,
        by_id: bool,
        now: float,
        baseline: Baseline,
    ) -> None:
        self._ingest = ingest
        self._page = page
        self._keys = keys
        self._look = look
        self._by_id = by_id
        self._now = now
        self._baseline = baseline

    def changes(self, known: Mapping[str, KnownRow]) -> Changes:
        changes = Changes()
        conflicting = set() if self._by_id else set(self._conflicts())
        for index in self._differing(known, conflicting):
            self._judge(index, known, conflicting, changes)
        return changes

    def _conflicts(self) -> Iterator[str]:
        """Jobs that this look shows with two statuses."""
        here: dict[str, str] = {}
        before = self._look.seen
        for item in self._page.items:
            status = item.status.upper()
            if (
                here.setdefault(item.id, status) != status
                or before.get(item.id, status) != status
                or item.id in self._look.doubts
            ):
                yield item.id

    def _differing(self, known: Mapping[str, KnownRow], conflicting: set[str]) -> Iterator[int]:
        """The hot path: of most items nothing is new, and a look at two fields tells. Each job once."""
        dealt_with = set[str]()
        for index, item in enumerate(self._page.items):
            row = known.get(item.id)
            if (
                row is None
                or row[2] != item.status.upper()
                or row[3] != quick_time(item.updated_at)
                or item.id in conflicting
            ) and item.id not in dealt_with:
                dealt_with.add(item.id)
                yield index

    def _judge(
        self, index: int, known: Mapping[str, KnownRow], conflicting: set[str], changes: Changes
    ) -> None:
        row = known.get(self._page.items[index].id)
        before = Known(*row) if row else None
        job = _job(self._page.items[index])
        how = Sighting(began=self._page.began, by_id=self._by_id, conflicting=job.id in conflicting)
        verdict = judge(before, job, how, self._baseline)
        if verdict is Verdict.DOUBT:
            changes.doubts.append(job.id)
        elif before is None:
            self._first_sight(index, job, changes, news=verdict is Verdict.NEWS)
        elif verdict is Verdict.NEWS:
            changes.moved.append((before, job, before.changes + 1))
            self._tell(index, job, before.status, before.changes + 1, changes)
        elif is_fresher(job, before, how):
            changes.fresher.append((before, job))

    def _first_sight(self, index: int, job: Job, changes: Changes, *, news: bool) -> None:
        changes.learned.append((job, int(news)))
        if news:
            self._tell(index, job, None, 1, changes)

    def _tell(self, index: int, job: Job, previous: str | None, nth: int, changes: Changes) -> None:
        job = msgspec.structs.replace(job, raw=self._page.raw(index))
        event = self._ingest.event(job, previous, self._now, after_outage=self._look.after_outage)
        changes.events.append(self._ingest.routed(event, nth, self._now))

    def into_look(self) -> None:
        look, page = self._look, self._page
        look.pages += 1
        look.items += len(page.items)
        look.undecodable.extend(page.undecodable[: max(0, 20 - len(look.undecodable))])
        if look.date is None:
            look.date = page.date
        if not self._by_id:
            look.seen.update((item.id, item.status.upper()) for item in page.items)
            look.newest = max(look.newest, max((created for created, _ in self._keys), default=""))


def _job(item: Item) -> Job:
    return Job(
        id=item.id,
        status=item.status.upper(),
        created_at=canonical_time(item.created_at),
        updated_at=canonical_time(item.updated_at),
        name=_cut(item.name, LONGEST_NAME),
        error=_cut(item.error_message, LONGEST_ERROR),
        project_id=item.project_id,
    )


def _cut(text: str | None, limit: int) -> str | None:
    return text if not text or len(text) <= limit else text[: limit - 1] + "…"
