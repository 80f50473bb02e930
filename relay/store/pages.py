"""Pages of long lists, newest first. However long a list is, a page costs what it shows.

Each choice of what is asked for ("branch") is a walk along an index; the walks are merged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from sqlite3 import Connection
from typing import Any

from relay.store.figures import owed_destinations
from relay.store.named import as_json, load
from relay.store.records import Row

COUNTED = 1000
"""Events of a delivery that a list counts; there may be more."""

MOST_BRANCHES = 2000

_SQL = load("pages.sql")

Key = tuple[Any, ...]
"""Where a page ends: the next one begins after it."""


@dataclass(frozen=True, kw_only=True)
class Page:
    rows: list[Row]
    next: Key | None


def _rows(db: Connection, name: str, *values: Any) -> list[Row]:
    cursor = db.execute(_SQL[name], values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _walked(db: Connection, walks: Iterable[tuple[str, Key]], limit: int) -> tuple[list[Key], Key | None]:
    """The newest keys of all walks, and the last of them where there are more."""
    found: list[Key] = []
    for name, values in walks:
        found += db.execute(_SQL[name], (*values, limit + 1)).fetchall()
    found.sort(reverse=True)
    return found[:limit], found[limit - 1] if len(found) > limit else None


def jobs_page(
    db: Connection,
    *,
    sources: Sequence[str] = (),
    statuses: Sequence[str] = (),
    job_id: str | None = None,
    before: tuple[str, str, str, int] | None = None,
    limit: int,
) -> Page:
    """Those that changed last first, of the sources that are read now."""
    named = dict(db.execute(_SQL["live_sources"]).fetchall())
    ids = [number for name, number in named.items() if not sources or name in sources]
    changed, created, job, of = before or ("~", "~", "~", 0)
    if job_id is not None:
        chosen = (job_id, as_json(statuses), not statuses)
        walks = [("jobs_of_id", (number, *chosen, changed, created, job, number < of)) for number in ids]
    else:
        walks = [
            (
                "jobs_of_source" if status is None else "jobs_of_status",
                (number, *(() if status is None else (status,)), changed, created, job, number < of),
            )
            for number, status in _branches(ids, statuses or [None])
        ]
    keys, last = _walked(db, walks, limit)
    rows = [_rows(db, "job", number, created, job)[0] for _, created, job, number in keys]
    return Page(rows=rows, next=last)


def job(db: Connection, *, source: str, job_id: str) -> Row | None:
    return next(iter(_rows(db, "job_named", source, job_id)), None)


def events_page(
    db: Connection,
    *,
    sources: Sequence[str] = (),
    types: Sequence[str] = (),
    job_id: str | None = None,
    before: tuple[int] | None = None,
    limit: int,
) -> Page:
    walks: list[tuple[str, Key]]
    (seq,) = before or (2**62,)
    if sources:
        ids = [row[0] for row in db.execute(_SQL["sources_named"], (as_json(sources),))]
    else:
        ids = [row[0] for row in db.execute(_SQL["all_sources"])]
    if job_id is not None:
        walks = [
            ("events_of_job", (number, job_id, as_json(types), not types, seq)) for number in ids if number
        ]
    elif types:
        walks = [("events_of_type", (*branch, seq)) for branch in _branches(ids, types)]
    elif sources:
        walks = [("events_of_source", (number, seq)) for number in ids]
    else:
        walks = [("events", (seq,))]
    keys, last = _walked(db, walks, limit)
    return Page(rows=_by_seq(db, "events_at", keys), next=last)


def event(db: Connection, *, event_id: str) -> Row | None:
    return next(iter(_rows(db, "event", event_id)), None)


def deliveries_page(
    db: Connection,
    *,
    destinations: Sequence[str] = (),
    states: Sequence[str] = (),
    event_id: str | None = None,
    before: tuple[int] | None = None,
    limit: int,
) -> Page:
    walks: list[tuple[str, Key]]
    (seq,) = before or (2**62,)
    if event_id is not None:
        chosen = (as_json(destinations), not destinations, as_json(states), not states)
        walks = [("deliveries_of_event", (event_id, *chosen, seq))]
    elif destinations or states:
        walks = [
            ("deliveries_of", (name, state, seq))
            for name in destinations or owed_destinations(db)
            for state in states or [row[0] for row in db.execute(_SQL["states"], (name, name))]
        ]
    else:
        walks = [("deliveries", (seq,))]
    keys, last = _walked(db, walks, limit)
    return Page(rows=_by_seq(db, "deliveries_at", keys), next=last)


def delivery(db: Connection, *, delivery_id: str, limit: int = COUNTED) -> Row | None:
    """With its attempts, the first of its events, and how many they are."""
    row = next(iter(_rows(db, "delivery", delivery_id)), None)
    if row is None:
        return None
    (count,) = db.execute(_SQL["parts"], (delivery_id,)).fetchone()
    attempts = _rows(db, "attempts", delivery_id, limit)[::-1]
    return {
        **row,
        "events": count,
        "attempts_made": attempts,
        "first_events": _rows(db, "events_of_delivery", delivery_id, 100),
    }


def batch_files(db: Connection, *, source: str, batch: str, limit: int = COUNTED) -> list[Row]:
    return _rows(db, "batch_files", source, batch, limit)


def _branches(*choices: Sequence[Any]) -> list[tuple[Any, ...]]:
    return list(product(*choices))[:MOST_BRANCHES]


def _by_seq(db: Connection, name: str, keys: Sequence[Key]) -> list[Row]:
    return _rows(db, name, as_json([key[0] for key in keys]))
