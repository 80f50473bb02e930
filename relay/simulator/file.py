"""A scenario as a TOML file."""

import json
import re
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from relay.config.findings import Keys, did_you_mean, where
from relay.config.lines import line_of, lines_of
from relay.config.read import parse, read
from relay.errors import ConfigError
from relay.simulator.scenario import Scenario, Stream, Trouble

_WORDS = {
    "missing": "is missing: set it",
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number, without quotes",
    "float_type": "must be a number, without quotes",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": "must be a list: write it in [ ]",
    "too_long": "takes at most {max_length}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "value_error": "{error}",
}


def load(path: Path) -> Scenario:
    """Read a scenario. Raises ConfigError with all that is wrong, a line each."""
    content = read(path)
    document = parse(path, content)
    try:
        return TypeAdapter(Scenario).validate_json(json.dumps(document, default=str))
    except ValidationError as refusal:
        mistakes = [(_place(error["loc"]), _text(error)) for error in refusal.errors(include_url=False)]
    lines = lines_of(content)
    placed = {(line_of(lines, keys), where(keys), text) for keys, text in mistakes}
    raise ConfigError([f"{path.name}:{line}: {place}: {text}" for line, place, text in sorted(placed)])


def _place(loc: Keys) -> Keys:
    """Leave out what pydantic adds to say that a key is what is wrong."""
    return tuple(key for key in loc if key != "[key]")


def _text(error: ErrorDetails) -> str:
    loc, facts = error["loc"], error.get("ctx", {})
    if error["type"] == "unexpected_keyword_argument":
        return f"there is no such key here: {did_you_mean(str(loc[-1]), _keys(loc))}"
    if error["type"] == "literal_error":
        words = re.findall(r"'(\w+)'", facts["expected"])
        word = str(error["input"])[:60]
        return f"{json.dumps(word)} is not known here: {did_you_mean(word, words)}"
    if error["type"].startswith("dataclass_"):
        return "must be a table"
    if error["type"] == "missing" and isinstance(loc[-1], int):
        return "needs one more"
    return _WORDS.get(error["type"], "is not valid here: see docs/scenarios.md").format(**facts)


def _keys(loc: Keys) -> Sequence[str]:
    table = {"streams": Stream, "script": Trouble}.get(str(loc[0]), Scenario) if len(loc) > 1 else Scenario
    return [field.name for field in fields(table)]
