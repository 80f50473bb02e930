"""The ledger: proves from the database alone that every event is accounted for."""

from collections.abc import Iterable
from dataclasses import dataclass
from sqlite3 import Connection

from relay.store.named import parse

LISTED = 20

_CHECKS = parse("""
-- changes: a change of a job without its event, or an event without its change
SELECT s.name || ' ' || j.id || ': ' || j.changes || ' changes, ' || count(e.seq) || ' events'
FROM jobs j JOIN sources s ON s.id = j.source
LEFT JOIN events e ON e.source = j.source AND e.job_id = j.id
  AND e.type NOT LIKE '%.stuck' AND e.type NOT LIKE '%.vanished' AND e.type NOT LIKE '%.finished'
GROUP BY j.source, j.created_at, j.id, s.name, j.changes
HAVING count(e.seq) <> j.changes OR coalesce(max(e.nth), 0) <> j.changes

-- undelivered: a destination that a matching rule named has no delivery of the event, or several
SELECT e.id || ' to ' || wanted.value || ': ' || count(d.id) || ' deliveries'
FROM events e, json_each(e.rules) rule, json_each(rule.value) wanted
LEFT JOIN delivery_parts p ON p.event = e.seq
LEFT JOIN deliveries d ON d.id = p.delivery AND d.destination = wanted.value
GROUP BY e.seq, wanted.value HAVING count(d.id) <> 1

-- unasked: a delivery that no rule asked for
SELECT d.id || ' to ' || d.destination || ' carries ' || e.id
FROM deliveries d JOIN delivery_parts p ON p.delivery = d.id JOIN events e ON e.seq = p.event
WHERE NOT EXISTS (
  SELECT 1 FROM json_each(e.rules) rule, json_each(rule.value) wanted WHERE wanted.value = d.destination)

-- lost: a delivery in a state that is none
SELECT d.id || ' is ' || d.state FROM deliveries d
WHERE d.state NOT IN ('waiting', 'delivered', 'dead', 'superseded')

-- empty: a delivery that carries no event
SELECT d.id FROM deliveries d WHERE NOT EXISTS (
  SELECT 1 FROM delivery_parts p JOIN events e ON e.seq = p.event WHERE p.delivery = d.id)

-- unproven: delivered or dead without an attempt that says so
SELECT d.id || ' is ' || d.state FROM deliveries d WHERE d.state IN ('delivered', 'dead') AND NOT EXISTS (
  SELECT 1 FROM attempts a WHERE a.delivery = d.id AND a.outcome = d.state)
""")


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """`amiss` holds lines, at most 20 a kind, each naming what is wrong; empty when all is accounted for."""

    transitions: int
    matched: int
    unmatched: int
    deliveries: dict[str, int]
    amiss: tuple[str, ...]


def audit(db: Connection) -> Ledger:
    db.execute("BEGIN")
    try:
        return _audit(db)
    finally:
        db.execute("ROLLBACK")


def _audit(db: Connection) -> Ledger:
    total, matched = db.execute("SELECT count(*), coalesce(sum(rules <> '{}'), 0) FROM events").fetchone()
    states = db.execute("SELECT state, count(*) FROM deliveries GROUP BY state ORDER BY state")
    return Ledger(
        transitions=total,
        matched=matched,
        unmatched=total - matched,
        deliveries=dict(states.fetchall()),
        amiss=tuple(_amiss(db)),
    )


def _amiss(db: Connection) -> Iterable[str]:
    for check, sql in _CHECKS.items():
        for (line,) in db.execute(sql).fetchmany(LISTED):
            yield f"{check}: {line}"
