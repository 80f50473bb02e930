"""A message in relay's own words."""

from collections.abc import Iterable
from datetime import tzinfo

from relay.message import Message, Text, one_line
from relay.render import event as one
from relay.render import group, units
from relay.rules import ALERTS

_LABEL, _FACTS = 40, 10


def text_of(message: Message, *, zone: tzinfo) -> Text:
    """Whatever the events hold. A group of one reads as its event."""
    return _of_many(message, zone) if message.count > 1 else _of_one(message, zone)


def _of_one(message: Message, zone: tzinfo) -> Text:
    event = message.events[0]
    is_test = event.type == "relay.test"
    error = one.error(event)
    return Text(
        title=one.title(event),
        subtitle=one_line(error, one.VALUE) if is_test else one.subtitle(event),
        error="" if is_test else error,
        facts=_facts(one.facts(event)),
        url=one.link(event),
        why=_why(message),
        when=_when(event.timestamp, event.timestamp, zone),
        lines=one.lines(event),
        progress=_progress(message),
        aloud=group.aloud(message),
        is_test=is_test,
    )


def _of_many(message: Message, zone: tzinfo) -> Text:
    last = message.events[-1]
    alone = group.same_job(message)
    return Text(
        title=group.title(message),
        subtitle=one.subtitle(last) if alone else group.subtitle(message),
        error=one.error(last) if alone else "",
        facts=_facts(one.facts(last) if alone else group.facts(message)),
        url=group.link(message),
        why=_why(message),
        when=_when(*group.ends(message), zone),
        lines=(alone and one.lines(last)) or group.lines(message),
        progress=_progress(message),
        aloud=group.aloud(message),
    )


def _facts(facts: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    cleaned = ((one_line(label, _LABEL), one_line(value, one.VALUE)) for label, value in facts)
    return tuple((label, value) for label, value in cleaned if label and value)[:_FACTS]


def _progress(message: Message) -> str:
    """Of a batch that goes on; one that finished says how many files it had."""
    if message.progress is None or message.events[-1].data.outcome is not None:
        return ""
    ended, files = message.progress
    return f"{units.number(ended)} of {units.many(files, 'file')} ended"


def _why(message: Message) -> str:
    relay = f"relay {one_line(message.relay, one.NAME)}"
    if message.events[0].type == "relay.test":
        return f"Sent by hand, by relay test · {relay}"
    if message.rule == ALERTS.name:
        return f"Told by {ALERTS.name} · {relay}"
    return f"Rule {one_line(message.rule, one.NAME)} · {relay}"


def _when(first: str, last: str, zone: tzinfo) -> str:
    begin, end = units.moment_of(first, zone), units.moment_of(last, zone)
    if begin is None or end is None:
        return ""
    return units.span(begin, end)
