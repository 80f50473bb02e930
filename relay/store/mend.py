"""What someone asks for by hand: deliveries sent again, events sent after all, and deliveries dropped."""

from collections.abc import Mapping, Sequence
from sqlite3 import Connection

import msgspec

from relay.model import Event, EventData, utc_text
from relay.store.events import owe
from relay.store.named import SQL, as_json
from relay.store.outbox import end_unsent
from relay.store.records import NewDelivery, Replay, Stored
from relay.store.tallies import tally

DROPPED = "dropped"

_decode_data = msgspec.json.Decoder(EventData).decode
_decode = msgspec.json.Decoder(dict[str, list[str]]).decode


def retry(db: Connection, *, give_up_at: Mapping[str, float], now: float) -> int:
    """How many of these dead deliveries wait again, each until its own end."""
    return _again(db, "retry_delivery", give_up_at, now)


def repeat(db: Connection, *, give_up_at: Mapping[str, float], now: float) -> int:
    """How many of these deliveries wait again, whatever became of them; not while it is sent."""
    return _again(db, "repeat_delivery", give_up_at, now)


def _again(db: Connection, how: str, give_up_at: Mapping[str, float], now: float) -> int:
    at = utc_text(now)
    rows = ({"id": i, "now": at, "give_up_at": utc_text(end)} for i, end in give_up_at.items())
    return sum(db.execute(SQL[how], row).rowcount for row in rows)


def drop(db: Connection, *, ids: Sequence[str], now: float) -> int:
    """How many of these waiting deliveries are now dead."""
    seqs = [seq for (seq,) in db.execute(SQL["seqs_of"], (as_json(ids),))]
    return end_unsent(db, seqs=seqs, reason=DROPPED, now=now)[0]


def replay(db: Connection, *, replays: Sequence[Replay], now: float) -> int:
    """How many events are now owed to a destination; where a rule is to have sent one, not twice."""
    owed = [one for one in replays if one.delivery.replay or _into_ledger(db, one.event, one.delivery, now)]
    owe(db, [(one.source, one.job_id, one.delivery, one.event) for one in owed], now)
    return len(owed)


def _into_ledger(db: Connection, event: int, delivery: NewDelivery, now: float) -> bool:
    """Whether it is owed: not where the destination has a delivery of it already."""
    if db.execute(SQL["had"], (event, delivery.destination)).fetchone() is not None:
        return False
    rules = _decode(db.execute(SQL["rules_of"], (event,)).fetchone()[0])
    tally(db, "rule", utc_text(now), {delivery.rule: int(delivery.rule not in rules)})
    rules.setdefault(delivery.rule, []).append(delivery.destination)
    db.execute(SQL["set_rules"], (msgspec.json.encode(rules).decode(), event))
    return True


def stored(
    db: Connection, *, ids: Sequence[str] = (), since: str = "", after: int = 0, limit: int
) -> Sequence[Stored]:
    """Events by their ids, or all seen since a time, oldest first, in the order of the store."""
    if ids:
        chosen = msgspec.json.encode(ids).decode()
        rows = db.execute(SQL["events_by_id"], (chosen, after, limit))
    else:
        rows = db.execute(SQL["events_since"], (since, after, limit))
    return [
        Stored(
            seq=seq,
            event=Event(id=event, type=event_type, timestamp=timestamp, data=_decode_data(data)),
            source=source,
            job_id=job_id,
            rules=_decode(rules),
            had=frozenset(msgspec.json.decode(had)),
        )
        for seq, event, event_type, timestamp, data, rules, source, job_id, had in rows
    ]
