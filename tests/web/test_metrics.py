"""What Prometheus is told, by a real relay; its own tools judge it, and the alerts and the board for it."""

import json
import re
import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from relay.web.standing import bounded
from tests.process.live import ROOT

DOCS = ROOT / "docs"
PROMTOOL = shutil.which("promtool")
SPECIAL = {"le", "job", "instance"}


@pytest.fixture
async def scraped(running):
    async with running.asking() as session, session.get("/metrics") as answer:
        assert answer.status == 200
        return await answer.text()


@pytest.fixture
def metrics(scraped):
    return {family.name: family for family in text_string_to_metric_families(scraped)}


def values(family, **labels):
    return [s.value for s in family.samples if labels.items() <= s.labels.items()]


def names(scraped):
    """As queries write them."""
    return {re.match(r"\w+", line)[0] for line in scraped.splitlines() if not line.startswith("#")} | {
        line.split()[2] for line in scraped.splitlines() if line.startswith("# TYPE")
    }


def promtool(*args, stdin=None):
    done = subprocess.run(
        [PROMTOOL, *args], input=stdin, cwd=DOCS, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


with_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")


@with_promtool
async def test_promtool_finds_nothing_to_say_of_the_metrics(scraped):
    assert promtool("check", "metrics", stdin=scraped) == (0, "")


@with_promtool
@pytest.mark.parametrize("args", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")])
def test_the_alert_rules_are_right_and_fire_when_they_should(args):
    status, said = promtool(*args)
    assert (status, "SUCCESS" in said) == (0, True), said


async def test_every_name_begins_with_relay(metrics):
    assert [name for name in metrics if not name.startswith("relay_")] == []


async def test_metrics_say_what_happened(metrics):
    assert values(metrics["relay_events"], type="parse.failed") == [2]
    assert values(metrics["relay_rule_matches"], rule="everything") == [4]
    assert values(metrics["relay_deliveries"], destination="hook", outcome="delivered") == [4]
    assert values(metrics["relay_deliveries"], destination="gone", outcome="dead") == [1]
    assert values(metrics["relay_queue_deliveries"], destination="busy") == [1]
    assert values(metrics["relay_attempts"], destination="busy", outcome="failed")[0] >= 1
    assert values(metrics["relay_looks"], source="parse", outcome="good")[0] >= 2
    assert values(metrics["relay_looks"], source="parse", outcome="denied") == [0]
    assert values(metrics["relay_source_ready"], source="parse") == [1]
    assert values(metrics["relay_ledger_imbalance"]) == [0]
    delays = metrics["relay_detection_delay_seconds"].samples
    of_parse = {s.name.rpartition("_")[2]: s.value for s in delays if s.labels == {"product": "parse"}}
    assert of_parse["count"] >= 3
    assert 0 <= of_parse["sum"] < 30
    assert values(metrics["relay_database_bytes"])[0] > 4096


def test_words_from_outside_make_no_series():
    counts = {"parse.failed": 2, "parse.x1": 1, "parse.x2": 1, "evil": 5}
    assert bounded(counts, {"parse.failed", "parse.running"}) == {
        "parse.failed": 2,
        "parse.other": 2,
        "other": 5,
    }


def queries():
    """Of the board and of the alerts, with where each stands."""
    board = json.loads((DOCS / "grafana.json").read_text("utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for line in (DOCS / "alerts.yml").read_text("utf-8").splitlines():
        if "expr:" in line:
            yield "alerts.yml", line.partition("expr:")[2]


async def test_the_board_and_the_alerts_ask_for_metrics_and_labels_that_exist(scraped, metrics):
    known = names(scraped)
    labels = {label for family in metrics.values() for s in family.samples for label in s.labels} | SPECIAL
    labels |= {"rule", "status", "product"}
    asked = list(queries())
    assert len(asked) > 25
    for where, query in asked:
        found = set(re.findall(r"relay_\w+", query))
        assert found, where
        assert found <= known, (where, found - known)
        for by in re.findall(r"by \(([^)]*)\)", query):
            assert set(by.replace(" ", "").split(",")) <= labels, (where, by)


async def test_the_board_shows_every_kind_of_thing(scraped):
    board = [query for where, query in queries() if where != "alerts.yml"]
    shown = {name for query in board for name in re.findall(r"relay_\w+", query)}
    for word in ("events", "deliveries", "looks", "budget", "breaker", "queue", "hints", "commit", "ledger"):
        assert any(word in name for name in shown), word
