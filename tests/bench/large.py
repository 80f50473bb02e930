"""A database of a relay that has run for years: a million events, a hundred thousand deliveries that wait."""

import sqlite3
from contextlib import closing
from pathlib import Path

from relay.store import open_store

JOBS, EVENTS, WAITING = 1_000_000, 1_000_000, 100_000
SOURCES = ("parse", "classify", "extract", "split")
DESTINATIONS = ("ops", "oncall", "warehouse")

BEGAN, APART = 1_790_000_000, 7
ENDED = BEGAN + EVENTS * APART
"""In seconds since 1970: between them, an event each so many seconds."""

_NUMBERS = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO {into} SELECT {values} FROM numbers
"""
_AT = f"strftime('%Y-%m-%dT%H:%M:%fZ', {BEGAN} + n * {APART}, 'unixepoch')"
_KIND = "CASE (n % 4) WHEN 0 THEN 'parse' WHEN 1 THEN 'classify' WHEN 2 THEN 'extract' ELSE 'split' END"
_WORD = "CASE WHEN n % 50 = 0 THEN 'FAILED' WHEN n % 3 = 0 THEN 'RUNNING' ELSE 'COMPLETED' END"
_TO = "CASE (n % 3) WHEN 0 THEN 'ops' WHEN 1 THEN 'oncall' ELSE 'warehouse' END"
_STATE = "CASE WHEN n > :settled THEN 'waiting' WHEN n % 1000 = 0 THEN 'dead' ELSE 'delivered' END"

_ROWS = {
    "jobs (source, created_at, id, status, updated_at, seq, changes, changed_at, spell_at, name)": f"""
        n % 4 + 1, {_AT}, 'job-' || n, CASE WHEN n % 997 = 0 THEN 'RUNNING' WHEN n % 50 = 0 THEN 'FAILED'
          ELSE 'COMPLETED' END, {_AT}, n, 1, {_AT}, {_AT}, 'invoice-' || n || '.pdf'""",
    "events (seq, id, source, job_id, nth, type, timestamp, data, rules)": f"""
        n, 'evt_' || n, n % 4 + 1, 'job-' || n, 1, {_KIND} || '.' || lower({_WORD}), {_AT},
        json_object('source', {_KIND}, 'product', {_KIND}, 'kind', {_KIND}, 'project_id', NULL, 'job_id',
          'job-' || n, 'name', 'invoice-' || n || '.pdf', 'status', {_WORD}, 'previous', 'RUNNING',
          'error', NULL, 'error_kind', NULL, 'after_outage', json('false'), 'severity', 'info', 'url', NULL,
          'outcome', NULL, 'job', json_object('id', 'job-' || n, 'note', hex(zeroblob(300)))),
        json_object('all', json_array({_TO}))""",
    """deliveries (seq, id, destination, rule, relay, severity, job, state, due_at, give_up_at, attempts,
      created_at, ended_at)""": f"""
        n, 'msg_' || n, {_TO}, 'all', 'large', 'info', (n % 4 + 1) || '/job-' || n, {_STATE}, {_AT},
        '2099-01-01T00:00:00.000Z', 1, {_AT}, CASE WHEN n > :settled THEN NULL ELSE {_AT} END""",
    "delivery_parts (delivery, event)": "'msg_' || n, n",
    "attempts (delivery, nth, started_at, seconds, outcome, status, answer)": f"""
        'msg_' || n, 1, {_AT}, 0.1, CASE WHEN n % 1000 = 0 THEN 'dead' ELSE 'delivered' END, 200, 'ok'""",
}

_TALLIES = (
    """INSERT INTO tallies SELECT 'event', :span, substr(timestamp, 1, :length), type, count(*)
      FROM events GROUP BY 3, 4""",
    """INSERT INTO tallies
      SELECT 'delivery', :span, substr(ended_at, 1, :length), destination || '/' || state, count(*)
      FROM deliveries WHERE ended_at IS NOT NULL GROUP BY 3, 4""",
)
_SPANS = {"ever": 0, "minute": 16, "hour": 13}  # hours last: with them, minutes that are too old go


async def large_store(path: Path, *, rows: int = EVENTS, waiting: int = WAITING) -> None:
    """Make it, in about a minute for a million."""
    store = open_store(path)
    for kind in SOURCES:
        await store.open_source(name=kind, kind=kind, identity="{}", now=float(BEGAN))
    await store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        for into, values in _ROWS.items():
            count = rows - waiting if into.startswith("attempts") else rows
            db.execute(_NUMBERS.format(into=into, values=values), {"count": count, "settled": rows - waiting})
        for span, length in _SPANS.items():
            for counted in _TALLIES:
                db.execute(counted, {"span": span, "length": length})
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
