"""The ledger: proves from the database alone that every event is accounted for.

It is proven row by row, each with what belongs to it, so that slice by slice is as good as all at once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from sqlite3 import Connection
from typing import Any, Literal, NamedTuple

from relay.store.mend import DROPPED
from relay.store.named import as_json, parse
from relay.store.outbox import POISON, UNREADABLE
from relay.store.overdue import NO_DESTINATION, NO_RULE

LISTED = 20
SLICE = 500
"""Rows looked at in one go."""

UNSENT = (DROPPED, POISON, UNREADABLE, NO_DESTINATION, NO_RULE)
"""Reasons of what is dead without an attempt that says so."""

_SQL = parse("""
-- events: so many, in the store's order
SELECT seq, rules <> '{}' FROM events WHERE seq > ? ORDER BY seq LIMIT ?

-- owed: of each event and destination that a rule named, the deliveries
SELECT e.id || ' to ' || wanted.value, count(d.id), min(d.state)
FROM events e, json_each(e.rules) rule, json_each(rule.value) wanted
LEFT JOIN delivery_parts p ON p.event = e.seq
LEFT JOIN deliveries d ON d.id = p.delivery AND d.destination = wanted.value AND NOT d.replay
WHERE e.seq > ? AND e.seq <= ? AND e.rules <> '{}'
GROUP BY e.seq, wanted.value

-- deliveries: so many, in the store's order
SELECT seq, state, replay FROM deliveries WHERE seq > ? ORDER BY seq LIMIT ?

-- unasked: a delivery that no rule asked for, nor anyone by hand
SELECT d.id || ' to ' || d.destination || ' carries ' || e.id
FROM deliveries d JOIN delivery_parts p ON p.delivery = d.id JOIN events e ON e.seq = p.event
WHERE d.seq > ?1 AND d.seq <= ?2 AND NOT d.replay AND NOT EXISTS (
  SELECT 1 FROM json_each(e.rules) rule, json_each(rule.value) wanted WHERE wanted.value = d.destination)

-- lost: a delivery in a state that is none
SELECT d.id || ' is ' || d.state FROM deliveries d
WHERE d.seq > ?1 AND d.seq <= ?2 AND d.state NOT IN ('waiting', 'delivered', 'dead', 'silenced', 'superseded')

-- empty: a delivery that carries no event
SELECT d.id FROM deliveries d WHERE d.seq > ?1 AND d.seq <= ?2 AND NOT EXISTS (
  SELECT 1 FROM delivery_parts p JOIN events e ON e.seq = p.event WHERE p.delivery = d.id)

-- unproven: delivered or dead without an attempt that says so
SELECT d.id || ' is ' || d.state FROM deliveries d
WHERE d.seq > ?1 AND d.seq <= ?2 AND d.state IN ('delivered', 'dead')
  AND NOT (d.state = 'dead' AND coalesce(d.reason, '') IN (SELECT value FROM json_each(?3)))
  AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.delivery = d.id AND a.outcome = d.state)

-- changes: a change of a job without its event, or an event without its change
SELECT j.source, j.created_at, j.id,
  coalesce(s.name, j.source) || ' ' || j.id || ': ' || j.changes || ' changes, ' || count(e.seq) || ' events',
  count(e.seq) <> j.changes OR coalesce(max(e.nth), 0) <> j.changes
FROM (SELECT * FROM jobs WHERE (source, created_at, id) > (?, ?, ?) ORDER BY source, created_at, id LIMIT ?) j
LEFT JOIN sources s ON s.id = j.source
LEFT JOIN events e ON e.source = j.source AND e.job_id = j.id
  AND e.type NOT LIKE '%.stuck' AND e.type NOT LIKE '%.vanished' AND e.type NOT LIKE '%.finished'
GROUP BY j.source, j.created_at, j.id ORDER BY j.source, j.created_at, j.id
""")


class Place(NamedTuple):
    """Where the audit has come to: in which table, and after which row."""

    table: Literal["jobs", "events", "deliveries"]
    after: tuple[Any, ...]


_BEGIN = Place("jobs", (0, "", ""))
_NEXT = {"jobs": Place("events", (0,)), "events": Place("deliveries", (0,)), "deliveries": None}


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """`owed`: of each event and destination that a rule named, how many are in which state. `deliveries`:
    messages by their state, of which `replayed` were asked for by hand. `imbalance`: how much is amiss;
    `amiss`: lines that name it, at most 20 a kind; empty when all is accounted for.
    """

    transitions: int = 0
    matched: int = 0
    unmatched: int = 0
    owed: Mapping[str, int] = field(default_factory=dict)
    deliveries: Mapping[str, int] = field(default_factory=dict)
    replayed: int = 0
    imbalance: int = 0
    amiss: tuple[str, ...] = ()

    def __add__(self, other: "Ledger") -> "Ledger":
        return Ledger(
            transitions=self.transitions + other.transitions,
            matched=self.matched + other.matched,
            unmatched=self.unmatched + other.unmatched,
            owed=_sum(self.owed, other.owed),
            deliveries=_sum(self.deliveries, other.deliveries),
            replayed=self.replayed + other.replayed,
            imbalance=self.imbalance + other.imbalance,
            amiss=tuple(_listed((*self.amiss, *other.amiss))),
        )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {state: one.get(state, 0) + other.get(state, 0) for state in sorted({*one, *other})}


def _listed(lines: Iterable[str]) -> Iterator[str]:
    kinds: Counter[str] = Counter()
    for line in lines:
        kind = line.partition(":")[0]
        kinds[kind] += 1
        if kinds[kind] <= LISTED:
            yield line


def _found(lines: Iterable[str], **counted: Any) -> Ledger:
    amiss = tuple(lines)
    return Ledger(imbalance=len(amiss), amiss=tuple(_listed(amiss)), **counted)


def audit(db: Connection) -> Ledger:
    """All of it, as it stands now."""
    db.execute("BEGIN")
    try:
        ledger, place = _slice(db, _BEGIN, SLICE)
        while place is not None:
            part, place = _slice(db, place, SLICE)
            ledger += part
        return ledger
    finally:
        db.execute("ROLLBACK")


def audit_slice(
    db: Connection, *, after: Place | None = None, limit: int = SLICE
) -> tuple[Ledger, Place | None]:
    """What `limit` rows after a place show, or the first, and where to go on; None at the end."""
    db.execute("BEGIN")
    try:
        return _slice(db, after or _BEGIN, limit)
    finally:
        db.execute("ROLLBACK")


def _slice(db: Connection, place: Place, limit: int) -> tuple[Ledger, Place | None]:
    ledger, last = _TABLES[place.table](db, place.after, limit)
    return ledger, _NEXT[place.table] if last is None else Place(place.table, last)


_Slice = tuple[Ledger, tuple[Any, ...] | None]


def _jobs(db: Connection, after: tuple[Any, ...], limit: int) -> _Slice:
    rows = db.execute(_SQL["changes"], (*after, limit)).fetchall()
    ledger = _found(f"changes: {line}" for *_, line, wrong in rows if wrong)
    return ledger, tuple(rows[-1][:3]) if rows else None


def _events(db: Connection, after: tuple[Any, ...], limit: int) -> _Slice:
    rows = db.execute(_SQL["events"], (*after, limit)).fetchall()
    if not rows:
        return Ledger(), None
    last = rows[-1][0]
    owed = db.execute(_SQL["owed"], (*after, last)).fetchall()
    matched = sum(taken for _, taken in rows)
    ledger = _found(
        (f"undelivered: {what}: {count} deliveries" for what, count, _ in owed if count != 1),
        transitions=len(rows),
        matched=matched,
        unmatched=len(rows) - matched,
        owed=Counter(state for _, count, state in owed if count == 1),
    )
    return ledger, (last,)


def _deliveries(db: Connection, after: tuple[Any, ...], limit: int) -> _Slice:
    rows = db.execute(_SQL["deliveries"], (*after, limit)).fetchall()
    if not rows:
        return Ledger(), None
    span = (*after, rows[-1][0])
    ledger = _found(
        (f"{check}: {line}" for check in _OF_DELIVERIES for (line,) in _lines(db, check, span)),
        deliveries=Counter(state for _, state, _ in rows),
        replayed=sum(replay for *_, replay in rows),
    )
    return ledger, (rows[-1][0],)


_OF_DELIVERIES = ("unasked", "lost", "empty", "unproven")


def _lines(db: Connection, check: str, span: tuple[Any, ...]) -> Iterable[tuple[str]]:
    return db.execute(_SQL[check], (*span, as_json(UNSENT)) if check == "unproven" else span)


_TABLES: Mapping[str, Callable[[Connection, tuple[Any, ...], int], _Slice]] = {
    "jobs": _jobs,
    "events": _events,
    "deliveries": _deliveries,
}
