"""Sources and jobs: what was seen, and from a page to the outbox in one transaction."""

from collections.abc import Callable, Sequence
from sqlite3 import Connection

import msgspec

from relay.diff import Known
from relay.model import is_open, utc_text
from relay.store.events import add_events
from relay.store.named import SQL
from relay.store.records import AskRow, Changes, Decide, KnownRow, NewEvent, SourceRow, Whole
from relay.store.retention import pruned_until

CROWD = 20
"""How many rows per asked key a creation time may bring before ids are asked one by one."""

GONE_FOR = 86400.0
"""Seconds that a job which has vanished is still asked for."""

_SOURCE_FIELDS = (
    *("id", "seq", "baseline", "mark", "newest", "whole_at", "failures", "resynced_at", "ordering"),
)


def open_source(
    db: Connection, *, name: str, kind: str, identity: str, renamed_from: str | None = None, now: float
) -> SourceRow:
    """What is remembered under this name, or was under the old one; another identity starts anew."""
    if renamed_from is not None:
        db.execute(SQL["rename_source"], {"name": name, "old": renamed_from, "identity": identity})
    row = db.execute(SQL["open_source"], {"name": name}).fetchone()
    if row is not None and row[1] != identity:
        db.execute(SQL["retire_source"], {"id": row[0], "now": utc_text(now)})
        row = None
    if row is None:
        db.execute(SQL["add_source"], {"name": name, "kind": kind, "identity": identity}).fetchone()
        row = db.execute(SQL["open_source"], {"name": name}).fetchone()
    return SourceRow(**dict(zip(_SOURCE_FIELDS, (row[0], *row[2:]), strict=True)))


def known_rows(db: Connection, source: int, keys: Sequence[tuple[str, str]]) -> dict[str, KnownRow]:
    """What is known of jobs named by (created_at, id).

    By creation time, as the table is clustered; by id for the rest: its time may be missing or have
    changed, and a second row of one job would be false news.
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
    sql = f"{SQL['jobs_at']} ({marks}) LIMIT ?"
    return db.execute(sql, (source, *times, limit)).fetchall()


def ingest(
    db: Connection,
    *,
    source: int,
    keys: Sequence[tuple[str, str]],
    decide: Decide,
    baseline: str | None,
    spell_at: str = "",
    now: float,
) -> tuple[Changes, int | None]:
    """Read what was known, let `decide` compare, store what it says; the new sequence if it said any."""
    changes = decide(known_rows(db, source, keys), pruned_until(db, source))
    if changes.is_empty():
        if baseline is not None:
            db.execute(SQL["set_baseline"], {"id": source, "baseline": baseline})
        return changes, None
    (seq,) = db.execute(SQL["next_seq"], {"id": source, "baseline": baseline}).fetchone()
    at = utc_text(now)
    _write_seen(db, source, changes, seq, at, spell_at)
    _write_unseen(db, source, changes, at)
    if changes.events:
        add_events(db, source, changes.events, now)
    return changes, int(seq)


def _write_seen(db: Connection, source: int, changes: Changes, seq: int, at: str, spell_at: str) -> None:
    """A spell is no older than the API says that the job has changed, whatever anyone's clock says."""
    follow = at if changes.follow else None
    db.executemany(
        SQL["add_job"],
        (
            (
                *(source, job.created_at, job.id, job.status, job.updated_at, seq, nth, at),
                max(spell_at, job.updated_at),
                *(follow if nth and not is_open(job.status) else None, job.name, job.error),
            )
            for job, nth in changes.learned
        ),
    )
    db.executemany(
        SQL["move_job"],
        (
            (
                *(job.status, job.updated_at, seq, nth, at, max(spell_at, job.updated_at)),
                *(None if is_open(job.status) else follow, job.name, job.error),
                *(source, known.created_at, job.id),
            )
            for known, job, nth in changes.moved
        ),
    )
    if changes.follow:
        db.executemany(SQL["forget_batch_files"], ((source, job.id) for _, job, _ in changes.moved))
    db.executemany(
        SQL["freshen_job"],
        ((job.updated_at, seq, source, known.created_at, job.id) for known, job in changes.fresher),
    )


def _write_unseen(db: Connection, source: int, changes: Changes, at: str) -> None:
    gone = {known.id for known in changes.gone}
    db.executemany(SQL["find_job"], (_key(source, known) for known in changes.found))
    db.executemany(
        SQL["miss_job"],
        (
            (at, at if known.id in gone else None, int(known.id in gone), *_key(source, known))
            for known in changes.missed
        ),
    )
    db.executemany(SQL["tell_stuck"], (_key(source, known) for known in changes.stuck))


def _key(source: int, known: Known) -> tuple[int, str, str]:
    return source, known.created_at, known.id


def jobs_to_ask(db: Connection, *, source: int, ended_since: str, now: float) -> Sequence[AskRow]:
    """Open jobs but those long gone, and those that ended since."""
    values = {"source": source, "ended_since": ended_since, "gone_since": utc_text(now - GONE_FOR)}
    return db.execute(SQL["jobs_to_ask"], values).fetchall()


def younger(db: Connection, *, source: int, since: str, limit: int) -> Sequence[str]:
    return [row[0] for row in db.execute(SQL["younger"], (source, since, limit))]


def ended(db: Connection, *, source: int, since: str) -> Sequence[tuple[str, str, str, str]]:
    return db.execute(SQL["ended"], (source, since)).fetchall()


def look_whole(
    db: Connection, *, source: int, whole: Whole, up: Callable[[int], NewEvent], now: float
) -> None:
    """`up` makes the event that says so, where the source was down."""
    at = utc_text(now)
    for (nth,) in db.execute(SQL["source_up"], {"id": source}).fetchall():
        add_events(db, source, [up(nth)], now)
    db.execute(SQL["look_whole"], {"id": source, "now": at, **msgspec.structs.asdict(whole)})


def move_mark(db: Connection, *, source: int, mark: str) -> None:
    db.execute(SQL["move_mark"], {"id": source, "mark": mark})


def resynced(db: Connection, *, source: int, now: float) -> None:
    db.execute(SQL["resynced"], {"id": source, "now": utc_text(now)})


def look_failed(
    db: Connection, *, source: int, trouble: str, down: Callable[[int], NewEvent] | None, now: float
) -> int:
    """How many looks in a row have now failed. `down` makes the event, told once a trouble."""
    at = utc_text(now)
    values = {"id": source, "trouble": trouble, "now": at}
    (failures,) = db.execute(SQL["look_failed"], values).fetchone()
    if down is not None:
        for (nth,) in db.execute(SQL["source_down"], {"id": source, "now": at}).fetchall():
            add_events(db, source, [down(nth)], now)
    return int(failures)
