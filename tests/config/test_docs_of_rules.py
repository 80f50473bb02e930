"""docs/rules.md names every key there is, and its examples are accepted."""

import re
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import annotated_types as bound
import pytest

from relay.config import load
from relay.config.tables import Access, RelayTable, RuleTable, SourceTable
from relay.destinations import TYPES, Duration, Options
from relay.rules.fields import OPERATORS
from relay.sources import KINDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text("utf-8")


def fields_of(model, but=None):
    """By their keys; without those that are the same in `but`."""
    known = {name: field.default for name, field in but.model_fields.items()} if but else {}
    return {
        field.alias or name: field
        for name, field in model.model_fields.items()
        if name not in known or known[name] != field.default
    }


SECTIONS = {
    "relay": fields_of(RelayTable),
    "llamacloud": fields_of(Access),
    "sources": fields_of(SourceTable, but=Access),
    "destinations": fields_of(Options),
    **{name: fields_of(type_.options, but=Options) for name, type_ in TYPES.items()},
    "rules": fields_of(RuleTable),
}
SAID_OTHERWISE = {
    ("relay", "name"): "the host name",
    ("llamacloud", "page_size"): "what suits the list",
    ("sources", "kind"): "the source's name",
    ("slack", "rate"): '`"1/s"`, of a bot `"20/m"`',
    ("rules", "severity"): "that of the event",
    ("rules", "title"): "relay's own words",
    ("rules", "body"): "relay's own words",
    ("rules", "group_by"): "`[]` to people, `false` to webhooks",
}
"""Defaults that the models leave to something else."""


def rows(section):
    table = re.search(rf"<!-- keys: {section} -->\n(?:\|.*\n){{2}}((?:\|.*\n)+)", PAGE)[1]
    return {
        re.fullmatch(r"`(\w+)`", key)[1]: cells
        for key, *cells in (re.split(r" ?(?<!\\)\| ?", line)[1:-1] for line in table.splitlines())
    }


def test_every_section_has_its_table():
    assert sorted(re.findall(r"<!-- keys: (\w+) -->", PAGE)) == sorted(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_no_key_is_missing_or_invented(section):
    known = set(SECTIONS[section]) | ({"rate"} if section == "slack" else set())
    assert set(rows(section)) == known


@pytest.mark.parametrize("section", SECTIONS)
def test_defaults_are_those_of_the_program(section):
    for key, field in SECTIONS[section].items():
        said = SAID_OTHERWISE.get((section, key)) or default(field)
        assert rows(section)[key][1] == said, key


@pytest.mark.parametrize("section", SECTIONS)
def test_bounds_are_those_of_the_program(section):
    for key, field in SECTIONS[section].items():
        assert bounds(field) in rows(section)[key][0], key


def default(field):
    value = field.default
    if field.is_required():
        return "needed"
    if value in (None, (), [], {}):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if is_duration(field):
        return f'`"{duration(value)}"`'
    if isinstance(value, int):
        return f"`{value}`"
    if isinstance(value, tuple):
        value = "{}:{}".format(*value)
    return f'`"{value.key if isinstance(value, ZoneInfo) else value}"`'


def bounds(field):
    found = {type(limit): limit for limit in field.metadata}
    shown = duration if is_duration(field) else str
    least = found[bound.Ge].ge if bound.Ge in found else None
    most = found[bound.Le].le if bound.Le in found else None
    if bound.MaxLen in found:
        most = found[bound.MaxLen].max_length
        least = found[bound.MinLen].min_length if bound.MinLen in found else None
        return f"{least} to {most}" if least else f"at most {most}"
    if most is not None:
        return f"{shown(least)} to {shown(most)}" if least else f"up to {shown(most)}"
    return f"at least {shown(least)}" if least else ""


def is_duration(field):
    return any(mark is Duration.__metadata__[0] for mark in (*field.metadata, *_marks(field.annotation)))


def _marks(annotation):
    yield from getattr(annotation, "__metadata__", ())
    for inner in get_args(annotation):
        yield from _marks(inner)


def duration(seconds):
    unit, size = next(
        (unit, size) for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)) if seconds % size == 0
    )
    return f"{seconds / size:g}{unit}"


def test_its_examples_are_one_configuration_that_loads(tmp_path):
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.partition("## Templates")[0], re.DOTALL)
    path = tmp_path / "rules.toml"
    path.write_text("\n".join(blocks), "utf-8")
    config = load(path, environ={}, secrets=False)
    assert {"ops", "oncall", "warehouse"} == set(config.destinations)
    assert {"parse", "invoices-eu", "acme.parse", "acme.batch"} == {spec.name for spec in config.sources}
    assert config.warnings == ()


def test_it_names_every_kind_operator_and_query_parameter():
    words = set(re.findall(r"\w+", PAGE))
    assert {*KINDS, *OPERATORS} | {name for kind in KINDS.values() for name in kind.filters} <= words
    left_out = {name for kind in KINDS.values() for name in kind.left_out}
    assert {name for name in left_out if not name.startswith("webhook_")} <= words
