"""A table of the document as its model, or what is wrong with it in words for people."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from relay.config.environ import Unresolved
from relay.config.findings import Findings, Keys, did_you_mean

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
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "value_error": "{error}",
}
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def check(
    model: type[_Model],
    table: Mapping[str, Any],
    path: Keys,
    findings: Findings,
    context: Mapping[str, Any] | None = None,
) -> _Model | None:
    """None where something is wrong, or where what it needs is not resolved. `context`: pydantic's."""
    try:
        return model.model_validate(table, context=context)
    except ValidationError as refusal:
        # With the input no message of pydantic's is fit to be shown: it may be a secret.
        errors = refusal.errors(include_url=False, include_input=False)
    places = [_place(table, error["loc"]) for error in errors]
    unresolved = [place for place in places if isinstance(_at(table, place), Unresolved)]
    for error, place in zip(errors, places, strict=True):
        if place not in unresolved:
            findings.mistake(path + place, _text(error, place, table, model))
    if len(unresolved) < len(errors):
        return None
    try:
        return model.model_validate(_without(table, unresolved), context=context)
    except ValidationError:
        return None


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


def _without(value: Any, places: list[Keys]) -> Any:
    """A copy without what stands at these places."""
    inside = {place[0]: [other[1:] for other in places if other[:1] == place[:1]] for place in places}
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if () not in inside.get(key, [])}
        return {key: _without(item, inside[key]) if key in inside else item for key, item in kept.items()}
    return [
        _without(item, inside[index]) if index in inside else item
        for index, item in enumerate(value)
        if () not in inside.get(index, [])
    ]


def _text(error: ErrorDetails, place: Keys, table: Mapping[str, Any], model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in model.model_fields.items()]
        return f"there is no such key here: {did_you_mean(str(place[-1]), known)}"
    facts = error.get("ctx", {})
    if isinstance(_at(table, place), str):
        facts = {
            key: _duration(fact) if isinstance(fact, float | int) else fact for key, fact in facts.items()
        }
    return _WORDS.get(error["type"], "is not valid here: see the documentation of this key").format(**facts)


def _duration(seconds: float) -> str:
    """A bound of a text's number is one of a duration."""
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0 or size == 1)
    return f"{seconds / size:g}{unit}"
