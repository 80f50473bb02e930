"""Many events in words: how many of what, and where."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from relay.message import Message, Tally, one_line
from relay.model import SEVERITIES, severity_of
from relay.render import event as one
from relay.render import units

_PLACES = 4
_SAID_AS_IS = frozenset({"completed", "failed", "cancelled", "stuck", "vanished", "finished"})
_SAID_ELSEWHERE = frozenset({"source", "product", "type", "error_kind", "name", "job_id"})
_LABELS = {
    "kind": "Kind",
    "project_id": "Project",
    "previous": "Before",
    "status": "Status",
    "severity": "Severity",
    "after_outage": "Seen late",
    "job.tier": "Tier",
}


def title(message: Message) -> str:
    if same_job(message):
        before = units.many(message.count - 1, "other event")
        return one_line(f"{one.title(message.events[-1])}, after {before}", one.TITLE)
    name = _value((message.group or {}).get("name"))
    said = f"{_what(message)}{_where(message)}"
    return one_line(f"{one_line(name, one.NAME)}: {said}" if name else said, one.TITLE)


def same_job(message: Message) -> bool:
    """Whether it tells of a single job: then its last event says it best."""
    jobs = {(event.data.source, event.data.job_id) for event in message.events}
    return len(jobs) == 1 and message.events[-1].data.job_id is not None and _is_whole(message)


def subtitle(message: Message) -> str:
    """Of how many kinds, and within how long."""
    tallies = _tallies(message)
    what = "error" if all(tally.error_kind or tally.kinds is not None for tally in tallies) else "event"
    number = _kinds(tallies)
    kinds = f"{units.number(number)} kinds of {what}" if number and number > 1 else ""
    first, last = (units.seconds_at(text) for text in ends(message))
    took = last - first if first is not None and last is not None else 0.0
    said = " ".join(filter(None, (kinds, f"within {units.duration(took)}" if took >= 1 else "")))
    return said[:1].upper() + said[1:]


def ends(message: Message) -> tuple[str, str]:
    """Timestamps of the first and the last event."""
    events = message.events
    return message.first or events[0].timestamp, message.last or events[-1].timestamp


def lines(message: Message) -> tuple[str, ...]:
    """Few events each by itself; else how many of what, the worst first. Their numbers add up to `count`."""
    if _is_whole(message) and message.count <= one.MOST_LINES:
        return tuple(map(one.as_line, message.events))
    tallies = _tallies(message)
    alone = [tally for tally in tallies if tally.kinds is None]
    shown = sorted(alone, key=_badness, reverse=True)[: one.MOST_LINES]
    number, events = _kinds(tallies), message.count - sum(tally.count for tally in shown)
    said = [_line(tally) for tally in shown]
    if number and number > len(shown):
        said.append(f"… {units.many(number - len(shown), 'more kind')} ({units.many(events, 'event')})")
    elif events > 0:
        said.append(f"… {units.many(events, 'more event')}")
    return tuple(said)


def aloud(message: Message) -> tuple[str, ...]:
    """What is new in a message that has changed in place."""
    new = message.aloud
    if new is None:
        return ()
    if message.batch is not None or message.group is None:
        event = message.events[-1]
        said = one.error(event).partition("\n")[0] or one.subtitle(event)
        return (one_line(said, one.LINE),) if said else ()
    lines = [f"New: {_line(tally)}" for tally in new.kinds[: one.MOST_NEW]]
    if (more := len(new.kinds) - len(lines)) > 0:
        lines.append(f"… {units.many(more, 'more new kind')}")
    since = f" in the last {units.duration(new.seconds)}" if new.seconds >= 1 else ""
    return (*lines, f"{units.many(new.count, 'more event')}{since}")


def facts(message: Message) -> Iterator[tuple[str, str]]:
    for key, value in (message.group or {}).items():
        if key not in _SAID_ELSEWHERE:
            yield _LABELS.get(key, key), _value(value) or "none"
    if any(event.data.after_outage for event in message.events):
        yield "Seen late", "relay could not look for a while: some may have happened earlier"


def link(message: Message) -> str | None:
    """Where all of them are, as far as the events shown can tell."""
    links = {one.link(event) for event in message.events}
    return links.pop() if len(links) == 1 and len(_subjects(message)) == 1 else None


def _is_whole(message: Message) -> bool:
    return len(message.events) == message.count


def _tallies(message: Message) -> Sequence[Tally]:
    if message.tallies:
        return message.tallies
    counts = Counter((event.type, event.data.error_kind) for event in message.events)
    return [Tally(count, *kind) for kind, count in counts.most_common()]


def _badness(tally: Tally) -> int:
    return SEVERITIES.index(severity_of(tally.type))


def _kinds(tallies: Sequence[Tally]) -> int | None:
    """How many there are; None where that can't be told."""
    numbers = [1 if tally.kinds is None else tally.kinds for tally in tallies]
    return sum(numbers) if all(numbers) else None


def _line(tally: Tally) -> str:
    said = f"{units.number(tally.count)} × {_words(tally.type)}"
    return one_line(f"{said}: {tally.error_kind}" if tally.error_kind else said, one.LINE)


def _words(event_type: str) -> str:
    subject, _, what = event_type.rpartition(".")
    return one_line(f"{subject} {what.replace('_', ' ')}", one.WORD * 2)


def _what(message: Message) -> str:
    count, tallies = message.count, _tallies(message)
    types = {tally.type for tally in tallies}
    words = {one.word(event_type) for event_type in types}
    is_batch = _subjects(message) == ["batch"]
    if words == {"failed"} and not is_batch:
        return units.many(count, "failure")
    if len(types) == 1 and types <= one.OWN.keys():
        return _of_own(count, types.pop())
    if len(words) == 1 and not types & one.OWN.keys():
        return _of_jobs(count, words.pop(), is_batch=is_batch)
    failed = sum(tally.count for tally in tallies if one.word(tally.type) == "failed")
    if failed:
        return f"{units.many(failed, 'failure')} and {units.many(count - failed, 'other event')}"
    return units.many(count, "event")


def _of_own(count: int, event_type: str) -> str:
    if event_type == "delivery.dead":
        return f"{units.many(count, 'message')} given up"
    return f"{units.number(count)} × {_words(event_type)}"


def _of_jobs(count: int, what: str, *, is_batch: bool) -> str:
    jobs = units.many(count, "batch", "batches") if is_batch else units.many(count, "job")
    if what in _SAID_AS_IS:
        return f"{jobs} {what}"
    return f"{jobs} now {what.upper()}"


def _where(message: Message) -> str:
    """The products in the order of their frequency, or the source that all have in common."""
    source = _value((message.group or {}).get("source"))
    if source:
        return f" in {one_line(source, one.NAME)}"
    if _subjects(message) == ["batch"] or all(tally.type in one.OWN for tally in _tallies(message)):
        return ""
    own = {event_type.partition(".")[0] for event_type in one.OWN}
    places = list(
        dict.fromkeys("relay itself" if s in own else one_line(s, one.WORD) for s in _subjects(message))
    )
    return f" in {_listed(places)}"


def _subjects(message: Message) -> list[str]:
    return list(dict.fromkeys(tally.type.partition(".")[0] for tally in _tallies(message)))


def _listed(places: Sequence[str]) -> str:
    if len(places) > _PLACES:
        places = [*places[: _PLACES - 1], f"{len(places) - _PLACES + 1} more"]
    return " and ".join(filter(None, (", ".join(places[:-1]), places[-1])))


def _value(value: Any) -> str:
    if value is None or isinstance(value, str):
        return one_line(value or "", one.VALUE)
    return one_line(json.dumps(value, ensure_ascii=False, default=str), one.VALUE)
