"""What a request asks for, checked before anything is done; what is wrong is said with the way out."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from relay.web.api import models
from relay.web.problems import Problem

Q = TypeVar("Q", bound=models.Query)


def parameters(request: web.Request) -> dict[str, list[str]]:
    """What each was given, in the order of the query."""
    return {name: request.query.getall(name) for name in request.query}


def asked(given: Mapping[str, Sequence[str]], kind: type[Q]) -> Q:
    """Raises Problem that names the parameter and what it may be."""
    return kind(**{name: _value(name, values, kind) for name, values in given.items()})


def _value(name: str, values: Sequence[str], kind: type[Q]) -> Any:
    may_be = _may_be(kind)
    if name not in may_be:
        known = ", ".join(may_be) or "none"
        raise Problem(422, f"there is no parameter {name[:100]!a} here; those there are: {known}")
    if not all(map(is_text, values)):
        raise Problem(422, f"{name} holds bytes that are no text")
    default = getattr(kind(), name)
    is_list = isinstance(default, list)
    if not is_list and len(values) > 1:
        raise Problem(422, f"{name} is given more than once; give it once")
    try:
        read = msgspec.convert({name: values if is_list else values[0]}, kind, strict=False)
    except msgspec.ValidationError:
        raise Problem(422, f"{name} must be {may_be[name]}") from None
    return getattr(read, name)


@cache
def _may_be(kind: type[models.Query]) -> dict[str, str]:
    """What each parameter may be, in words."""
    _, parts = msgspec.json.schema_components([kind])
    return {name: _words(schema) for name, schema in parts[kind.__name__]["properties"].items()}


def _words(schema: Mapping[str, Any]) -> str:
    one = schema.get("items", schema)
    if "enum" in one:
        words = f"one of {', '.join(one['enum'])}"
    elif one["type"] == "integer":
        words = f"a whole number from {one['minimum']} to {one['maximum']}"
    elif one is schema:
        words = schema["description"].rstrip(".")
    else:
        words = (
            f"a text of {one['minLength']} to {one['maxLength']} characters, none of them a control character"
        )
    most = schema.get("maxItems")
    return words if most is None else f"{words}; given {'once' if most == 1 else f'at most {most} times'}"


def is_text(value: str) -> bool:
    """Half a pair of UTF-16 stands for a byte that was none."""
    return not any("\ud800" <= char <= "\udfff" for char in value)
