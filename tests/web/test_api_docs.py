"""`docs/api.md` promises what the code has, and the code has nothing else."""

import re

from prometheus_client.parser import text_string_to_metric_families

from relay.web.api import CALLS
from relay.web.metrics import LOOK_WORDS, OUTCOMES
from tests.process.live import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
BESIDE = {"GET /changes", "GET /openapi.json"}


def rows(head):
    """The cells of each row of the table that begins so."""
    table = PAGE[PAGE.index(head) :].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def words(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_every_call_and_its_parameters_are_promised():
    promised = {words(call)[0]: (set(words(params)), what) for call, params, what in rows("| call |")}
    assert {name for name in promised if name not in BESIDE} == {f"{c.method} {c.path}" for c in CALLS}
    for call in CALLS:
        params, what = promised[f"{call.method} {call.path}"]
        assert params == set(call.query.__struct_fields__), call.path
        assert what == call.words


async def test_every_metric_is_promised_with_its_type_and_labels(running):
    async with running.asking() as session, session.get("/metrics") as answer:
        text = await answer.text()
    table = rows("| metric |")
    promised = {words(name)[0]: (kind, set(words(labels)), what) for name, kind, labels, what in table}
    found = {}
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[name] = (family.type, labels, family.documentation)
    assert set(promised) == set(found)
    for name, (kind, labels, what) in found.items():
        assert promised[name][::2] == (kind, what), name
        assert labels <= promised[name][1], name


def test_every_outcome_is_named():
    said = PAGE[PAGE.index("`outcome` of a look") :].partition("\n\n")[0]
    assert set(LOOK_WORDS) | set(OUTCOMES) <= set(words(said))
