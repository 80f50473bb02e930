"""What a rule wants of a field, compiled into a test of the field's value."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any

from relay.model import seconds_of
from relay.rules.fields import OPERATORS, Field
from relay.rules.globs import glob, is_exact

Test = Callable[[Any], bool]
Wrong = Callable[[str], None]

LONGEST_PATTERN = 1000
LONGEST_LIST = 1000

_BOUNDS = {"gte": operator.ge, "gt": operator.gt, "lte": operator.le, "lt": operator.lt}
_LONGEST_TIME = 64  # of any ISO text; a longer one is not worth a parser's time


def test_of(value: Any, field: Field, wrong: Wrong) -> Test:
    """`wrong` hears of every mistake; the test is of no use then."""
    if field.whole and not _asks_for_absence(value):
        wrong("is a whole table: name a field of it, as in `job.tier` or `outcome.failed`")
        return _never
    if isinstance(value, list | tuple):
        return _any_of(value, field, wrong)
    if isinstance(value, Mapping):
        return _of_table(value, field, wrong)
    return _of_one(value, field, wrong)


def _asks_for_absence(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"absent"}


def _never(_: Any) -> bool:
    return False


def _in(field: Field, test: Test) -> Test:
    """Of a list inside the item any element may fit."""
    if field.holds != "anything":
        return test
    return lambda value: any(map(test, value)) if type(value) is list else test(value)


def _any_of(values: Sequence[Any], field: Field, wrong: Wrong) -> Test:
    if not values:
        wrong("an empty list matches nothing: name a value, or leave the condition out")
    if len(values) > LONGEST_LIST:
        wrong(f"has {len(values)} entries, the limit is {LONGEST_LIST}")
        return _never
    if any(isinstance(value, list | tuple) for value in values):
        wrong("holds a list inside a list: write one list")
        return _never
    tests = tuple(test_of(value, field, wrong) for value in values)
    if all(isinstance(value, str) and is_exact(value) for value in values) and not field.folded:
        words = frozenset(values)
        return _in(field, lambda value: isinstance(value, str) and value in words)
    return lambda value: any(test(value) for test in tests)


def _of_one(value: Any, field: Field, wrong: Wrong) -> Test:
    if isinstance(value, bool):
        return _of_truth(value, field, wrong)
    if isinstance(value, str):
        return _of_glob(value, field, wrong)
    if isinstance(value, int | float):
        return _of_number(value, field, wrong)
    if isinstance(value, date):
        wrong(f"a time is compared: write {{ gte = {value.isoformat()} }}")
    else:
        wrong("is not a value: write a glob, a list, a number, a boolean or a table such as { regex = … }")
    return _never


def _of_truth(value: bool, field: Field, wrong: Wrong) -> Test:
    if field.holds == "text":
        wrong(f'is text and never {value}: write "{str(value).lower()}" in quotes')
    return _in(field, lambda held: held is value)


def _of_glob(pattern: str, field: Field, wrong: Wrong) -> Test:
    if field.holds == "truth":
        wrong("is true or false, without quotes")
    if len(pattern) > LONGEST_PATTERN:
        wrong(too_long(pattern))
        return _never
    if is_exact(pattern) and not field.folded:
        return _in(field, lambda held: bool(held == pattern))
    matches = glob(pattern, folded=field.folded)
    return _in(field, lambda held: isinstance(held, str) and matches(held))


def _of_number(value: float, field: Field, wrong: Wrong) -> Test:
    if field.holds != "anything":
        wrong(
            f'is never a number: write "{value}" in quotes' if field.holds == "text" else "is true or false"
        )
    if _is_nan(value):
        wrong("nan equals nothing")
    return _in(field, lambda held: _is_number(held) and held == value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_nan(value: float) -> bool:
    return isinstance(value, float) and math.isnan(value)  # an int may be too large for isnan


def too_long(pattern: str) -> str:
    return f"is {len(pattern)} characters long, the limit of a pattern is {LONGEST_PATTERN}"


def _of_table(table: Mapping[str, Any], field: Field, wrong: Wrong) -> Test:
    for key in table:
        if key not in OPERATORS:
            wrong(_unknown_operator(key))
    known = {key: value for key, value in table.items() if key in OPERATORS}
    if not table:
        wrong(f"is an empty table: write one of {_named(OPERATORS)}")
    if not known:
        return _never
    if "absent" in known:
        return _of_absence(known, wrong)
    if "regex" in known:
        return _of_regex(known, field, wrong)
    return _of_bounds(known, field, wrong)


def _unknown_operator(key: str) -> str:
    close = get_close_matches(key, OPERATORS, 1)
    hint = f"did you mean `{close[0]}`?" if close else f"the operators are {_named(OPERATORS)}"
    return f"unknown operator `{key}`; {hint}"


def _named(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _of_absence(table: Mapping[str, Any], wrong: Wrong) -> Test:
    absent = table["absent"]
    if len(table) > 1:
        wrong("`absent` stands alone: a field that is missing matches nothing else")
    if not isinstance(absent, bool):
        wrong("`absent` is true or false")
    return lambda held: (held is None) is absent


def _of_regex(table: Mapping[str, Any], field: Field, wrong: Wrong) -> Test:
    pattern = table["regex"]
    if len(table) > 1:
        wrong("`regex` stands alone: bounds are for numbers and times")
    if field.holds == "truth":
        wrong("is true or false: a pattern never matches")
    if not isinstance(pattern, str):
        wrong("`regex` takes a pattern in quotes")
        return _never
    if len(pattern) > LONGEST_PATTERN:
        wrong(too_long(pattern))
        return _never
    from relay.rules.patterns import searcher  # noqa: PLC0415 - 2 MB of library, for who has patterns

    try:
        return _in(field, searcher(pattern, folded=field.folded))
    except ValueError as error:
        wrong(f"bad regex: {error}")
        return _never


def _of_bounds(table: Mapping[str, Any], field: Field, wrong: Wrong) -> Test:
    if all(_is_number(limit) and not _is_nan(limit) for limit in table.values()):
        if field.holds != "anything":
            wrong("is never a number: bounds do not fit it")
        return _in(field, _between(table))
    if field.holds == "truth":
        wrong("is true or false: bounds do not fit it")
    times = {key: _time(limit) for key, limit in table.items()}
    for key, time in times.items():
        if time is None:
            wrong(
                f"`{key}` is neither a number nor a time such as 2026-11-22T10:00:00Z, as all bounds must be"
            )
    between = _between({key: time for key, time in times.items() if time is not None})
    return _in(field, lambda held: (moment := _time(held)) is not None and between(moment))


def _between(limits: Mapping[str, float]) -> Test:
    bounds = tuple((_BOUNDS[key], limit) for key, limit in limits.items())
    return lambda held: _is_number(held) and all(within(held, limit) for within, limit in bounds)


def _time(value: Any) -> float | None:
    """Seconds of an ISO text or of a date from TOML; naive is taken as UTC."""
    text = value.isoformat() if isinstance(value, date) else value
    if not isinstance(text, str) or len(text) > _LONGEST_TIME:
        return None
    try:
        return seconds_of(text)
    except ValueError:
        return None
