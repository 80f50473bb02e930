"""Claims: what is due goes under lease, as messages whose content is from then on the same for ever."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from sqlite3 import Connection, Row
from typing import Any

import msgspec

from relay.message import SHOWN, Message
from relay.model import Event, EventData, utc_text
from relay.store.crowds import tallied
from relay.store.named import SQL, as_json
from relay.store.records import Claimed, Claims

PROBED = 100
"""Of so many that are due the least tried is a probe."""

_decode_data = msgspec.json.Decoder(EventData).decode
_decode = msgspec.json.Decoder().decode


def claim(
    db: Connection, destination: str, owner: str, claims: Claims, now: float
) -> tuple[tuple[Claimed, ...], bool]:
    """What is claimed, and whether there may be more at once."""
    at = utc_text(now)
    found = _due(db, destination, at, owner, claims)
    rows = _of_known_rules(db, found, claims)
    if not rows:
        free = not found and claims.living and not claims.probe
        return (_to_move_on(db, destination, at, claims) if free else ()), bool(found)
    # In few statements: each gives the interpreter away, and a busy loop is slow to give it back.
    lease = (owner, utc_text(claims.lease_until), at, as_json([row["seq"] for row in rows]))
    db.execute(SQL["lease"], lease)
    shown = _shown(db, rows)
    messages = [_message(db, row, shown[row["id"]], claims) for row in rows]
    _keep_words(db, messages, rows)
    return tuple(_claimed(row, m, row["attempts"] + 1) for row, m in zip(rows, messages, strict=True)), False


def _of_known_rules(db: Connection, rows: Sequence[Row], claims: Claims) -> Sequence[Row]:
    """The others are held back: their rule is not in the configuration."""
    rules = claims.rules
    unknown = [row["seq"] for row in rows if rules is not None and row["rule"] not in rules]
    if not unknown:
        return rows
    db.execute(SQL["hold_for_rule"], (as_json(unknown),))
    return [row for row in rows if rules is None or row["rule"] in rules]


def _claimed(row: Row, message: Message, attempt: int) -> Claimed:
    return Claimed(
        seq=row["seq"],
        attempt=attempt,
        failures=row["failures"],
        give_up_at=row["give_up_at"],
        message=message,
        is_suspect=row["held"] == "alone",
    )


def _to_move_on(db: Connection, destination: str, at: str, claims: Claims) -> tuple[Claimed, ...]:
    """A message in place that is to show how far its batch has come: no attempt, and owed to no one."""
    cursor = db.cursor()
    cursor.row_factory = Row
    row = cursor.execute(SQL["to_move_on"], (destination, at)).fetchone()
    if row is None:
        return ()
    message = _message(db, row, _shown(db, [row])[row["id"]], claims)
    return (_claimed(row, msgspec.structs.replace(message, only_progress=True), attempt=0),)


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
    return sorted(rows, key=itemgetter("attempts"))[:1] if claims.probe else rows


def _shown(db: Connection, rows: Sequence[Row]) -> Mapping[str, list[Event]]:
    """The first events of each delivery, and one more where there are."""
    alone = [row["id"] for row in rows if row["group_key"] is None]
    found = _events(db.execute(SQL["parts"], (as_json(alone),)))
    for row in rows:
        if row["group_key"] is not None:
            found |= _events(db.execute(SQL["first_parts"], (row["id"], SHOWN + 1)))
    return found


def _events(parts: Iterable[tuple[str, str, str, str, str]]) -> dict[str, list[Event]]:
    found = defaultdict[str, list[Event]](list)
    for delivery, event_id, event_type, timestamp, data in parts:
        event = Event(id=event_id, type=event_type, timestamp=timestamp, data=_decode_data(data))
        found[delivery].append(event)
    return found


def _message(db: Connection, row: Row, events: list[Event], claims: Claims) -> Message:
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
    if claims.words is not None and row["claimed_at"] is None:
        title, body = claims.words(message)
        message = msgspec.structs.replace(message, title=title, body=body)
    return _placed(db, row["destination"], message, claims) if claims.living else message


def _of_group(events: Sequence[Event]) -> Mapping[str, Any]:
    kinds = Counter((event.type, event.data.error_kind) for event in events)
    return {"count": len(events), "tallies": tallied(kinds)}


def _of_crowd(db: Connection, delivery: str) -> Mapping[str, Any]:
    """Of more events than are shown; what takes long to read is read outside of the writer."""
    (count,) = db.execute(SQL["count_parts"], (delivery,)).fetchone()
    (last,) = db.execute(SQL["last_part"], (delivery,)).fetchone()
    return {"count": count, "last": last, "tallies": ()}


def _keep_words(db: Connection, messages: Sequence[Message], rows: Sequence[Row]) -> None:
    """What the templates said at the first claim is said at each attempt."""
    new = [
        m for m, row in zip(messages, rows, strict=True) if (m.title, m.body) != (row["title"], row["body"])
    ]
    db.executemany(SQL["keep_words"], ((m.title, m.body, m.id) for m in new))


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
        earlier=_told_before(db, claims.begun_by(place[0])) if place and not message.batch else (),
        arrived_at=db.execute(SQL["arrived_at"], (message.id,)).fetchone()[0],
    )


def _told_before(db: Connection, begun_by: str | None) -> tuple[Event, ...]:
    found = _events(db.execute(SQL["told_before"], (begun_by, SHOWN)))
    return tuple(chain.from_iterable(found.values()))


def _progress(db: Connection, source: str | None, batch: str | None) -> tuple[int, int] | None:
    """How many of a batch's files have ended; None where they are not known."""
    row = db.execute(SQL["source_of"], (source,)).fetchone()
    ended, total = db.execute(SQL["progress"], (row[0], batch)).fetchone() if row else (0, 0)
    return (ended, total) if total else None
