"""A table of the document as its model, or what is wrong with it in words for people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from relay.config.environ import Unresolved
from relay.config.findings import Findings, Keys, did_you_mean
from relay.destinations import Clash

_Model = TypeVar("_Model", bound=BaseModel)

_WORDS = {
    "missing": "is missing: set it",
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number, without quotes",
    "int_parsing_size": "is too large a number",
    "float_type": "must be a number, without quotes",
    "bool_type": "must be true or false, without quotes",
    "list_type": "must be a list: write it in [ ]",
    "tuple_type": "must be a list: write it in [ ]",
    "dict_type": "must be a table: write it in {{ }}",
    "mapping_type": "must be a table: write it in {{ }}",
    "model_type": "must be a table: write it in {{ }}",
    "literal_error": "must be one of {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must not be empty: name at least one",
    "too_long": "takes at most {max_length}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "value_error": "{error}",
}
_PASSES = 4
_GONE = object()
_BOUNDS = frozenset({"gt", "ge", "lt", "le"})
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def check(
    model: type[_Model],
    table: Mapping[str, Any],
    path: Keys,
    findings: Findings,
    context: Mapping[str, Any] | None = None,
) -> _Model | None:
    """None where something is wrong, or where what it needs is not resolved. `context`: pydantic's."""
    known = len(findings.mistakes)
    whole = sound(model, table, path, findings, context)
    return whole if len(findings.mistakes) == known else None


def sound(
    model: type[_Model],
    table: Mapping[str, Any],
    path: Keys,
    findings: Findings,
    context: Mapping[str, Any] | None = None,
) -> _Model | None:
    """What is right about a table, for more to be said of it: all that is wrong is told, and then taken for
    not resolved. None where the rest makes no whole.
    """
    aside: dict[Keys, Any] = {}
    for _ in range(_PASSES):
        try:
            return model.model_validate(_changed(table, aside), context=context)
        except ValidationError as refusal:
            # With the input no message of pydantic's is fit to be shown: it may be a secret.
            errors = refusal.errors(include_url=False, include_input=False)
        found = [(_place(table, error["loc"]), error) for error in errors]
        for place, error in found:
            if not _follows(place, error, errors, aside) and not isinstance(_at(table, place), Unresolved):
                findings.mistake(path + place, _text(error, place, table, model))
        if all(place == () for place, _ in found):
            return None
        aside |= {
            place: _GONE if _has_no_use(place, error, table, aside) else Unresolved("")
            for place, error in found
        }
    return None


def _follows(place: Keys, error: ErrorDetails, errors: Sequence[ErrorDetails], aside: Iterable[Keys]) -> bool:
    """Whether it is only the consequence of another mistake."""
    if place == ():
        cause = error.get("ctx", {}).get("error")
        return isinstance(cause, Clash) and any(other[0] in cause.keys for other in aside if other)
    loc = error["loc"]
    lacks = error["type"] == "too_short" and any(e["loc"][: len(loc)] == loc != e["loc"] for e in errors)
    return lacks or any(other[: len(place)] == place for other in aside)


def _has_no_use(place: Keys, error: ErrorDetails, table: Any, aside: Mapping[Keys, Any]) -> bool:
    unresolved = place in aside or isinstance(_at(table, place), Unresolved)
    return unresolved or error["type"] in {"extra_forbidden", "missing"}


def _place(table: Any, loc: Keys) -> Keys:
    """As far as pydantic's place stands in the document; a key that is missing ends it."""
    place: Keys = ()
    for key in loc:
        there = isinstance(table, dict | list) and _has(table, key)
        if there or (isinstance(table, dict) and isinstance(key, str) and key == loc[-1]):
            place = (*place, key)
        if not there:
            break
        table = table[key]
    return place


def _has(table: Any, key: Any) -> bool:
    return key in table if isinstance(table, dict) else isinstance(key, int) and key < len(table)


def _at(table: Any, place: Keys) -> Any:
    for key in place:
        if not _has(table, key):
            return None
        table = table[key]
    return table


def _changed(value: Any, changes: Mapping[Keys, Any]) -> Any:
    """A copy with other things, or nothing, at these places."""
    if () in changes:
        return changes[()]
    if not changes or not isinstance(value, dict | list):
        return value
    inside = {
        key: {place[1:]: other for place, other in changes.items() if place[0] == key}
        for key in {place[0] for place in changes}
    }
    items = value.items() if isinstance(value, dict) else enumerate(value)
    kept = {key: new for key, item in items if (new := _changed(item, inside.get(key, {}))) is not _GONE}
    return kept if isinstance(value, dict) else [*kept.values()]


def _text(error: ErrorDetails, place: Keys, table: Mapping[str, Any], model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in model.model_fields.items()]
        return f"there is no such key here: {did_you_mean(str(place[-1]), known)}"
    facts = error.get("ctx", {})
    if isinstance(_at(table, place), str):
        facts = {key: _duration(fact) if key in _BOUNDS else fact for key, fact in facts.items()}
    return _WORDS.get(error["type"], "is not valid here: see the documentation of this key").format(**facts)


def _duration(seconds: float) -> str:
    """A bound of a text's number is one of a duration."""
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0 or size == 1)
    return f"{seconds / size:g}{unit}"
