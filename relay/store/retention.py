"""What is older than it has to be kept goes, a few jobs at a time, each with all that came of it."""

from collections.abc import Sequence
from sqlite3 import Connection

from relay.model import canonical_time, seconds_of, utc_text
from relay.store.named import SQL, as_json
from relay.store.records import Slice

AT_ONCE = 200
"""Jobs, or events of relay's own, that one transaction looks at."""

HINTS_AT_ONCE = 1000
PAGES_AT_ONCE = 500

BEFORE_MARK = 86400.0
"""Seconds before a source's mark from which on nothing is pruned: lists lag, and what is late is news."""

SPARE, MOST_SPARE = 0.1, 0.2
"""Of the file, what is left free for what comes next, and how much free is too much."""

JobPlace = tuple[str, str, str]
"""changed_at, created_at, id"""

EventPlace = tuple[str, int, str]
"""job_id, nth, type"""


def pruning_begins(db: Connection, *, before: str) -> Sequence[int]:
    """Moves `pruned_until` of every source before anything of it goes; the sources with something to prune.

    0 stands for relay's own news that are of no source.
    """
    sources = db.execute(SQL["marks"]).fetchall()
    db.executemany(
        SQL["move_pruned_until"],
        ((_until(mark, before), source) for source, mark in sources if mark is not None),
    )
    return [0, *(source for source, _ in sources)]


def _until(mark: str, before: str) -> str:
    """In the shape of creation times, which it is compared with."""
    return canonical_time(min(before, utc_text(seconds_of(mark) - BEFORE_MARK)))


def prune_jobs(
    db: Connection, *, source: int, before: str, after: JobPlace = ("", "", "")
) -> Slice[JobPlace]:
    """Ended jobs of which nothing has happened since: whole jobs, so that the ledger holds at every moment.

    One whose creation time is not known stays as if it had been learned in silence: without its row, its next
    sighting would be news.
    """
    values = dict(zip(("changed_at", "created_at", "id"), after, strict=True))
    rows = db.execute(
        SQL["old_jobs"], {**values, "source": source, "before": before, "most": AT_ONCE}
    ).fetchall()
    goes = [row for row in rows if row[-1]]
    ids = as_json([job_id for _, _, job_id, _ in goes])
    events = [seq for (seq,) in db.execute(SQL["events_of_jobs"], (source, ids))]
    _prune_events(db, events)
    db.execute(SQL["prune_batch_files"], (source, ids))
    db.executemany(SQL["prune_job"], ((source, created_at, job_id) for _, created_at, job_id, _ in goes))
    db.executemany(SQL["bury_job"], ((source, job_id) for _, created_at, job_id, _ in goes if not created_at))
    return Slice(after=rows[-1][:3] if len(rows) == AT_ONCE else None, jobs=len(goes), events=len(events))


def prune_own_events(
    db: Connection, *, source: int, before: str, after: EventPlace = ("", -1, "")
) -> Slice[EventPlace]:
    """Relay's own news of a source, or of no source, which are of no job."""
    values = dict(zip(("job_id", "nth", "type"), after, strict=True))
    rows = db.execute(
        SQL["old_news"], {**values, "source": source, "before": before, "most": AT_ONCE}
    ).fetchall()
    events = [seq for *_, seq, goes in rows if goes]
    _prune_events(db, events)
    return Slice(after=rows[-1][:3] if len(rows) == AT_ONCE else None, events=len(events))


def _prune_events(db: Connection, events: Sequence[int]) -> None:
    """With the deliveries that carry nothing else."""
    seqs = as_json(events)
    deliveries = as_json([row[0] for row in db.execute(SQL["deliveries_of_events"], (seqs,))])
    db.execute(SQL["prune_parts"], (seqs,))
    emptied = as_json([row[0] for row in db.execute(SQL["prune_deliveries"], (deliveries,)).fetchall()])
    db.execute(SQL["prune_attempts"], (emptied,))
    db.execute(SQL["prune_slack_messages"], (emptied,))
    db.execute(SQL["prune_events"], (seqs,))


def prune_hints(db: Connection, *, before: str, after: int = 0) -> Slice[int]:
    """And the sources that another identity has replaced, once nothing is left of them."""
    pruned = db.execute(SQL["prune_hints"], (before, HINTS_AT_ONCE)).rowcount
    db.execute(SQL["prune_sources"], (before,))
    return Slice(after=after + pruned if pruned == HINTS_AT_ONCE else None)


def shrink(db: Connection, *, after: int = 0) -> Slice[int]:
    """Give a few pages of a file that has become much too large back to the disk."""
    (pages,), (free,), (mode,) = (
        db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "auto_vacuum")
    )
    if mode == 0 or free < (SPARE if after else MOST_SPARE) * pages or free < PAGES_AT_ONCE:
        return Slice(after=None)
    for _ in range(PAGES_AT_ONCE):  # one by one: the module steps a statement without columns only once
        db.execute("PRAGMA incremental_vacuum(1)")
    return Slice(after=after + PAGES_AT_ONCE)


def pruned_until(db: Connection, source: int) -> str:
    """Jobs created up to then may have been known, and are no news; "" where none were pruned."""
    row = db.execute(SQL["pruned_until"], (source,)).fetchone()
    return "" if row is None or row[0] is None else str(row[0])
