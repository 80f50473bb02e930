"""Sources and jobs: what was seen, and from a page to the outbox in one transaction."""

from collections.abc import Sequence
from sqlite3 import Connection

import msgspec

from relay.model import utc_text
from relay.store.named import SQL
from relay.store.records import Changes, Decide, KnownRow, NewEvent, SourceRow

CROWD = 20
"""How many rows per asked key a creation time may bring before ids are asked one by one."""


def open_source(db: Connection, *, name: str, kind: str, identity: str, now: float) -> SourceRow:
    row = db.execute(SQL["open_source"], {"name": name}).fetchone()
    if row is not None and row[1] != identity:
        db.execute(SQL["retire_source"], {"id": row[0], "now": utc_text(now)})
        row = None
    if row is None:
        (new,) = db.execute(SQL["add_source"], {"name": name, "kind": kind, "identity": identity}).fetchone()
        row = (new, identity, 0, None, None, None, None, 0, None)
    fields = ("id", "seq", "baseline", "mark", "newest", "whole_at", "failures", "trouble")
    return SourceRow(**dict(zip(fields, (row[0], *row[2:]), strict=True)))


def known_rows(db: Connection, source: int, keys: Sequence[tuple[str, str]]) -> dict[str, KnownRow]:
    """What is known of jobs named by (created_at, id). By creation time, as the table is clustered; by id
    for the rest: its time may be missing or have changed, and a second row of one job would be false news.
    """
    times = list({created_at for created_at, _ in keys if created_at})
    limit = CROWD * len(keys)
    rows = _by_time(db, source, times, limit)
    known = {} if len(rows) >= limit else {row[0]: row for row in rows}
    for _, job_id in keys:
        if job_id not in known and (row := db.execute(SQL["job_by_id"], (source, job_id)).fetchone()):
            known[job_id] = row
    return known


def _by_time(db: Connection, source: int, times: list[str], limit: int) -> list[KnownRow]:
    if not times:
        return []
    marks = ",".join("?" * len(times))
    return db.execute(
        "SELECT id, created_at, status, updated_at, seq, changes FROM jobs "  # noqa: S608 - only marks
        f"WHERE source = ? AND created_at IN ({marks}) LIMIT ?",
        (source, *times, limit),
    ).fetchall()


def ingest(
    db: Connection,
    *,
    source: int,
    keys: Sequence[tuple[str, str]],
    decide: Decide,
    baseline: str | None,
    now: float,
) -> tuple[Changes, int | None]:
    """Read what was known, let `decide` compare, store what it says; the new sequence if it said any."""
    changes = decide(known_rows(db, source, keys))
    if changes.is_empty():
        if baseline is not None:
            db.execute(SQL["set_baseline"], {"id": source, "baseline": baseline})
        return changes, None
    (seq,) = db.execute(SQL["next_seq"], {"id": source, "baseline": baseline}).fetchone()
    at = utc_text(now)
    _write_jobs(db, source, changes, seq, at)
    for new in changes.events:
        add_event(db, source, new, at)
    return changes, seq


def _write_jobs(db: Connection, source: int, changes: Changes, seq: int, at: str) -> None:
    db.executemany(
        SQL["add_job"],
        (
            (source, job.created_at, job.id, job.status, job.updated_at, seq, nth, at, job.name, job.error)
            for job, nth in changes.learned
        ),
    )
    db.executemany(
        SQL["move_job"],
        (
            (job.status, job.updated_at, seq, nth, at, job.name, job.error, source, known.created_at, job.id)
            for known, job, nth in changes.moved
        ),
    )
    db.executemany(
        SQL["freshen_job"],
        ((job.updated_at, seq, source, known.created_at, job.id) for known, job in changes.fresher),
    )


def add_event(db: Connection, source: int, new: NewEvent, at: str) -> None:
    event = new.event
    data = msgspec.json.encode(event.data).decode()
    rules = msgspec.json.encode(new.rules).decode()
    (seq,) = db.execute(
        SQL["add_event"],
        (event.id, source, new.job_id, new.nth, event.type, event.timestamp, data, rules),
    ).fetchone()
    _add_deliveries(db, source, new, seq, at)


def _add_deliveries(db: Connection, source: int, new: NewEvent, event: int, at: str) -> None:
    job = f"{source}/{new.job_id}"
    for d in new.deliveries:
        db.execute(
            SQL["add_delivery"],
            (d.id, d.destination, d.rule, d.relay, d.severity, job, d.due_at, d.give_up_at, at),
        )
        db.execute(SQL["add_part"], (d.id, event))


def jobs_to_ask(db: Connection, *, source: int, ended_since: str) -> Sequence[tuple[str, str, str, str]]:
    """(id, created_at, status, changed_at) of open jobs and of those that ended after `ended_since`."""
    return db.execute(SQL["jobs_to_ask"], {"source": source, "ended_since": ended_since}).fetchall()


def look_whole(
    db: Connection, *, source: int, mark: str | None, newest: str | None, whole_at: float, now: float
) -> None:
    values = {"id": source, "mark": mark, "newest": newest, "whole_at": utc_text(whole_at)}
    db.execute(SQL["look_whole"], values | {"now": utc_text(now)})


def look_failed(db: Connection, *, source: int, trouble: str, now: float) -> int:
    values = {"id": source, "trouble": trouble, "now": utc_text(now)}
    return int(db.execute(SQL["look_failed"], values).fetchone()[0])
