"""What people and scripts read: jobs, events, deliveries, sources, newest first."""

from collections.abc import Sequence
from sqlite3 import Connection
from typing import Any

from relay.store.named import as_json
from relay.store.records import Row
from relay.store.writer import number_of

_SELECTS = {
    "jobs": """
        SELECT s.name AS source, s.kind, j.id, j.name, j.status, j.error, j.created_at, j.updated_at,
          j.changed_at, j.changes
        FROM jobs j JOIN sources s ON s.id = j.source WHERE s.retired_at IS NULL {and_}
        ORDER BY j.changed_at DESC, j.id LIMIT :limit""",
    "events": """
        SELECT e.seq, e.id, e.type, e.timestamp, e.data, e.rules, j.source, j.job_id FROM events e
        JOIN (SELECT seq, data ->> 'source' AS source, data ->> 'job_id' AS job_id
          FROM (SELECT seq, iif(json_valid(data), data, 'null') AS data FROM events)) j
          ON j.seq = e.seq WHERE 1 {and_}
        ORDER BY e.seq DESC LIMIT :limit""",
    "deliveries": """
        SELECT d.seq, d.id, d.destination, d.rule, d.severity, d.state,
          CASE WHEN d.state = 'waiting' THEN d.due_at END AS due_at, d.attempts, d.created_at,
          d.ended_at, d.give_up_at, d.reason, d.owner IS NOT NULL AS claimed, d.settle_until, d.group_key,
          CASE WHEN d.state = 'waiting' THEN d.held END AS held, d.replay,
          e.id AS event, e.type, iif(json_valid(e.data), e.data ->> 'job_id', NULL) AS job_id,
          (SELECT count(*) FROM delivery_parts p WHERE p.delivery = d.id) AS events
        FROM deliveries d JOIN events e
          ON e.seq = (SELECT min(p.event) FROM delivery_parts p WHERE p.delivery = d.id)
        WHERE 1 {and_} ORDER BY d.seq DESC LIMIT :limit""",
    "sources": """
        SELECT s.name, s.kind, s.baseline, s.mark, s.whole_at, s.looked_at, s.failures, s.trouble,
          s.ordering, s.wants AS requests,
          (SELECT count(*) FROM jobs j WHERE j.source = s.id
             AND j.status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')) AS open_jobs
        FROM sources s WHERE s.retired_at IS NULL {and_} ORDER BY s.name LIMIT :limit""",
    "destinations": """
        SELECT d.destination AS name, sum(d.state = 'waiting') AS waiting,
          sum(d.state = 'delivered') AS delivered,
          sum(d.state = 'dead') AS dead,
          sum(d.state = 'superseded') AS superseded,
          min(CASE WHEN d.state = 'waiting' THEN d.created_at END) AS oldest,
          t.down_at, t.reason
        FROM deliveries d LEFT JOIN destinations t ON t.name = d.destination WHERE 1 {and_}
        GROUP BY d.destination ORDER BY d.destination LIMIT :limit""",
}

_FILTERS = {
    "jobs": {"source": "s.name", "status": "j.status", "id": "j.id"},
    "events": {"source": "j.source", "type": "e.type", "job_id": "j.job_id", "id": "e.id"},
    "deliveries": {"destination": "d.destination", "state": "d.state", "rule": "d.rule", "id": "d.id"},
    "sources": {},
    "destinations": {},
}


def rows(
    db: Connection, what: str, /, *, limit: int = 100, after: int | None = None, **filters: Any
) -> list[Row]:
    """Rows that fit all filters (those that are None are left out), newest first.

    `after`: only those of a later `seq`, and oldest first, so that none is passed over.
    """
    fitting = {name: value for name, value in filters.items() if value is not None}
    clauses = [f"AND {_FILTERS[what][name]} = :{name}" for name in fitting]
    if after is not None:
        clauses.append(f"AND {what[0]}.seq > :after")
    sql = _SELECTS[what].format(and_=" ".join(clauses))
    if after is not None:
        sql = sql.replace(" DESC LIMIT", " LIMIT")
    cursor = db.execute(sql, {**fitting, "limit": limit, "after": after})
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def chosen(
    db: Connection,
    *,
    states: Sequence[str],
    ids: Sequence[str] = (),
    destination: str | None = None,
    rule: str | None = None,
    since: str | None = None,
) -> Sequence[tuple[int, str, str]]:
    """Sequence, id and destination of the deliveries that fit all of it, oldest first.

    `since`: when they were made, or where they are not waiting, when they ended.
    """
    clauses, values = ["state IN (SELECT value FROM json_each(?))"], [as_json(states)]
    if ids:
        clauses, values = [*clauses, "id IN (SELECT value FROM json_each(?))"], [*values, as_json(ids)]
    for clause, value in (
        ("destination = ?", destination),
        ("rule = ?", rule),
        ("coalesce(ended_at, created_at) >= ?", since),
    ):
        if value is not None:
            clauses, values = [*clauses, clause], [*values, value]
    sql = f"SELECT seq, id, destination FROM deliveries WHERE {' AND '.join(clauses)} ORDER BY seq"  # noqa: S608
    return db.execute(sql, values).fetchall()


def waiting(db: Connection) -> Sequence[Row]:
    """Per destination and rule: how many wait, and when the first of them is given up."""
    sql = """SELECT destination, rule, count(*), min(give_up_at) FROM deliveries WHERE state = 'waiting'
        GROUP BY destination, rule ORDER BY destination, rule"""
    names = ("destination", "rule", "waiting", "give_up_at")
    return [dict(zip(names, row, strict=True)) for row in db.execute(sql)]


def version(db: Connection) -> int:
    """A number that differs when another connection, of any process, has committed.

    The journal's file would not tell: it is written before the commit can be read, by what a disk takes.
    """
    return int(db.execute("PRAGMA data_version").fetchone()[0])


def writable(db: Connection) -> None:
    """Raise StoreFailed where nothing can be written: the commit goes to the disk, and changes nothing."""
    db.execute(f"PRAGMA user_version = {number_of(db)}")
