"""What a look asks for: a pure function of what is known and of what the endpoint can filter by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from relay.model import canonical_time, is_open, seconds_of, utc_text

OVERLAP = 300.0
"""Seconds before the mark from which a window begins: lists lag, and clocks differ a little."""

FIRST_WINDOW = 3600.0
LINGER = 300.0
"""Seconds that a job stays in the plan after its end, since some turn again."""

CHUNK = 50
"""Ids in one question; 150 of them made a request line of 7 kB."""


@dataclass(frozen=True, kw_only=True)
class Can:
    """What an endpoint can filter by; `open_words` are its status words for open jobs, in order of life."""

    dates: bool
    job_ids: bool
    open_words: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """One walk. `until`: a list without dates may end at a page of jobs all known and older than this."""

    params: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    until: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Listings in order; of `ask`, those that no listing showed are then asked for one by one."""

    listings: tuple[Listing, ...]
    ask: tuple[str, ...] = ()


def open_words(statuses: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in statuses if is_open(word.upper()))


def first_look(can: Can, *, baseline: str | None, since: str | None) -> Plan:
    """All that is open, in the order of a job's life, the first once more at the end, since a job may move
    meanwhile; and the last hour. History is not walked, but where there are no dates, once.
    """
    words = (*can.open_words, *can.open_words[:1])
    opens = tuple(Listing({"status": word}) for word in words)
    if not can.dates:
        return Plan(listings=(*opens, Listing()))
    if baseline is None:
        return Plan(listings=opens)  # the API's time is not known yet; the window follows
    return Plan(listings=(*opens, first_window(baseline=baseline, since=since)))


def first_window(*, baseline: str, since: str | None) -> Listing:
    start = _earlier(baseline, FIRST_WINDOW)
    return _window(min(start, since) if since else start)


def steady_look(can: Can, *, mark: str, jobs: Sequence[tuple[str, str, str, str]]) -> Plan:
    """The window since the mark, and the jobs outside of it that may still move: (id, created_at, …)."""
    start = _earlier(mark, OVERLAP)
    outside = tuple(job_id for job_id, created_at, *_ in jobs if not can.dates or created_at < start)
    window = _window(start) if can.dates else Listing(until=start)
    if can.job_ids:
        chunks = (outside[i : i + CHUNK] for i in range(0, len(outside), CHUNK))
        return Plan(listings=(window, *(Listing({"job_ids": chunk}) for chunk in chunks)))
    opens = tuple(Listing({"status": word}) for word in can.open_words) if outside else ()
    return Plan(listings=(*opens, window), ask=outside)


def _window(start: str) -> Listing:
    return Listing({"created_at_on_or_after": start})


def _earlier(time: str, seconds: float) -> str:
    return canonical_time(utc_text(seconds_of(time) - seconds))
