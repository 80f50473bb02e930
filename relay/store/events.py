"""Events with what they owe: a delivery of their own, or a place in a group's that was never claimed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from sqlite3 import Connection

import msgspec

from relay import schedule
from relay.model import SEVERITIES, seconds_of, utc_text
from relay.store.figures import last_event
from relay.store.named import SQL, as_json
from relay.store.records import Group, NewDelivery, NewEvent
from relay.store.tallies import tally

RIPE_AT_ONCE = 500
"""Deliveries whose time to settle is over that one transaction deals with."""

MOST_OPEN = 1000
"""Groups of a rule at a destination that collect at a time. What is of others goes into one message, so that
no field that differs in each event makes as many messages.
"""

BEYOND = "more than 1,000 collect at a time; these are of all others"

Part = tuple[NewDelivery, int]
"""A delivery, and the sequence of the event that it is to carry."""


def add_events(db: Connection, source: int, events: Sequence[NewEvent], now: float) -> None:
    """Events with their deliveries, in few statements."""
    numbered = list(enumerate(events, last_event(db) + 1))
    db.executemany(SQL["add_event"], (_event_row(source, seq, new) for seq, new in numbered))
    tally(db, "event", utc_text(now), Counter(new.event.type for new in events))
    tally(db, "rule", utc_text(now), Counter(rule for new in events for rule in new.rules))
    owe(db, [(source, new.job_id, d, seq) for seq, new in numbered for d in new.deliveries], now)


def owe(db: Connection, owed: Sequence[tuple[int, str, NewDelivery, int]], now: float) -> None:
    """Deliveries of events: each with its source and job, and the event's sequence."""
    alone = [row for row in owed if row[2].group is None or row[2].settle_until is not None]
    db.executemany(SQL["add_delivery"], (_delivery_row(d, source, job, now) for source, job, d, _ in alone))
    db.executemany(SQL["add_part"], ((d.id, seq) for _, _, d, seq in alone))
    _join(db, ((d, seq) for _, _, d, seq in owed if d.group is not None and d.settle_until is None), now)


def _event_row(source: int, seq: int, new: NewEvent) -> tuple[object, ...]:
    event = new.event
    data = msgspec.json.encode(event.data).decode()
    rules = msgspec.json.encode(new.rules).decode()
    return seq, event.id, source, new.job_id, new.nth, event.type, event.timestamp, data, rules


def _delivery_row(
    d: NewDelivery, source: int | None, job: str | None, now: float, planned_at: str | None = None
) -> tuple[object, ...]:
    group = d.group or Group(key="", wait=0.0, interval=0.0)
    return (
        *(d.id, d.destination, d.rule, d.relay, d.severity),
        None if d.group or d.replay else f"{source}/{job}",  # only single events of a job keep an order
        *(d.settle_until or planned_at or d.due_at, d.give_up_at, utc_text(now)),
        *(group.key if d.group else None, group.wait, group.interval, planned_at, d.settle_until, d.replay),
    )


def _join(db: Connection, parts: Iterable[Part], now: float) -> None:
    """Each event joins its group's delivery that was never claimed; where there is none, one is made."""
    groups = defaultdict[tuple[str, str, str], list[Part]](list)
    for delivery, seq in parts:
        assert delivery.group is not None
        groups[delivery.destination, delivery.rule, delivery.group.key].append((delivery, seq))
    for key, members in groups.items():
        joined = _open_delivery(db, key, members, now)
        db.executemany(SQL["add_part"], ((joined, seq) for _, seq in members))


def _is_full(db: Connection, destination: str, rule: str) -> bool:
    (count,) = db.execute(SQL["count_collecting"], (destination, rule, MOST_OPEN)).fetchone()
    return int(count) == MOST_OPEN


def _beyond(key: str) -> str:
    """What the others of this group's rule have in common: nothing, and why they are together."""
    return as_json({**dict.fromkeys(msgspec.json.decode(key)), "groups": BEYOND})


def _open_delivery(db: Connection, key: tuple[str, str, str], members: list[Part], now: float) -> str:
    severity = max((d.severity for d, _ in members), key=SEVERITIES.index)
    latest = db.execute(SQL["latest_of_group"], key).fetchone()
    if latest is not None and latest[1]:
        severity = max(severity, latest[2], key=SEVERITIES.index)
        db.execute(SQL["raise_severity"], (severity, latest[0]))
        return str(latest[0])
    if key[2] not in {"{}", beyond := _beyond(key[2])} and _is_full(db, *key[:2]):
        return _open_delivery(db, (*key[:2], beyond), members, now)
    first, group = members[0][0], members[0][0].group
    assert group is not None
    before = None if latest is None or latest[3] is None else seconds_of(latest[3])
    planned = schedule.group_due(now, wait=group.wait, interval=group.interval, before=before)
    end = seconds_of(first.give_up_at) + planned - now
    group = replace(group, key=key[2])
    new = replace(first, severity=severity, give_up_at=utc_text(end), group=group)
    db.execute(SQL["add_delivery"], _delivery_row(new, None, None, now, utc_text(planned)))
    return new.id


def ripen(db: Connection, destination: str, now: float) -> bool:
    """Of deliveries whose time to settle is over: those whose job turned out well are superseded, the others
    are due, or join their group. Whether there may be more of them.
    """
    at = utc_text(now)
    rows = db.execute(SQL["ripe"], (destination, at, RIPE_AT_ONCE)).fetchall()
    if not rows:
        return False
    well = as_json([row[0] for row in rows if row[-1]])
    superseded = db.execute(SQL["supersede"], (at, well)).rowcount
    tally(db, "delivery", at, {f"{destination}/superseded": superseded})
    db.execute(SQL["release"], (well,))
    ill = [row for row in rows if not row[-1]]
    db.execute(SQL["settled_ill"], (at, as_json([row[0] for row in ill if row[6] is None])))
    grouped = [row for row in ill if row[6] is not None]
    db.execute(SQL["forget_parts"], (as_json([row[1] for row in grouped]),))
    db.execute(SQL["forget_delivery"], (as_json([row[0] for row in grouped]),))
    _join(db, _as_parts(destination, grouped, at), now)
    return len(rows) == RIPE_AT_ONCE


def _as_parts(destination: str, rows: Iterable[tuple[object, ...]], at: str) -> Iterator[Part]:
    for _, delivery, rule, relay, severity, give_up_at, key, wait, interval, event, _ in rows:
        values = {
            "id": delivery,
            "rule": rule,
            "relay": relay,
            "severity": severity,
            "give_up_at": give_up_at,
        }
        group = Group(key=str(key), wait=float(str(wait)), interval=float(str(interval)))
        yield (
            NewDelivery(destination=destination, due_at=at, group=group, **values),  # type: ignore[arg-type]
            int(str(event)),
        )
