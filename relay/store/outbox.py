"""Deliveries: claim by lease, settle in groups, give back."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection

import msgspec

from relay.message import Message
from relay.model import Event, EventData, utc_text
from relay.store.named import SQL
from relay.store.records import Claimed, Result, Turn

_decode_data = msgspec.json.Decoder(EventData).decode


def turn(
    db: Connection,
    *,
    destination: str,
    owner: str,
    results: Sequence[Result],
    unsent: Sequence[Claimed],
    room: int,
    lease_until: float,
    now: float,
) -> Turn:
    """A lane's one hop: what ended is settled, what was not sent given back, and up to `room` claimed."""
    at = utc_text(now)
    settle(db, results, at)
    give_back(db, unsent=unsent, now=now)
    claimed = tuple(_claim(db, destination, owner, room, utc_text(lease_until), at)) if room > 0 else ()
    (next_due,) = db.execute(SQL["next_due"], (destination, at)).fetchone()
    return Turn(claimed=claimed, next_due=next_due)


def _claim(db: Connection, destination: str, owner: str, room: int, lease: str, at: str) -> Iterable[Claimed]:
    rows = db.execute(SQL["claimable"], (destination, at, owner, room)).fetchall()
    if not rows:
        return
    # In few statements: each gives the interpreter away, and a busy loop is slow to give it back.
    db.execute(SQL["lease"], (owner, lease, _json([row[0] for row in rows])))
    parts = _parts(db, [row[1] for row in rows])
    for seq, delivery, rule, relay, severity, attempt, failures, give_up_at in rows:
        yield Claimed(
            seq=seq,
            attempt=attempt,
            failures=failures,
            give_up_at=give_up_at,
            message=Message(
                id=delivery, events=tuple(parts[delivery]), rule=rule, relay=relay, severity=severity
            ),
        )


def _parts(db: Connection, deliveries: Sequence[str]) -> Mapping[str, list[Event]]:
    found = defaultdict[str, list[Event]](list)
    for delivery, event_id, event_type, timestamp, data in db.execute(SQL["parts"], (_json(deliveries),)):
        event = Event(id=event_id, type=event_type, timestamp=timestamp, data=_decode_data(data))
        found[delivery].append(event)
    return found


def _json(values: Sequence[object]) -> str:
    return msgspec.json.encode(values).decode()


def settle(db: Connection, results: Sequence[Result], at: str) -> None:
    if not results:
        return
    db.execute(SQL["settle_delivered"], (at, _json([r.claimed.seq for r in results if r.delivered])))
    failed = [r for r in results if not r.delivered]
    db.executemany(
        SQL["settle_again"],
        ((r.due_at, r.reason, r.claimed.seq, r.claimed.attempt) for r in failed if r.due_at is not None),
    )
    db.executemany(
        SQL["settle_dead"],
        ((at, r.reason, r.claimed.seq, r.claimed.attempt) for r in failed if r.due_at is None),
    )
    db.execute(SQL["add_attempts"], (_json([_attempt(r) for r in results]),))
    db.executemany(SQL["hold_followers"], ((r.due_at, r.claimed.seq) for r in failed if r.due_at is not None))
    over = (r for r in results if (r.delivered or r.due_at is None) and r.claimed.failures)
    db.executemany(SQL["release_followers"], ((at, r.claimed.seq, at) for r in over))


def _attempt(r: Result) -> tuple[object, ...]:
    outcome = "delivered" if r.delivered else "failed" if r.due_at else "dead"
    return (r.claimed.id, r.claimed.attempt, r.started_at, r.seconds, outcome, r.status, r.answer, r.reason)


def give_back(db: Connection, *, unsent: Sequence[Claimed], now: float) -> None:
    at = utc_text(now)
    db.executemany(SQL["give_back_unsent"], ((at, c.seq, c.attempt) for c in unsent))


def end_leases(db: Connection, *, now: float) -> None:
    db.execute(SQL["end_leases"], {"now": utc_text(now)})


def retry(db: Connection, *, give_up_at: Mapping[str, float], now: float) -> int:
    """How many of these dead deliveries wait again, each until its own end."""
    at = utc_text(now)
    rows = ({"id": i, "now": at, "give_up_at": utc_text(end)} for i, end in give_up_at.items())
    return sum(db.execute(SQL["retry_delivery"], row).rowcount for row in rows)
