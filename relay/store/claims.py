"""Claims: what is due goes under lease, as messages whose content is from then on the same for ever."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from sqlite3 import Connection, Cursor, Row
from typing import Any

import msgspec

from relay.message import SHOWN, Message
from relay.model import Event, EventData, seconds_of, utc_text
from relay.store.crowds import tallied
from relay.store.named import SQL, as_json
from relay.store.records import Claimed, Claims

PROBED = 100
"""Of so many that are due the least tried is a probe."""

FREEZES_EVERY = 3600.0
"""Seconds from one message of a group that is claimed as a probe to the next: meanwhile the first goes again,
ahead of its time, and what happens goes on joining the other.
"""

_decode_data = msgspec.json.Decoder(EventData).decode
_decode = msgspec.json.Decoder().decode

_Part = tuple[str, str, str, str, str]

UNREADABLE = (msgspec.MsgspecError, ValueError, TypeError, LookupError, RecursionError)
"""What a row raises that holds what it should not."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """`soon`: there may be more at once. `unreadable`: deliveries, by their sequence, that are no message."""

    claimed: tuple[Claimed, ...] = ()
    soon: bool = False
    unreadable: tuple[int, ...] = ()


def claim(db: Connection, destination: str, owner: str, claims: Claims, now: float) -> Claim:
    at = utc_text(now)
    found = _due(db, destination, at, owner, claims)
    rows = _of_known_rules(db, found, claims)
    if not rows:
        free = not found and claims.living and not claims.probe
        moves = _to_move_on(db, destination, at, claims) if free else ()
        return Claim(claimed=moves, soon=bool(found))
    parts = _shown(db, rows)
    claimed, unreadable = [], []
    for row in rows:
        try:
            message = _message(db, destination, row, parts[row["id"]], claims)
            claimed.append(_claimed(row, message, row["attempts"] + 1, at))
        except UNREADABLE:
            unreadable.append(row["seq"])
    # In few statements: each gives the interpreter away, and a busy loop is slow to give it back.
    lease = (owner, utc_text(claims.lease_until), at, as_json([one.seq for one in claimed]))
    db.execute(SQL["lease"], lease)
    space(
        db, [_spaced(row) for row in rows if row["group_key"] is not None and row["claimed_at"] is None], now
    )
    return Claim(claimed=tuple(claimed), soon=bool(unreadable), unreadable=tuple(unreadable))


def _of_known_rules(db: Connection, rows: Sequence[Row], claims: Claims) -> Sequence[Row]:
    """The others are held back: their rule is not in the configuration."""
    rules = claims.rules
    unknown = [row["seq"] for row in rows if rules is not None and row["rule"] not in rules]
    if not unknown:
        return rows
    db.execute(SQL["hold_for_rule"], (as_json(unknown),))
    return [row for row in rows if rules is None or row["rule"] in rules]


def space(db: Connection, sent: Iterable[tuple[str, str, str, float]], now: float) -> None:
    """The next message of each of these groups goes no sooner than its interval after now."""
    at = utc_text(now)
    db.executemany(
        SQL["space_group"],
        (
            (following, following, at, *group)
            for *group, interval in sent
            if (following := utc_text(now + interval))
        ),
    )


def _spaced(row: Row) -> tuple[str, str, str, float]:
    return row["destination"], row["rule"], row["group_key"], row["group_interval"]


def _claimed(row: Row, message: Message, attempt: int, at: str) -> Claimed:
    """Raises one of UNREADABLE."""
    for time in (row["give_up_at"], message.first):
        seconds_of(time)
    return Claimed(
        seq=row["seq"],
        attempt=attempt,
        failures=row["failures"],
        give_up_at=row["give_up_at"],
        message=message,
        is_suspect=row["held"] == "alone",
        ahead_of=row["due_at"] if row["due_at"] > at else None,
        is_new=row["attempts"] == row["lost"] and row["title"] is None and row["body"] is None,
    )


def _to_move_on(db: Connection, destination: str, at: str, claims: Claims) -> tuple[Claimed, ...]:
    """A message in place that is to show how far its batch has come: no attempt, and owed to no one."""
    cursor = db.cursor()
    cursor.row_factory = Row
    row = cursor.execute(SQL["to_move_on"], (destination, at)).fetchone()
    if row is None:
        return ()
    try:
        message = _message(db, destination, row, _shown(db, [row])[row["id"]], claims)
        return (_claimed(row, msgspec.structs.replace(message, only_progress=True), 0, at),)
    except UNREADABLE:
        db.execute(SQL["stands_still"], (row["id"],))
        return ()


def _due(db: Connection, destination: str, at: str, owner: str, claims: Claims) -> list[Row]:
    """What was lost twice goes alone: nothing of its lane is under way, and no other such of any lane."""
    cursor = db.cursor()
    cursor.row_factory = Row
    under_way = db.execute(SQL["suspect_under_way"], (at,)).fetchone()
    if under_way == (destination,):
        return []
    alone = cursor.execute(SQL["suspects"], (destination, at, owner, 1)).fetchall()
    if alone and under_way is None:
        return alone if claims.idle else []
    room = PROBED if claims.probe else claims.room
    rows = cursor.execute(SQL["claimable"], (destination, at, owner, room)).fetchall()
    if claims.probe:
        rows = [_stand_in(cursor, row, utc_text(seconds_of(at) - FREEZES_EVERY)) or row for row in rows]
        return sorted(rows, key=itemgetter("attempts"))[:1]
    return _one_of_each_group(rows)


def _one_of_each_group(rows: Sequence[Row]) -> list[Row]:
    """Without a group's message that was never claimed, where another of it goes now."""
    tried = {(row["rule"], row["group_key"]) for row in rows if row["claimed_at"] is not None}
    return [
        row
        for row in rows
        if row["group_key"] is None
        or row["claimed_at"] is not None
        or (row["rule"], row["group_key"]) not in tried
    ]


def _stand_in(cursor: Cursor, row: Row, since: str) -> Row | None:
    """For a group's message that was never claimed, the one before it, if that waits and is young."""
    if row["group_key"] is None or row["claimed_at"] is not None:
        return None
    group = (row["destination"], row["rule"], row["group_key"], row["seq"])
    before: Row | None = cursor.execute(SQL["before_in_group"], group).fetchone()
    if before is None or before["state"] != "waiting" or before["owner"] or before["held"]:
        return None
    return before if (before["claimed_at"] or "") > since else None


def _shown(db: Connection, rows: Sequence[Row]) -> Mapping[str, list[_Part]]:
    """The first events of each delivery, and one more where there are."""
    found = defaultdict[str, list[_Part]](list)
    alone = [row["id"] for row in rows if row["group_key"] is None]
    for part in db.execute(SQL["parts"], (as_json(alone),)):
        found[part[0]].append(part)
    for row in rows:
        if row["group_key"] is not None:
            found[row["id"]] = db.execute(SQL["first_parts"], (row["id"], SHOWN + 1)).fetchall()
    return found


def _event(part: _Part) -> Event:
    _, event_id, event_type, timestamp, data = part
    return Event(id=event_id, type=event_type, timestamp=timestamp, data=_decode_data(data))


def _message(db: Connection, destination: str, row: Row, parts: Iterable[_Part], claims: Claims) -> Message:
    """For this destination, though it arrived when that had another name. Raises one of UNREADABLE."""
    events = list(map(_event, parts))
    message = Message(
        id=row["id"],
        events=tuple(events[:SHOWN]),
        rule=row["rule"],
        relay=row["relay"],
        severity=row["severity"],
        first=events[0].timestamp,
        last=events[-1].timestamp,
        title=row["title"],
        body=row["body"],
        place=row["place"],
    )
    if row["group_key"] is not None:
        message = msgspec.structs.replace(message, group=_decode(row["group_key"]), **_of_group(events))
    if len(events) > SHOWN:
        message = msgspec.structs.replace(message, **_of_crowd(db, row["id"]))
    return _placed(db, destination, message, claims) if claims.living else message


def _of_group(events: Sequence[Event]) -> Mapping[str, Any]:
    kinds = Counter((event.type, event.data.error_kind) for event in events)
    return {"count": len(events), "tallies": tallied(kinds)}


def _of_crowd(db: Connection, delivery: str) -> Mapping[str, Any]:
    """Of more events than are shown; what takes long to read is read outside of the writer."""
    (count,) = db.execute(SQL["count_parts"], (delivery,)).fetchone()
    (last,) = db.execute(SQL["last_part"], (delivery,)).fetchone()
    return {"count": count, "last": last, "tallies": ()}


def keep_words(db: Connection, *, messages: Sequence[Message]) -> None:
    """What the templates say before the first attempt is said at each."""
    db.executemany(SQL["keep_words"], ((m.title, m.body, m.id) for m in messages))


def place_key(message: Message) -> str:
    """Which message in place a delivery brings up to date: that of its batch, or else of its rule's group."""
    if (batch := message.batch) is not None:
        return as_json(["batch", *batch])
    return as_json(["group", message.rule, message.group])


def _placed(db: Connection, destination: str, message: Message, claims: Claims) -> Message:
    """With how far its batch has come, which need not be said again once it has arrived. A single event that
    is no batch's stands for itself.
    """
    if message.group is None and message.batch is None:
        return message
    key = place_key(message)
    place = db.execute(SQL["place"], (destination, key)).fetchone()
    db.execute(SQL["moving_on"], (utc_text(claims.lease_until), destination, key))
    progress = _progress(db, *message.batch) if message.batch else None
    return msgspec.structs.replace(
        message,
        place=place[0] if place else None,
        progress=progress,
        earlier=_earlier(db, destination, message, claims.begun_by(place[0])) if place else (),
        arrived_at=db.execute(SQL["arrived_at"], (message.id,)).fetchone()[0],
    )


def _earlier(db: Connection, destination: str, message: Message, begun_by: str | None) -> tuple[Event, ...]:
    if message.batch is None:
        return tuple(map(_event, db.execute(SQL["told_before"], (begun_by, SHOWN))))
    source, batch = message.batch
    row = db.execute(SQL["source_of"], (source,)).fetchone()
    values = (row[0] if row else None, batch, destination, message.id)
    return tuple(map(_event, db.execute(SQL["latest_of_batch"], values)))


def _progress(db: Connection, source: str | None, batch: str | None) -> tuple[int, int] | None:
    """How many of a batch's files have ended; None where they are not known."""
    row = db.execute(SQL["source_of"], (source,)).fetchone()
    ended, total = db.execute(SQL["progress"], (row[0], batch)).fetchone() if row else (0, 0)
    return (ended, total) if total else None
