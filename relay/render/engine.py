"""minijinja with what can harm taken out: a template decides what is said, and can do nothing else.

What a value prints goes through a finalizer, so that no filter and no markup slips past what makes it
harmless. A template's own words are the operator's and stay as they are.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from minijinja import Environment, pass_state

from relay.message import cleaned
from relay.render import units

FUEL = 20_000
"""Instructions of a render: a thousand times what a message needs."""

VALUE, PRINTED = 4000, 20_000
"""Characters that one value may print, and all of them together."""

KEPT = frozenset({
    "abs", "bool", "capitalize", "count", "d", "default", "dictsort", "first", "float", "groupby", "int",
    "items", "join", "last", "length", "lines", "list", "lower", "map", "max", "min", "reject", "rejectattr",
    "reverse", "round", "select", "selectattr", "sort", "split", "string", "sum", "title", "trim", "unique",
    "upper", "urlencode",
})  # fmt: skip
OWN = frozenset({"duration", "time", "size", "number", "plural"})
_TAKEN_OUT = (
    "attr", "batch", "center", "chain", "dateformat", "datetimeformat", "e", "escape", "filesizeformat",
    "format", "indent", "nl2br", "pluralize", "pprint", "random", "replace", "safe", "slice", "striptags",
    "timeformat", "tojson", "truncate", "wordcount", "wordwrap", "xmlattr", "zip",
)  # fmt: skip
_FORMAT = re.compile(r"(?:[^%]|%-?[aAbBdfHIjmMpSyYzZ%]){1,100}")


class Unknown:
    """At load, what stands below a listed item: it has every field, and none of them says anything."""

    def __getattr__(self, name: str) -> "Unknown":
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> "Unknown":
        if isinstance(key, int) and key > 0:  # it is iterated over by numbers
            raise IndexError(key)
        return self

    def __len__(self) -> int:
        return 1

    def __str__(self) -> str:
        return "…"


def environment(shown: Callable[[str], str], zone: tzinfo) -> Environment:
    """`shown`: a value's text as it is printed; `zone`: of times whose filter names none."""
    env = Environment(
        fuel=FUEL,
        undefined_behavior="strict",
        auto_escape_callback=lambda _: False,
        finalizer=_finalizer(shown),
        pycompat=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in env.globals:
        env.remove_global(name)
    for name in _TAKEN_OUT:
        env.remove_filter(name)
    env.add_filter("duration", lambda value: units.duration(_number(value, "duration")))
    env.add_filter("size", lambda value: units.size(_number(value, "size")))
    env.add_filter("number", lambda value: units.number(_number(value, "number")))
    env.add_filter("plural", _plural)
    env.add_filter("time", _time_in(zone))
    return env


def _finalizer(shown: Callable[[str], str]) -> Any:
    @pass_state
    def printed(state: Any, value: Any) -> str:
        left = state.get_temp("left", PRINTED)
        if left <= 0:
            return ""
        text = cleaned(_text(value), min(VALUE, left))
        state.set_temp("left", left - len(text))
        return shown(text)

    return printed


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | Unknown):
        return str(value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=_text)
    raise ValueError("has no text: it is neither text, number, list nor table")


def _number(value: Any, by: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError(f"`{by}` takes a number")


def _plural(value: Any, one: str, more: str | None = None) -> str:
    return units.many(int(_number(value, "plural")), one, more)


def _time_in(default: tzinfo) -> Any:
    def shown(value: Any, zone: str | None = None, format: str | None = None) -> str:  # noqa: A002 - its name in templates
        moment = _moment(value, default if zone is None else _zone(zone))
        if format is None:
            return units.time(moment)
        if not _FORMAT.fullmatch(format):
            raise ValueError("`time` takes a format such as %Y-%m-%d %H:%M")
        return moment.strftime(format)

    return shown


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('`time` takes a zone such as "Europe/Berlin" or "UTC"') from None


def _moment(value: Any, zone: tzinfo) -> datetime:
    """Of a time as text, or of seconds since 1970."""
    if not isinstance(value, str):
        return datetime.fromtimestamp(_number(value, "time"), UTC).astimezone(zone)
    moment = units.moment_of(value, zone)
    if moment is None:
        raise ValueError("`time` takes a time such as timestamp, first or last")
    return moment
