from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from hashlib import sha256
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from relay.model import Event, Severity
from relay.rules.fields import Field, Subject, conditions, field_of
from relay.rules.globs import glob
from relay.rules.values import LONGEST_LIST, LONGEST_PATTERN, Test, test_of, too_long

_TYPES_KEPT = 1024  # types hold words of the API, which may invent any number of them
_LONGEST_TYPE_KEPT = 100
LONGEST_KEY = 300
_HASH = 16

Holds = Callable[[Subject], bool]
_Asked = tuple["Rule", Holds, Callable[[Subject], str]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`match` and `unless` as TOML gives them: tables in tables, or dotted keys such as `job.tier`.

    `group_by`: False sends each event by itself, None leaves it to the destination. Times are in seconds.
    `title` and `body`: templates.
    """

    name: str
    on: tuple[str, ...]
    to: tuple[str, ...]
    match: Mapping[str, Any] = field(default_factory=dict)
    unless: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None
    title: str | None = None
    body: str | None = None
    stop: bool = False
    group_by: tuple[str, ...] | bool | None = None
    group_wait: float = 10.0
    group_interval: float = 60.0
    settle: float | None = None

    def gathers(self, *, by_default: bool) -> bool:
        """Whether its events go together, to a destination that takes them so `by_default`."""
        return by_default if self.group_by is None else self.group_by is not False


ALERTS = Rule(name="alerts_to", on=(), to=())
"""What a delivery to `[relay] alerts_to` names as its rule; no other has this name."""

REPLAY = Rule(name="replay", on=(), to=())
"""What a delivery names that was asked for by hand, of an event that no rule of the configuration took."""

OWN_RULES = {ALERTS.name: "alerts_to", REPLAY.name: "relay replay"}
"""Names that no rule of the configuration has, and what they are for."""


class Mistake(NamedTuple):
    """`where`: keys inside the rule, such as ("match", "job.tier")."""

    rule: str
    where: tuple[str, ...]
    text: str


class RuleMistakes(Exception):  # noqa: N818 - they are many
    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(f"{rule}: {'.'.join(where)}: {text}" for rule, where, text in mistakes))
        self.mistakes = tuple(mistakes)


class Routing(msgspec.Struct, frozen=True, gc=False):
    """`matched`: names of the rules that took the event. `sends`: each destination once, with its rule and
    what the rule's events are grouped by there, as JSON.
    """

    matched: tuple[str, ...] = ()
    sends: tuple[tuple[str, Rule, str], ...] = ()


_NOWHERE = Routing()


class _Compiled(NamedTuple):
    rule: Rule
    hears: Callable[[str], bool]
    takes: Holds
    key: Callable[[Subject], str]


class _Clause(NamedTuple):
    in_item: bool
    holds: Holds


class Router:
    """Raises RuleMistakes with all that is wrong with any of the rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        mistakes: list[Mistake] = []
        self._rules = tuple(_compiled(rule, mistakes) for rule in rules)
        if mistakes:
            raise RuleMistakes(mistakes)
        self._kept = lru_cache(_TYPES_KEPT)(self._hearing)

    @property
    def longest_settle(self) -> float:
        """Seconds for which what becomes of a job may still matter to one of its events."""
        return max((compiled.rule.settle or 0.0 for compiled in self._rules), default=0.0)

    def route(self, event: Event) -> Routing:
        """Rules are asked in file order; the first that names a destination decides what goes there."""
        asked = self._asked(event.type)
        if not asked:
            return _NOWHERE
        subject = Subject(event)
        matched: list[str] = []
        sends: dict[str, tuple[str, Rule, str]] = {}
        for rule, takes, key in asked:
            if takes(subject):
                matched.append(rule.name)
                for destination in rule.to:
                    if destination not in sends:
                        sends[destination] = (destination, rule, key(subject))
                if rule.stop:
                    break
        return Routing(tuple(matched), tuple(sends.values())) if matched else _NOWHERE

    def _asked(self, event_type: str) -> tuple[_Asked, ...]:
        look_up = self._kept if len(event_type) <= _LONGEST_TYPE_KEPT else self._hearing
        return look_up(event_type)

    def _hearing(self, event_type: str) -> tuple[_Asked, ...]:
        return tuple((rule, takes, key) for rule, hears, takes, key in self._rules if hears(event_type))


def _compiled(rule: Rule, mistakes: list[Mistake]) -> _Compiled:
    def wrong(where: tuple[str, ...], text: str) -> None:
        mistakes.append(Mistake(rule.name, where, text))

    clauses = [*_clauses("match", rule.match, wrong), *_clauses("unless", rule.unless, wrong)]
    cheapest_first = sorted(clauses, key=attrgetter("in_item"))
    return _Compiled(
        rule=rule,
        hears=_any_type(rule.on, partial(wrong, ("on",))),
        takes=_all_hold(tuple(clause.holds for clause in cheapest_first)),
        key=_key(rule.group_by if isinstance(rule.group_by, tuple) else (), partial(wrong, ("group_by",))),
    )


def _key(paths: tuple[str, ...], wrong: Callable[[str], None]) -> Callable[[Subject], str]:
    """What an event has in these fields, as JSON, of a sane length."""
    if not paths:
        return lambda _: "{}"
    fields: dict[str, Field] = {}
    for path in paths:
        try:
            fields[path] = field_of(path)
        except ValueError as error:
            wrong(str(error))
            continue
        if fields[path].whole:
            wrong(f"`{path}` is a whole table: name a field of it, as in `job.tier`")

    def key(subject: Subject) -> str:
        values = {path: _short(field.read(subject)) for path, field in fields.items()}
        return msgspec.json.encode(values).decode()

    return key


def _short(value: Any) -> Any:
    """What is long is cut, and ends with a hash of the whole: two that differ at their end are two."""
    if isinstance(value, dict | list):
        value = msgspec.json.encode(value).decode()
    if not isinstance(value, str) or len(value) <= LONGEST_KEY:
        return value
    whole = sha256(value.encode(errors="backslashreplace")).hexdigest()[:_HASH]
    return f"{value[: LONGEST_KEY - _HASH - 1]}…{whole}"


def _any_type(patterns: Sequence[str], wrong: Callable[[str], None]) -> Callable[[str], bool]:
    if not patterns:
        wrong('is empty: name event types, such as "*.failed"')
    if len(patterns) > LONGEST_LIST:
        wrong(f"has {len(patterns)} entries, the limit is {LONGEST_LIST}")
    for pattern in patterns:
        if len(pattern) > LONGEST_PATTERN:
            wrong(too_long(pattern))
    globs = tuple(glob(pattern, folded=True) for pattern in patterns)
    return lambda event_type: any(matches(event_type) for matches in globs)


def _clauses(
    table_name: str, table: Mapping[str, Any], wrong: Callable[[tuple[str, ...], str], None]
) -> Iterator[_Clause]:
    """Yield the conditions of a `match`, or of an `unless`: these hold where what they say does not."""

    def wrong_at(path: str, text: str) -> None:
        wrong((table_name, path), text)

    for path, value in conditions(table, wrong_at):
        try:
            asked = field_of(path)
        except ValueError as error:
            wrong_at(path, str(error))
            continue
        fits = test_of(value, asked, partial(wrong_at, path))
        wanted = table_name == "match"
        yield _Clause(asked.in_item, _holds(asked.read, fits) if wanted else _fails(asked.read, fits))


def _holds(read: Callable[[Subject], Any], fits: Test) -> Holds:
    return lambda subject: fits(read(subject))


def _fails(read: Callable[[Subject], Any], fits: Test) -> Holds:
    return lambda subject: not fits(read(subject))


def _all_hold(clauses: tuple[Holds, ...]) -> Holds:
    def takes(subject: Subject) -> bool:
        for holds in clauses:  # noqa: SIM110 - all() costs a generator for each rule and event
            if not holds(subject):
                return False
        return True

    return takes
