"""How things stand, in one cheap read: along indexes, and from what was counted as it happened."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from relay.model import is_open
from relay.store.named import load
from relay.store.records import Row

MOST_STATUSES = 100
"""Of a source that are counted; what an API calls its statuses is its own affair."""

_SQL = load("figures.sql")


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What is owed to a destination. `oldest`: when the first that waits was made; texts are times."""

    waiting: int
    dead: int
    oldest: str | None
    next_due: str | None
    down_at: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """`open_jobs`: by source and status. `ever`: by what, and name, since there is a database; `bytes`: of
    the database without its journal; `last_event`: the store's sequence.
    """

    sources: Sequence[Row]
    open_jobs: Mapping[tuple[str, str], int]
    queues: Mapping[str, Queue]
    ever: Mapping[str, Mapping[str, int]]
    hints: Sequence[Row]
    last_event: int
    bytes: int


def summary(db: Connection) -> Summary:
    db.execute("BEGIN")
    try:
        return _summary(db)
    finally:
        db.execute("ROLLBACK")


def _summary(db: Connection) -> Summary:
    cursor = db.execute(_SQL["sources"])
    names = [column[0] for column in cursor.description]
    sources = [dict(zip(names, row, strict=True)) for row in cursor]
    return Summary(
        sources=sources,
        open_jobs=_open_jobs(db, sources),
        queues=_queues(db),
        ever=_ever(db),
        hints=hint_statistics(db),
        last_event=last_event(db),
        bytes=db.execute(_SQL["size"]).fetchone()[0],
    )


def _open_jobs(db: Connection, sources: Sequence[Row]) -> dict[tuple[str, str], int]:
    found = {}
    for source in sources:
        number = source["id"]
        for (status,) in db.execute(_SQL["statuses"], (number, number, MOST_STATUSES)).fetchall():
            if is_open(status):
                (count,) = db.execute(_SQL["count_jobs"], (number, status)).fetchone()
                found[source["name"], status] = count
    return found


def _queues(db: Connection) -> dict[str, Queue]:
    troubles = {name: (down_at, why) for name, down_at, why in db.execute(_SQL["troubles"])}
    names = {*owed_destinations(db), *troubles}
    return {name: _queue(db, name, *troubles.get(name, (None, None))) for name in sorted(names)}


def _queue(db: Connection, name: str, down_at: str | None, reason: str | None) -> Queue:
    waiting, dead = (
        db.execute(_SQL["count_deliveries"], (name, state)).fetchone()[0] for state in ("waiting", "dead")
    )
    oldest = db.execute(_SQL["oldest"], (name,)).fetchone()
    (next_due,) = db.execute(_SQL["next_due"], (name,)).fetchone()
    return Queue(
        waiting=waiting,
        dead=dead,
        oldest=oldest and oldest[0],
        next_due=next_due,
        down_at=down_at,
        reason=reason,
    )


def _ever(db: Connection) -> dict[str, dict[str, int]]:
    found = defaultdict[str, dict[str, int]](dict)
    for what, name, n in db.execute(_SQL["ever"]):
        found[what][name] = n
    return found


def series(db: Connection, *, what: str, span: str, since: str) -> Sequence[tuple[str, str, int]]:
    """(at, name, count) of each "minute" or "hour" since; minutes are kept for two days."""
    return db.execute(_SQL["series"], (what, span, since)).fetchall()


def hint_statistics(db: Connection) -> Sequence[Row]:
    """Per source: hints asked for, those that showed a change first, and by how many seconds on average."""
    rows = db.execute(_SQL["hints"])
    return [dict(zip(("source", "asked", "first", "seconds"), row, strict=True)) for row in rows]


def owed_destinations(db: Connection) -> list[str]:
    """The names that deliveries go to, or went, whatever the configuration has."""
    return [name for (name,) in db.execute(_SQL["destinations"])]


def last_event(db: Connection) -> int:
    return int(db.execute(_SQL["last_event"]).fetchone()[0])
