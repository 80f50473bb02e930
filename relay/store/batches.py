"""Batches that have ended, and what becomes of their files."""

from collections.abc import Sequence
from sqlite3 import Connection

from relay.model import Job, utc_text
from relay.store.events import add_events
from relay.store.named import SQL
from relay.store.records import BatchFile, Followed, NewEvent


def batches_to_follow(db: Connection, *, source: int, now: float, limit: int) -> Sequence[Followed]:
    rows = db.execute(SQL["batches_to_follow"], (source, utc_text(now), limit)).fetchall()
    fields = ("id", "created_at", "status", "name", "error", "changed_at", "changes")
    return [Followed(**dict(zip(fields, row, strict=True))) for row in rows]


def batch_files(db: Connection, *, source: int, batch: str) -> Sequence[BatchFile]:
    fields = ("place", "file", "kind", "job", "name", "status", "error")
    rows = db.execute(SQL["batch_files"], (source, batch))
    return [BatchFile(**dict(zip(fields, row, strict=True))) for row in rows]


def jobs_of_kind(
    db: Connection, *, kind: str, base_url: str, ids: Sequence[str], read_since: str
) -> Sequence[tuple[str, Job]]:
    """Those of these jobs that any source of this API has in its snapshot."""
    values = {"kind": kind, "base_url": base_url, "read_since": read_since}
    found = []
    for job_id in ids:
        row = db.execute(SQL["job_of_kind"], {**values, "id": job_id}).fetchone()
        if row is not None:
            fields = dict(zip(("status", "updated_at", "name", "error"), row, strict=True))
            found.append((job_id, Job(id=job_id, **fields)))
    return found


def _progress(db: Connection, source: int, batch: str) -> tuple[int | None, int]:
    """How many of a batch's files have ended, and how many it has."""
    row = db.execute(SQL["progress"], (source, batch)).fetchone()
    return row[0], row[1]


def batch_followed(
    db: Connection,
    *,
    source: int,
    batch: Followed,
    files: Sequence[BatchFile],
    event: NewEvent | None,
    again: str,
    now: float,
) -> bool:
    """Keep what was learned of the files; with `event`, the batch is told of and followed no more. Nothing if
    it has changed meanwhile. Whether there is something to send: of the event, or of how far it has come.
    """
    as_followed = db.execute(
        SQL["follow_again"],
        {
            "follow_at": again if event is None else None,
            "source": source,
            "id": batch.id,
            "created_at": batch.created_at,
            "changes": batch.changes,
        },
    ).rowcount
    if not as_followed:
        return False
    before = _progress(db, source, batch.id)
    db.executemany(
        SQL["keep_batch_file"],
        ((source, batch.id, f.place, f.file, f.kind, f.job, f.name, f.status, f.error) for f in files),
    )
    has_moved = _progress(db, source, batch.id) != before
    if has_moved:
        db.execute(SQL["move_on"], (utc_text(now), source, batch.id))
    if event is not None:
        add_events(db, source, [event], now)
    return has_moved or event is not None
