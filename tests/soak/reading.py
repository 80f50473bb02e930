"""Which changes relay must have told, exactly, of what came: an own reading of what is promised.

It shares nothing with relay's: not its words, not its store, not its order of things.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from relay.simulator import Shown
from tests.soak.oracle import JobKey
from tests.soak.record import Came, Killed, Looked, Record

DAY = 86400.0
GRACE = timedelta(minutes=5)
STAGES = {
    "PENDING": 0,
    "THROTTLED": 1,
    "DISPATCHED": 1,
    "RUNNING": 2,
    "PROCESSING": 2,
    "COMPLETED": 4,
    "FAILED": 4,
    "CANCELLED": 4,
}
NEW_WORD = 3  # is as far in its life as can be without having ended

Change = tuple[str | None, str]  # what it was before, what it is now


class Known(NamedTuple):
    """What relay may know of a job, and has told. `since`: how many answers had come when it came to know
    this; `doubt`: the look that is to ask for the job by its id.
    """

    status: str | None = None
    updated: str = ""
    since: int = 0
    told: tuple[Change, ...] = ()
    doubt: int | None = None


NOTHING = (Known(),)


class Reading:
    """Per job what relay may have told. There is more than one answer only where a kill, or a hint that
    crossed a look, leaves open what was read.
    """

    def __init__(self, record: Record) -> None:
        self.known: dict[JobKey, tuple[Known, ...]] = {}
        self._sources: defaultdict[str, _Source] = defaultdict(_Source)
        rows, place = record.by_answer(), 0
        for entry, unread in _with_unread(record.entries):
            if isinstance(entry, Came):
                place += 1
                self._take(entry, rows.get(entry.number, ()), place, unread=unread)
            elif isinstance(entry, Looked):
                self._sources[entry.source].ends(entry)
            else:
                for name, source in self._sources.items():
                    source.starts(based=name in entry.based, whole=name in entry.whole)

    def told(self, key: JobKey) -> set[tuple[Change, ...]]:
        return {known.told for known in self.known.get(key, NOTHING)}

    def _take(self, came: Came, rows: Sequence[Shown], place: int, *, unread: bool) -> None:
        if came.follows:
            return
        source = self._sources[came.source]
        source.heed(came)
        conflicts = set() if came.by_id else source.conflicts(came, rows)
        first = {row.job_id: row for row in reversed(rows)}
        for job_id, row in first.items():
            key = (row.kind, job_id)
            before = self.known.get(key, NOTHING)
            if not conflicts and len(before) == 1 and _is_nothing_new(before[0], row, came):
                continue
            after = [
                new
                for known in before
                for new in _after(known, row, came, place, source, in_conflict=job_id in conflicts)
            ]
            if unread or came.follows is None:
                after += before
            self.known[key] = tuple(dict.fromkeys(after))
        source.has_seen(came, rows)


class _Source:
    """What is remembered of a source: by when it was first seen, and what its look has shown so far."""

    def __init__(self) -> None:
        self._baseline: datetime | None = None
        self._whole = False
        self._look: int | None = None
        self._seen: dict[str, str] = {}
        self._newest = ""

    def heed(self, came: Came) -> None:
        if self._baseline is None and came.page and came.date and abs(came.date - came.ours) <= DAY:
            self._baseline = datetime.fromtimestamp(came.date + 1, UTC)

    def starts(self, *, based: bool, whole: bool) -> None:
        self._look, self._whole = None, whole
        if not based:
            self._baseline = None

    def ends(self, looked: Looked) -> None:
        if looked.whole and not self._whole:
            self._whole = True
            if self._baseline is None and self._newest:
                self._baseline = _moment(self._newest)

    def conflicts(self, came: Came, rows: Iterable[Shown]) -> set[str]:
        """Jobs that this look has now shown with two statuses."""
        seen = dict(self._seen) if came.look == self._look else {}
        return {row.job_id for row in rows if seen.setdefault(row.job_id, row.status) != row.status}

    def has_seen(self, came: Came, rows: Iterable[Shown]) -> None:
        if came.look is None:
            return
        if came.look != self._look:
            self._look, self._seen = came.look, {}
        for row in rows:
            self._seen[row.job_id] = row.status
            if not self._whole and not came.by_id:
                self._newest = max(self._newest, row.created_at)

    def is_news(self, row: Shown) -> bool:
        created = _moment(row.created_at)
        if self._baseline is None or created is None:
            return self._whole and created is None
        return created > (self._baseline - GRACE if self._whole else self._baseline)


def _with_unread(entries: Sequence[Came | Looked | Killed]) -> Iterator[tuple[Came | Looked | Killed, bool]]:
    killed: float | None = None
    marked = []
    for entry in reversed(entries):
        if isinstance(entry, Killed):
            killed = entry.time
        marked.append((entry, isinstance(entry, Came) and entry.time == killed))
    return reversed(marked)


def _is_nothing_new(known: Known, row: Shown, came: Came) -> bool:
    return row.status == known.status and row.updated_at == known.updated and known.doubt is None


def _after(
    known: Known, row: Shown, came: Came, place: int, source: _Source, *, in_conflict: bool
) -> Iterator[Known]:
    """What relay may know after it saw this."""
    if came.by_id:
        known = known._replace(doubt=None)
    elif in_conflict or (known.doubt is not None and known.doubt == came.look):
        yield known._replace(doubt=came.look)
        return
    if known.status is None:
        told = ((None, row.status),) if source.is_news(row) else ()
        yield Known(row.status, row.updated_at, place, told)
        return
    if known.since <= came.asked:  # it may have been asked for after this was known
        yield _fresh(known, row, came, place)
    if known.since > came.before:  # or before
        yield known if row.status == known.status else known._replace(doubt=came.look)


def _fresh(known: Known, row: Shown, came: Came, place: int) -> Known:
    older = bool(row.updated_at and known.updated) and row.updated_at < known.updated
    if row.status == known.status:
        newer = row.updated_at > known.updated
        return known._replace(updated=row.updated_at, since=place) if newer else known
    if not came.by_id and (older or _stage(row.status) < _stage(known.status or "")):
        return known._replace(doubt=came.look)
    told = (*known.told, (known.status, row.status))
    return Known(row.status, row.updated_at, place, told)


def _stage(status: str) -> int:
    return STAGES.get(status, NEW_WORD)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def unlike(reading: Reading, told: Mapping[JobKey, tuple[Change, ...]]) -> Iterator[str]:
    """Each job of which relay told anything else than it was shown."""
    for key in sorted({*reading.known, *told}):
        may, said = reading.told(key), told.get(key, ())
        if said not in may:
            yield f"{key}: told {_words(said)}, shown {' or '.join(sorted(map(_words, may)))}"


def open_questions(reading: Reading) -> Counter[int]:
    """How many jobs have how many right answers."""
    return Counter(len(reading.told(key)) for key in reading.known)


def _words(changes: Sequence[Change]) -> str:
    return " ".join(f"{before or ''}>{now}" for before, now in changes) or "nothing"
