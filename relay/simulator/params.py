"""A query string as FastAPI reads it: the last of several values counts, unknown names are let pass."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import SchemaValidator, ValidationError

from relay.simulator.kinds import ARRAYS, Params

Asked = Mapping[str, Any]


class Invalid(Exception):  # noqa: N818 - it is an answer, 422
    def __init__(self, detail: list[dict[str, Any]]) -> None:
        super().__init__("the query is not valid")
        self.detail = detail


def read(query: Iterable[tuple[str, str]], params: Params) -> Asked:
    """Read the parameters that were given. Raises Invalid with all mistakes."""
    asked: dict[str, Any] = {}
    mistakes: list[dict[str, Any]] = []
    for name, text in _given(query, params):
        value, wrong = _value(name, text, params[name])
        asked[name] = value
        mistakes += wrong
    if mistakes:
        raise Invalid(mistakes)
    return asked


def _given(query: Iterable[tuple[str, str]], params: Params) -> Iterator[tuple[str, str | list[str]]]:
    given: dict[str, list[str]] = {}
    for name, text in query:
        given.setdefault(name, []).append(text)
    return ((n, given[n] if n in ARRAYS else given[n][-1]) for n in params if n in given)


def _value(name: str, text: str | list[str], schema: SchemaValidator) -> tuple[Any, list[dict[str, Any]]]:
    try:
        return schema.validate_python(text), []
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [{**one, "loc": ["query", name, *one["loc"]]} for one in found]


def expand_of(asked: Asked) -> frozenset[str]:
    """Take both forms: the SDK repeats the key, the guides join by comma."""
    return frozenset(word for text in asked.get("expand", ()) for word in text.split(","))
