"""Rules that no event of these sources can fit, whatever its job holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from relay.model import OPEN_STATUSES, TERMINAL_STATUSES, Event, EventData, is_own
from relay.rules import Router, Rule
from relay.rules.globs import is_exact
from relay.sources import SourceSpec

_BY_TYPE = ("type", "status")  # their words grow with the API, so patterns of them may fit what nobody knows
_BY_SOURCE = ("source", "product", "kind")
_OF_ANY_STATUS = ("stuck", "vanished", "finished")


def can_match(rule: Rule, specs: Sequence[SourceSpec], types: Sequence[str]) -> bool:
    """Whether an event may come that `on` hears and `match` takes, by what is known before it comes."""
    asked = {name: value for name, value in rule.match.items() if _is_decided(name, value)}
    router = Router([replace(rule, match=asked, unless={}, group_by=False)])
    return any(router.route(event).matched for event in _events(specs, types, asked))


def _is_decided(name: str, value: Any) -> bool:
    return name in _BY_SOURCE or (name in _BY_TYPE and all(map(_is_word, _each(value))))


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and is_exact(value)


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _events(specs: Sequence[SourceSpec], types: Sequence[str], asked: Mapping[str, Any]) -> Iterator[Event]:
    words = [str(word) for word in _each(asked.get("status", []))]
    named = [str(word).lower() for word in _each(asked.get("type", []))]
    statuses = list(dict.fromkeys((*OPEN_STATUSES, *sorted(TERMINAL_STATUSES), *map(str.upper, words))))
    yield from (_event(type_, None, spec) for type_ in types if is_own(type_) for spec in (None, *specs))
    for spec in specs:
        mine = f"{spec.kind.product}."
        for type_ in {*types, *named, *(mine + status.lower() for status in statuses)}:
            word = type_.removeprefix(mine)
            if word != type_ and (word != "stuck" or spec.stuck_after is not None):
                of = statuses if word in _OF_ANY_STATUS else [word.upper()]
                yield from (_event(type_, status, spec) for status in of)


def _event(event_type: str, status: str | None, spec: SourceSpec | None) -> Event:
    if spec is None:
        data = EventData(source=None, product=None, kind=None)
    else:
        kind = spec.kind
        data = EventData(source=spec.name, product=kind.product, kind=kind.name, status=status)
    return Event(id="", type=event_type, timestamp="", data=data)
