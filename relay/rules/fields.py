"""What a rule can ask an event for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from operator import attrgetter
from typing import Any, Literal

import msgspec

from relay.model import Event

OPERATORS = ("regex", "gte", "gt", "lte", "lt", "absent")
DEEPEST = 10

_UNREAD = object()
_OPEN = ("job", "outcome")
_TEXTS = (
    "type", "product", "kind", "source", "project_id", "job_id", "name", "status", "previous",
    "error", "error_kind", "severity",
)  # fmt: skip
_FOLDED = frozenset({"type", "kind", "status", "previous"})
_LIKE_AN_OPERATOR = 0.9

_decode = msgspec.json.Decoder().decode


class Subject:
    """An event while rules are asked; its item is decoded at most once, and only for one that wants it."""

    __slots__ = ("_job", "data", "type")

    def __init__(self, event: Event) -> None:
        self.type = event.type
        self.data = event.data
        self._job: Any = _UNREAD

    def job(self) -> Any:
        """None where the item can't be decoded: its fields are missing then, as for an event without job."""
        if self._job is _UNREAD:
            try:
                self._job = _decode(self.data.job)
            except (ValueError, RecursionError):
                self._job = None
        return self._job


@dataclass(frozen=True, kw_only=True)
class Field:
    read: Callable[[Subject], Any]
    holds: Literal["text", "truth", "anything"] = "text"
    folded: bool = False
    """Case does not count."""
    in_item: bool = False
    """Reading it decodes the item, which costs more than all else."""
    whole: bool = False
    """`job` or `outcome` itself, of which one can only ask whether there is one."""


def _fixed(name: str) -> Field:
    return Field(read=attrgetter(f"data.{name}"), folded=name in _FOLDED)


_FIELDS: Mapping[str, Field] = {name: _fixed(name) for name in _TEXTS} | {
    "type": Field(read=attrgetter("type"), folded=True),
    "name": Field(read=lambda subject: subject.data.name or subject.data.job_id),
    "after_outage": Field(read=attrgetter("data.after_outage"), holds="truth"),
}


def field_of(path: str) -> Field:
    """Find the field of a dotted path. Raises ValueError that names the way out."""
    if path in _FIELDS:
        return _FIELDS[path]
    root, *keys = path.split(".")
    if root not in _OPEN or not all(keys):
        raise ValueError(_unknown(path))
    return Field(read=_reader(root, tuple(keys)), holds="anything", in_item=root == "job", whole=not keys)


def _reader(root: str, keys: tuple[str, ...]) -> Callable[[Subject], Any]:
    start: Callable[[Subject], Any] = Subject.job if root == "job" else attrgetter("data.outcome")

    def read(subject: Subject) -> Any:
        value = start(subject)
        for key in keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    return read


def _unknown(path: str) -> str:
    root, dot, rest = path.partition(".")
    if root in _OPEN:
        return f"unknown field `{path}`: there is no name between two dots, or after the last"
    close = get_close_matches(root, [*_FIELDS, *_OPEN], 1)
    if close:
        like = close[0] + dot + rest if close[0] in _OPEN else close[0]
        return f"unknown field `{path}`; did you mean `{like}`?"
    return (
        f"unknown field `{path}`; the fields are {', '.join(_FIELDS)}, `outcome.…`, "
        "and `job.…` for a field of the listed item"
    )


def conditions(table: Mapping[str, Any], wrong: Callable[[str, str], None]) -> Iterator[tuple[str, Any]]:
    """Yield the dotted path and the value of each condition.

    Tables below `job` and `outcome` are parts of the path, up to one whose keys are operators.
    `wrong` takes a path and what is wrong there.
    """
    for path, value in table.items():
        if path.count(".") >= DEEPEST:
            wrong(path, f"is deeper than {DEEPEST} levels")
        elif _is_part_of_path(path, value):
            yield from conditions(_below(path, value, wrong), wrong)
        else:
            yield path, value


def _is_part_of_path(path: str, value: object) -> bool:
    in_the_open = path.partition(".")[0] in _OPEN
    return isinstance(value, Mapping) and in_the_open and not any(key in OPERATORS for key in value)


def _below(path: str, table: Mapping[str, Any], wrong: Callable[[str, str], None]) -> dict[str, Any]:
    if not table:
        wrong(path, "is empty: name a field and its value, or leave it out")
    for key in table:
        meant = get_close_matches(key.lower(), OPERATORS, 1, _LIKE_AN_OPERATOR)
        if meant:
            text = f'did you mean the operator `{meant[0]}`? A field of this name is written "{path}.{key}"'
            wrong(f"{path}.{key}", text)
    return {f"{path}.{key}": value for key, value in table.items()}
