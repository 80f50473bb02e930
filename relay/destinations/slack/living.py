"""One message that is kept current: where it stands, what it has told so far, and when it ends. Pure."""

from collections.abc import Iterator, Sequence

import msgspec

from relay.message import SHOWN, Aloud, Message, Tally, cut, folded
from relay.model import SEVERITIES, Event, Severity, utc_text

LIVES = 24 * 3600.0
"""Seconds after which a group's message is old, and another begun: nobody sees it change any more."""

RESTS = 3600.0
"""Seconds without news after which the next of a group begins another."""

QUIET = 600.0
"""Seconds of changes after which people are notified of them."""

SIZE = 4000
"""Bytes that a place may have."""

KINDS = 24
_KIND = 120

_ENDS = frozenset({"batch.finished", "batch.failed", "batch.cancelled"})


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a message stands, and what it tells.

    `to` is the channel as configured, `channel` as Slack calls it. `begun_by` is its first delivery, and
    `delivery` the one that was added last. `ts` is empty until it is posted. People were notified at
    `aloud_at`, when `aloud` events were told. Times in seconds.
    """

    to: str
    began: float
    touched: float
    begun_by: str
    delivery: str
    aloud_at: float
    aloud: int
    severity: Severity = "info"
    channel: str = ""
    ts: str = ""
    count: int = 0
    first: str = ""
    last: str = ""
    tallies: tuple[Tally, ...] = ()

    def encoded(self) -> str:
        """At most 4000 bytes: the rarest kinds of a type are told together. `count` counts all of them."""
        text = msgspec.json.encode(self)
        if len(text) <= SIZE or not self.tallies:
            return text.decode()
        alone = sum(tally.kinds is None for tally in self.tallies)
        fewer = folded(self.tallies, alone - 1) if alone else self.tallies[:-1]
        return msgspec.structs.replace(self, tallies=fewer).encoded()


def gathered(message: Message, *, to: str, now: float) -> Message:
    """The message with what its place has told already in its numbers, events and severity, and itself in its
    place. A batch's message says how the batch is now.

    The same again adds nothing, however often it is tried or sent.
    """
    old, new = place_of(message.place), _begun(message, to, now)
    if old is None or old.to != to or (message.batch is None and _is_over(old, now)):
        return _telling(msgspec.structs.replace(message, earlier=()), new)
    if _is_told(message, old):
        return _telling(message, old)
    aloud = _aloud(message, old, new, now)
    place = _added(old, new)
    if aloud is not None:
        place = msgspec.structs.replace(place, aloud_at=now, aloud=place.count)
    return _telling(msgspec.structs.replace(message, aloud=aloud), place)


def place_of(text: str | None) -> Place | None:
    """None where there is none, or one of another version of relay."""
    try:
        return msgspec.json.decode(text or "", type=Place)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _is_told(message: Message, place: Place) -> bool:
    """It was added last, or first, or it arrived since."""
    if message.id in {place.begun_by, place.delivery}:
        return True
    return message.arrived_at is not None and message.arrived_at >= utc_text(place.began)


def _telling(message: Message, place: Place) -> Message:
    if message.batch is not None and message.earlier:
        message = _as_it_is(message, message.earlier[-1])
    elif message.batch is None and message.group is not None:
        events = {event.id: event for event in (*message.earlier, *message.events)}
        message = msgspec.structs.replace(
            message,
            events=tuple(sorted(events.values(), key=lambda event: event.timestamp)[:SHOWN]),
            severity=place.severity,
            count=place.count,
            first=place.first,
            last=place.last,
            tallies=place.tallies,
        )
    return msgspec.structs.replace(message, place=place.encoded(), earlier=())


def _as_it_is(message: Message, latest: Event) -> Message:
    """Of a batch, though what happened before comes late: people see what is said last as what is so. Where
    the rule has a severity it is that of both.
    """
    events = (*message.events, latest)
    by_rule = message.severity != _worst(*(event.data.severity for event in message.events))
    return msgspec.structs.replace(
        message,
        events=events,
        count=len(events),
        severity=message.severity if by_rule else latest.data.severity,
        last=latest.timestamp,
    )


def _aloud(message: Message, old: Place, new: Place, now: float) -> Aloud | None:
    aloud = Aloud(
        severity=message.severity,
        ended=message.events[-1].type in _ENDS and message.severity != "info",
        worse=_worst(old.severity, message.severity) != old.severity,
        kinds=_new_errors(old, new),
        count=old.count + new.count - old.aloud,
        seconds=now - old.aloud_at,
    )
    return aloud if aloud.ended or aloud.worse or aloud.kinds or aloud.seconds >= QUIET else None


def _new_errors(old: Place, new: Place) -> tuple[Tally, ...]:
    """None where those of before can't all be told apart."""
    if any(tally.kinds is not None for tally in old.tallies):
        return ()
    known = {(tally.type, tally.error_kind) for tally in old.tallies}
    return tuple(t for t in new.tallies if t.error_kind and (t.type, t.error_kind) not in known)


def _worst(*severities: Severity) -> Severity:
    return max(severities, key=SEVERITIES.index)


def _is_over(place: Place, now: float) -> bool:
    return now - place.began > LIVES or now - place.touched > RESTS


def _begun(message: Message, to: str, now: float) -> Place:
    tallies = message.tallies or [Tally(1, event.type, event.data.error_kind) for event in message.events]
    return Place(
        to=to,
        began=now,
        touched=now,
        begun_by=message.id,
        delivery=message.id,
        aloud_at=now,
        aloud=message.count,
        severity=message.severity,
        count=message.count,
        first=message.first or message.events[0].timestamp,
        last=message.last or message.events[-1].timestamp,
        tallies=_merged((), tallies),
    )


def _added(old: Place, new: Place) -> Place:
    return msgspec.structs.replace(
        old,
        touched=new.touched,
        delivery=new.delivery,
        severity=_worst(old.severity, new.severity),
        count=old.count + new.count,
        first=min(old.first, new.first),
        last=max(old.last, new.last),
        tallies=_merged(old.tallies, new.tallies),
    )


def _merged(old: Sequence[Tally], new: Sequence[Tally]) -> tuple[Tally, ...]:
    """One for each kind, the most frequent first, the rarest of a type together; of long ones the beginning
    is kept. No count is lost, and kinds are counted as long as they can be told apart.
    """
    old, new = _short(old), _short(new)
    counts: dict[tuple[str, str | None], int] = {}
    for tally in (*old, *new):
        if tally.kinds is None:
            kind = (tally.type, tally.error_kind)
            counts[kind] = counts.get(kind, 0) + tally.count
    alone = [Tally(count, *kind) for kind, count in sorted(counts.items(), key=lambda item: -item[1])]
    return folded((*alone, *_rarer(old, new), *_rarer(new, old)), KINDS)


def _short(tallies: Sequence[Tally]) -> list[Tally]:
    return [
        msgspec.structs.replace(
            tally, type=cut(tally.type, _KIND), error_kind=tally.error_kind and cut(tally.error_kind, _KIND)
        )
        for tally in tallies
    ]


def _rarer(ours: Sequence[Tally], theirs: Sequence[Tally]) -> Iterator[Tally]:
    """Those of ours that are told together: of how many kinds is not known where some of theirs may be among
    them.
    """
    told = {(tally.type, tally.error_kind) for tally in ours if tally.kinds is None}
    unsure = {t.type for t in theirs if t.kinds is not None or (t.type, t.error_kind) not in told}
    for tally in ours:
        if tally.kinds is not None:
            yield msgspec.structs.replace(tally, kinds=0) if tally.type in unsure else tally
