"""Claims: what is due goes under lease, as messages whose content is from then on the same for ever."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection, Row
from typing import Any

import msgspec

from relay.message import SHOWN, Entry, Message, Tally
from relay.model import Event, EventData, utc_text
from relay.store.named import SQL, as_json
from relay.store.records import Claimed, Claims

TALLIES = 100
ROWS = 10_000
"""Events of a group that go into a table, beside those shown."""

_UNTRIED = SQL["claimable"].replace("ORDER BY", "AND attempts = 0 ORDER BY")

_decode_data = msgspec.json.Decoder(EventData).decode
_decode = msgspec.json.Decoder().decode


def claim(db: Connection, destination: str, owner: str, claims: Claims, now: float) -> tuple[Claimed, ...]:
    at = utc_text(now)
    rows = _due(db, (destination, at, owner, claims.room), untried_first=claims.probe)
    if not rows:
        return _to_move_on(db, destination, at, claims) if claims.living and not claims.probe else ()
    # In few statements: each gives the interpreter away, and a busy loop is slow to give it back.
    lease = (owner, utc_text(claims.lease_until), at, as_json([row["seq"] for row in rows]))
    db.execute(SQL["lease"], lease)
    shown = _shown(db, rows)
    messages = [_message(db, row, shown[row["id"]], claims) for row in rows]
    _keep_words(db, messages, rows)
    return tuple(_claimed(row, m, row["attempts"] + 1) for row, m in zip(rows, messages, strict=True))


def _claimed(row: Row, message: Message, attempt: int) -> Claimed:
    return Claimed(
        seq=row["seq"],
        attempt=attempt,
        failures=row["failures"],
        give_up_at=row["give_up_at"],
        message=message,
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


def _due(db: Connection, wanted: tuple[object, ...], *, untried_first: bool) -> list[Row]:
    cursor = db.cursor()
    cursor.row_factory = Row
    rows = cursor.execute(_UNTRIED, wanted).fetchall() if untried_first else []
    return rows or cursor.execute(SQL["claimable"], wanted).fetchall()


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
        message = msgspec.structs.replace(message, **_of_crowd(db, row["id"], claims))
    if claims.words is not None and row["claimed_at"] is None:
        title, body = claims.words(message)
        message = msgspec.structs.replace(message, title=title, body=body)
    return _placed(db, row["destination"], message) if claims.living else message


def _of_group(events: Sequence[Event]) -> Mapping[str, Any]:
    kinds = Counter((event.type, event.data.error_kind) for event in events)
    return {"count": len(events), "tallies": _tallies((n, *kind) for kind, n in kinds.most_common())}


def _of_crowd(db: Connection, delivery: str, claims: Claims) -> Mapping[str, Any]:
    """Of more events than are shown."""
    kinds = db.execute(SQL["tallies"], (delivery,)).fetchall()
    (last,) = db.execute(SQL["last_part"], (delivery,)).fetchone()
    entries = db.execute(SQL["entries"], (delivery, ROWS, SHOWN)) if claims.tables else ()
    return {
        "count": sum(kind[0] for kind in kinds),
        "tallies": _tallies(kinds[:TALLIES]),
        "last": last,
        "rest": tuple(Entry(**dict(zip(Entry.__struct_fields__, entry, strict=True))) for entry in entries),
    }


def _tallies(kinds: Iterable[tuple[int, str, str | None]]) -> tuple[Tally, ...]:
    return tuple(Tally(*kind) for kind in itertools.islice(kinds, TALLIES))


def _keep_words(db: Connection, messages: Sequence[Message], rows: Sequence[Row]) -> None:
    """What the templates said at the first claim is said at each attempt."""
    new = [
        m for m, row in zip(messages, rows, strict=True) if (m.title, m.body) != (row["title"], row["body"])
    ]
    db.executemany(SQL["keep_words"], ((m.title, m.body, m.id) for m in new))


def place_key(message: Message) -> str:
    """Which message in place a delivery brings up to date: that of its batch, or else of its rule's group."""
    jobs = {(e.data.source, e.data.job_id) for e in message.events if e.data.product == "batch"}
    if len(jobs) == 1 and message.count == len([e for e in message.events if e.data.product == "batch"]):
        return as_json(["batch", *jobs.pop()])
    return as_json(["group", message.rule, message.group])


def _placed(db: Connection, destination: str, message: Message) -> Message:
    """With how far its batch has come, which then need not be said again. A single event that is no batch's
    stands for itself.
    """
    if message.group is None and message.events[0].data.product != "batch":
        return message
    key = place_key(message)
    place = db.execute(SQL["place"], (destination, key)).fetchone()
    db.execute(SQL["moved_on"], (destination, key))
    progress = _progress(db, *_decode(key)[1:]) if key.startswith('["batch"') else None
    return msgspec.structs.replace(message, place=place[0] if place else None, progress=progress)


def _progress(db: Connection, source: str | None, batch: str | None) -> tuple[int, int] | None:
    """How many of a batch's files have ended; None where they are not known."""
    row = db.execute(SQL["source_of"], (source,)).fetchone()
    ended, total = db.execute(SQL["progress"], (row[0], batch)).fetchone() if row else (0, 0)
    return (ended, total) if total else None
