"""The example pages of the API's reference: what the simulator shows has all that they show."""

import json
import re
from pathlib import Path

import pytest

import relay.simulator

PACKAGE = Path(relay.simulator.__file__).parent
SEEDS = Path(__file__).parent.parent / "fixtures" / "seeds"
RENAMED = {"document_input_value": "file_input"}
PAGES = [
    ("parse", "parse", "/api/v2/parse"),
    ("classify", "classify", "/api/v2/classify"),
    ("batches", "batch", "/api/v2/batches"),
    ("batch_v1", "batch_v1", "/api/v1/beta/batch-processing"),
]


def missing(seed, shown, where=""):
    """Paths of the keys that the seed has and the simulator has not; a null may stand for an object."""
    if isinstance(seed, list):
        return [path for one in shown or [] for path in missing(seed[0], one, f"{where}[]")]
    if not isinstance(seed, dict) or shown is None:
        return []
    keys = {key: RENAMED.get(key, key) for key in seed}
    return [f"{where}.{key}" for key, now in keys.items() if now not in shown] + [
        path
        for key, now in keys.items()
        if now in shown
        for path in missing(seed[key], shown[now], f"{where}.{key}")
    ]


@pytest.mark.parametrize(("seed", "kind", "path"), PAGES)
def test_an_item_has_the_keys_of_the_seed(account, simulator, seed, kind, path):
    simulator.create(kind, name="a", status="COMPLETED")
    page = json.loads((SEEDS / f"{seed}.json").read_text("utf-8"))
    shown = account.get(path)
    assert shown["items"]
    assert missing(page["items"], shown["items"]) == []


@pytest.mark.parametrize(("seed", "kind", "path"), PAGES)
def test_a_page_has_no_key_that_the_seed_lacks(account, simulator, seed, kind, path):
    for _ in range(2):
        simulator.create(kind)
    page = json.loads((SEEDS / f"{seed}.json").read_text("utf-8"))
    assert set(account.get(path, page_size=1)) <= set(page)


def test_the_simulator_shares_nothing_with_relays_own_reading_of_the_api():
    text = "".join(path.read_text("utf-8") for path in PACKAGE.glob("*.py"))
    imported = set(re.findall(r"^(?:from|import) relay\.(\w+)", text, re.MULTILINE))
    assert imported <= {"simulator", "model", "errors", "config"}  # the last two to read a scenario's file
