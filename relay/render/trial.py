"""A template tried before it is used: on one event of each shape, on groups, and on relay's own news."""

import re
from collections.abc import Collection, Iterator
from datetime import UTC
from typing import Any

from minijinja import Environment, TemplateError

from relay.message import PLAIN, SHOWN, Message
from relay.model import Event, EventData
from relay.render import grammar
from relay.render.engine import FUEL, Unknown, environment
from relay.render.fields import OF_EVENT, OF_MESSAGE, fields_of

FAILURES = (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What a render may raise: minijinja's errors are RuntimeErrors, its filters' are as they come."""

_TIME = "2026-11-22T10:15:30.123Z"
_NEVER_RIGHT = frozenset({"UnknownFilter", "UnknownTest", "UnknownFunction", "UndefinedError", "OutOfFuel"})
_LAST_NAME = re.compile(r"(\w+)\W*$")


def mistakes(key: str, source: str) -> list[str]:
    """All that can be told from the text; where that is nothing, what a render then stumbles on."""
    env = environment(PLAIN.body, UTC)
    try:
        names = env.undeclared_variables_in_str(source, nested=True)
    except TemplateError as error:
        return [_at(source, error.line, f"can't be read: {told(error)}")]
    written = [(source.count("\n", 0, at) + 1, text) for at, text in grammar.mistakes(key, source)]
    written += [(_line_of(source, path), text) for path, text in _unknown_fields(names)]
    if written:
        return list(dict.fromkeys(_at(source, line, text) for line, text in sorted(written)))
    found = _tried(key, source, env)
    return [found] if found else []


def told(error: Exception) -> str:
    """Its words, without the template around them."""
    if isinstance(error, TemplateError):
        if error.kind == "OutOfFuel":
            return f"does more than {FUEL:,} steps"
        return error.detail or error.message.partition(" (in ")[0]
    return str(error) or type(error).__name__


def _at(source: str, line: int | None, text: str) -> str:
    return f"line {line} of it: {text}" if line and "\n" in source.strip() else text


def _unknown_fields(names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Of `event.nmae` and the like; what is below an item, an outcome or a group nobody knows."""
    for path in sorted(names):
        root, _, rest = path.partition(".")
        if root not in OF_MESSAGE:
            yield root, grammar.unknown("field", root, OF_MESSAGE)
        elif root == "event" and rest and rest.partition(".")[0] not in OF_EVENT:
            yield path, grammar.unknown("field", rest.partition(".")[0], OF_EVENT)


def _line_of(source: str, path: str) -> int:
    found = re.search(rf"\b{re.escape(path.rpartition('.')[2])}\b", source)
    return source.count("\n", 0, found.start()) + 1 if found else 1


def _tried(key: str, source: str, env: Environment) -> str | None:
    """What fails whatever the message; a value of the wrong kind only where it fails for every one."""
    failures = []
    for sample in _SAMPLES:
        try:
            env.render_str(source, key, **sample)
        except FAILURES as error:
            text = _at(source, getattr(error, "line", None), _words(error))
            if getattr(error, "kind", "") in _NEVER_RIGHT:
                return text
            failures.append(text)
    is_hopeless = len(failures) == len(_SAMPLES) and not re.search(r"\b(job|outcome|group)\b", source)
    return failures[0] if is_hopeless else None


def _words(error: Exception) -> str:
    said = told(error)
    if not isinstance(error, TemplateError) or error.kind != "UndefinedError":
        return said
    name = _LAST_NAME.search(said.removesuffix(" is undefined"))
    is_field = name and not name[1].isdigit() and name[1] not in OF_EVENT
    return grammar.unknown("field", name[1], OF_EVENT) if name and is_field else said


_Said = tuple[str, dict[str, Any]]


def _sample(*events: _Said, count: int = 1) -> dict[str, Any]:
    made = tuple(
        Event(id="evt_1", type=event_type, timestamp=_TIME, data=EventData(**{**_NOTHING, **said}))
        for event_type, said in events
    )
    group = {"source": "parse"} if count > 1 else None
    message = Message(
        id="msg_1", events=made, rule="sample", relay="sample", severity="error", group=group, count=count
    )
    fields = fields_of(message, items=False)
    for part in (fields, *fields["events"]):
        part["job"] = Unknown()
        part["outcome"] = Unknown() if part["outcome"] is None else part["outcome"]
    return fields | {"event": fields["events"][0], "group": Unknown()}


_NOTHING: dict[str, Any] = {"source": None, "product": None, "kind": None}
_FAILED: _Said = (
    "parse.failed",
    {
        "source": "parse",
        "product": "parse",
        "kind": "parse",
        "project_id": "11111111-2222-3333-4444-555555555555",
        "job_id": "pjb-1",
        "name": "Q4 report.pdf",
        "status": "FAILED",
        "previous": "RUNNING",
        "error": "PDF_IS_BROKEN: page 3",
        "error_kind": "PDF_IS_BROKEN: page #",
        "severity": "error",
        "url": "https://cloud.llamaindex.ai/",
    },
)
_RUNNING: _Said = ("extract.running", {**_FAILED[1], "status": "RUNNING", "error": None, "error_kind": None})
_FINISHED: _Said = ("batch.finished", {**_RUNNING[1], "product": "batch", "previous": None, "url": None})
_DOWN: _Said = ("source.down", {"source": "parse", "name": "parse", "error": "HTTP 503", "severity": "error"})
_TEST: _Said = ("relay.test", {"name": "ops"})
_SAMPLES = (
    *map(_sample, (_FAILED, _RUNNING, _FINISHED, _DOWN, _TEST)),
    _sample(_FAILED, _DOWN, count=2),
    _sample(*[_FAILED] * SHOWN, count=10_000),
)
