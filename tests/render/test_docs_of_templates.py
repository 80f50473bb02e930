"""The examples of docs/rules.md work as they stand."""

import re
import tomllib
from pathlib import Path

from relay.render import check
from relay.render.engine import KEPT, OWN
from relay.render.fields import OF_MESSAGE
from tests.render.samples import event
from tests.render.test_templates import body

DOC = (Path(__file__).parents[2] / "docs/rules.md").read_text("utf-8")
AT = "2026-11-22T09:15:30Z"


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", DOC, re.DOTALL)


def test_the_templates_of_its_rules_are_accepted():
    tables = [tomllib.loads(block).get("rules", {}) for block in blocks("toml")]
    rules = [rule for table in tables for rule in table.values()]
    assert any("title" in rule and "body" in rule for rule in rules)
    for rule in rules:
        assert check(rule.get("title"), rule.get("body")) == []


def test_its_snippets_are_accepted():
    assert blocks("jinja")
    for block in blocks("jinja"):
        assert check(None, block) == []


def test_its_filters_make_what_it_says():
    rows = re.findall(r"\| `(\{\{.+?\}\})` \| (.*?) \|\n", DOC)
    assert len(rows) == 6
    for source, said in rows:
        count = 10_000 if "count" in source else 1
        assert body(source.replace("\\|", "|"), event("parse.failed", at=AT), count=count) in said


def test_it_names_every_field_and_filter():
    assert set(OF_MESSAGE) | OWN | KEPT - {"d"} <= set(re.findall(r"[a-z_]+", DOC))
