"""What a look asks for: pure functions of what is known, of what an endpoint can filter by, and of time."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, log2
from operator import attrgetter
from typing import Literal, NamedTuple
from zlib import crc32

from relay.model import OPEN_STATUSES, canonical_time, is_open, seconds_of, utc_text

OVERLAP = 300.0
"""Seconds before the mark from which a window begins: lists lag, and clocks differ a little."""

FIRST_WINDOW = 3600.0
LINGER = 300.0
"""Seconds that a job stays in the plan after its end, since some turn again."""

CHUNK = 50
"""Ids in one question; 150 of them made a request line of 7 kB."""

AGE_SHARE = 20
"""A straggler is asked every twentieth of the time that relay has not seen it change."""

DAY = 86400.0
YOUNG = 2000
"""How many creation times of known jobs, from the youngest back, an estimate is made from."""

RESYNC_PAGES = 5
LEFT_SHARE = 0.1
"""How many of the jobs of an open list are expected to have left it, and cost a question each."""


Ordering = Literal["newest", "oldest", "none"]
"""Of a list: whether its newest end is its first page, its last, or nowhere."""


@dataclass(frozen=True, kw_only=True)
class Can:
    """What an endpoint can filter by, and how much it shows at once.

    `open_words` are its status words for open jobs, in the order of a job's life.
    """

    dates: bool
    job_ids: bool
    open_words: tuple[str, ...]
    page_size: int


class Straggler(NamedTuple):
    """A job that may still move. `idle`: seconds that it has not been seen to change."""

    id: str
    created_at: str
    status: str
    idle: float


@dataclass(frozen=True)
class Listing:
    """One walk. A list without dates may end at a page of jobs that are all known and older than `until`,
    or begin at `offset`.
    """

    params: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    until: str | None = None
    offset: int = 0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Listings in order; of `ask`, those that no listing showed are then asked for by id.

    `start`: from when on the window shows every job; "" where there is no window. `by_lists`: whether the
    open lists are among them, which show who has left them.
    """

    start: str
    listings: tuple[Listing, ...]
    by_lists: bool = False
    ask: tuple[Straggler, ...] = ()


class Question(NamedTuple):
    """Jobs asked for in one request: by a list of `job_ids`, by a window of the times that they were created
    at, or, where `params` is empty, the one job by GET.
    """

    ids: tuple[str, ...]
    params: Mapping[str, str | Sequence[str]]


def open_words(statuses: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in statuses if is_open(word.upper()))


def open_lists(can: Can) -> tuple[Listing, ...]:
    return tuple(Listing({"status": word}) for word in can.open_words)


def first_look(can: Can) -> tuple[Listing, ...]:
    """All that is open, the first word once more at the end, since a job may move meanwhile."""
    opens = open_lists(can)
    return (*opens, *opens[:1]) if can.dates else (*opens, *opens[:1], Listing())


def window(start: str, end: str | None = None) -> Listing:
    params = {"created_at_on_or_after": start}
    return Listing(params if end is None else {**params, "created_at_on_or_before": end})


def order_of(times: Sequence[str], before: Ordering | None) -> Ordering | None:
    """The order of a list by the creation times of one more page; None while nothing is known of it."""
    known = list(pairwise(time for time in times if time))
    falling, rising = all(a >= b for a, b in known), all(a <= b for a, b in known)
    if falling and rising:
        return before
    shown: Ordering = "newest" if falling else "oldest" if rising else "none"
    return shown if before in {None, shown} else "none"


def what_is_new(ordering: Ordering | None, *, until: str, end: int, page_size: int) -> tuple[Listing, ...]:
    """How to find what is new in a list without dates: from its newest end. `end`: how long it was.

    Where no order shows there is no such end; then whole walks go at resync's pace.
    """
    if ordering == "none":
        return ()
    if ordering == "oldest":
        return (Listing(offset=max(0, end - page_size)),)
    return (Listing(until=until),)


def earlier(time: str, seconds: float) -> str:
    return canonical_time(utc_text(max(0.0, seconds_of(time) - seconds)))


def interval(job: Straggler, every: float) -> float:
    """Seconds between two questions for a job, in doublings of `every`, at most a day.

    A word not known, unchanged for a day, may be an end that relay has no name for: it rests.
    """
    if not is_open(job.status):
        return every
    if job.idle >= DAY and job.status not in OPEN_STATUSES:
        return DAY
    doublings = int(log2(max(1.0, job.idle / AGE_SHARE / every)))
    return min(DAY, every * 2.0**doublings)


def due(jobs: Iterable[Straggler], *, every: float, last: float, now: float) -> list[Straggler]:
    """Those to be asked in this look. Each has a phase of its own, so that they spread over the looks;
    `last` is when the last whole look began, so that none is passed over by looks that failed.
    """
    return [job for job in jobs if _is_due(job, interval(job, every), last, now)]


def _is_due(job: Straggler, wait: float, last: float, now: float) -> bool:
    if now - last >= wait or now < last:
        return True
    phase = crc32(job.id.encode()) / 2**32 * wait
    return (now + phase) // wait != (last + phase) // wait


def steady_look(
    can: Can,
    *,
    start: str,
    jobs: Sequence[Straggler],
    rising: Sequence[str],
    open_counts: Mapping[str, int],
    undated: tuple[Listing, ...] = (),
    known_since: str = "",
) -> Plan:
    """The cheapest mix, by an estimate, of a window from `start` or wider, lists of open statuses, and ids.

    `jobs`: stragglers that are due. `rising`: creation times of known jobs up to the youngest; how many
    jobs a window shows is known only so far back. `open_counts`: known jobs by open status. `undated`:
    how to find what is new in a list without dates. `known_since`: what was created before it was never
    listed, so that no one knows how much a window from there would show.
    """
    if not can.dates:
        return Plan(start="", listings=(*open_lists(can), *undated), by_lists=True, ask=tuple(jobs))
    older = sorted((j for j in jobs if j.created_at < start), key=attrgetter("created_at"), reverse=True)
    lists = _cost_of_lists(can, open_counts)
    best = min(_choices(can, start, older, rising, lists, known_since), key=lambda choice: choice[0])
    _, covered, by_lists = best
    begin = older[covered - 1].created_at if covered else start
    opens = open_lists(can) if by_lists else ()
    return Plan(start=begin, listings=(*opens, window(begin)), by_lists=by_lists, ask=tuple(older[covered:]))


def _choices(
    can: Can, start: str, older: Sequence[Straggler], rising: Sequence[str], lists: float, known_since: str
) -> Iterable[tuple[float, int, bool]]:
    """(cost, how many of `older` the window covers, whether open lists are read), cheapest windows first."""
    rests = _costs_of_rest(can, older)
    for covered in range(len(older) + 1):
        begin = older[covered - 1].created_at if covered else start
        if covered and (not begin or not rising or begin < max(rising[0], known_since)):
            return  # nothing is known of how much there is
        pages = (len(rising) - bisect_left(rising, begin)) // can.page_size + 1
        by_id, after_lists = rests[covered]
        yield pages + by_id, covered, False
        yield pages + lists + after_lists, covered, True


def _costs_of_rest(can: Can, jobs: Sequence[Straggler]) -> list[tuple[float, float]]:
    """For each k, what jobs[k:] cost by id alone, and what after the open lists were read."""
    words = {word.upper() for word in can.open_words}
    all_of_them, hidden, shown = _Asked(can), _Asked(can), 0
    costs = [(0.0, 0.0)]
    for job in reversed(jobs):
        all_of_them.add(job)
        if job.status in words:
            shown += 1
        else:
            hidden.add(job)
        costs.append((all_of_them.cost(), hidden.cost() + LEFT_SHARE * shown))
    return costs[::-1]


class _Asked:
    """Counts the requests that asking for jobs by id takes; they come in the order of their creation."""

    def __init__(self, can: Can) -> None:
        self._can = can
        self._jobs = 0
        self._instants = 0
        self._instant = ""

    def add(self, job: Straggler) -> None:
        self._jobs += 1
        if not job.created_at or job.created_at != self._instant:
            self._instants += 1
        self._instant = job.created_at

    def cost(self) -> float:
        return ceil(self._jobs / CHUNK) if self._can.job_ids else float(self._instants)


def _cost_of_lists(can: Can, open_counts: Mapping[str, int]) -> float:
    return sum(open_counts.get(word.upper(), 0) // can.page_size + 1 for word in can.open_words)


def resync(
    can: Can, ended: Sequence[Straggler], *, recent: str, undated: tuple[Listing, ...] = ()
) -> list[Listing | Question]:
    """A second look at what is open, and at what ended: those created since `recent` by windows, a few pages
    each, the others by id. `ended` in the order of creation. `undated`: of a list without dates.
    """
    if not can.dates:
        return [*open_lists(can), *undated]
    young = [job for job in ended if job.created_at >= recent]
    step = RESYNC_PAGES * can.page_size
    chunks = (young[i : i + step] for i in range(0, len(young), step))
    windows = [window(chunk[0].created_at, chunk[-1].created_at) for chunk in chunks]
    known = {job.id for job in young}
    return [*open_lists(can), *windows, *questions(can, [job for job in ended if job.id not in known])]


def questions(can: Can, jobs: Iterable[Straggler], rising: Sequence[str] = ()) -> list[Question]:
    """How to ask for these very jobs in the fewest requests. `rising`: creation times of all known jobs from
    some time on, by which it is known where a window shows no more than a page.
    """
    asked = sorted(jobs, key=attrgetter("created_at", "id"))
    if can.job_ids:
        chunks = (tuple(job.id for job in asked[i : i + CHUNK]) for i in range(0, len(asked), CHUNK))
        return [Question(ids, {"job_ids": ids}) for ids in chunks]
    return [question for group in _together(can, asked, rising) for question in _of_group(can, group)]


def _together(can: Can, asked: Iterable[Straggler], rising: Sequence[str]) -> Iterable[list[Straggler]]:
    """Neighbours whose times of creation one page spans, as far as is known."""
    group: list[Straggler] = []
    for job in asked:
        if group and not _fits(can, group[0].created_at, job.created_at, rising):
            yield group
            group = []
        group.append(job)
    if group:
        yield group


def _fits(can: Can, first: str, last: str, rising: Sequence[str]) -> bool:
    if not can.dates or first == last or not rising or first < rising[0]:
        return first == last
    return bisect_right(rising, last) - bisect_left(rising, first) <= can.page_size


def _of_group(can: Can, group: Sequence[Straggler]) -> Iterable[Question]:
    ids, first = tuple(job.id for job in group), group[0].created_at
    if can.dates and first and len(ids) > 1:
        yield Question(ids, window(first, group[-1].created_at).params)
    else:
        yield from (Question((job_id,), {}) for job_id in ids)
