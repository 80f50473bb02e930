import json
from pathlib import Path

import pytest

from relay.model import Secret
from relay.sources import KINDS
from relay.sources.items import read_page

SEEDS = sorted((Path(__file__).parent.parent / "fixtures" / "seeds").glob("*.json"))


def test_there_are_six_kinds_of_five_products():
    assert set(KINDS) == {"parse", "classify", "extract", "split", "batch", "batch_v1"}
    assert {kind.product for kind in KINDS.values()} == {"parse", "classify", "extract", "split", "batch"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_arrays_are_filters_and_filters_are_not_the_plans(kind):
    plans = {"status", "job_ids", "page_size", "page_token", "limit", "offset", "project_id"}
    assert kind.array_filters <= kind.filters
    assert kind.filters.isdisjoint(plans)
    assert len({status.upper() for status in kind.statuses} & {"COMPLETED", "FAILED", "CANCELLED"}) == 3


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_every_example_of_the_documentation_decodes(path):
    body = path.read_bytes()
    examples = json.loads(body)
    page = read_page(body, KINDS["parse"].item, "items")
    assert page.undecodable == ()
    assert [item.id for item in page.items] == [item["id"] for item in examples["items"]]
    assert json.loads(page.raw(0)) == examples["items"][0]


@pytest.mark.parametrize(
    ("base_url", "link"),
    [
        ("https://api.cloud.llamaindex.ai", "https://cloud.llamaindex.ai/project/p%2F1/parse"),
        ("https://api.cloud.eu.llamaindex.ai/", "https://cloud.eu.llamaindex.ai/project/p%2F1/parse"),
        ("https://llama.example.com", None),
        ("https://evil.example/api.cloud.llamaindex.ai", None),
    ],
)
def test_a_link_leads_to_the_products_page_of_a_known_host_only(spec, base_url, link):
    assert spec(base_url=base_url).url_of("p/1") == link


def test_without_a_project_there_is_no_link(spec):
    assert spec(base_url="https://api.cloud.llamaindex.ai").url_of(None) is None


def test_the_identity_of_a_source_is_what_it_lists(spec):
    one = spec(query={"b": "1", "a": ("y", "x")}).identity()
    assert one == spec(query={"a": ("x", "y"), "b": ("1",)}, name="other", every=60.0).identity()
    assert one == spec(query={"b": "1", "a": ("y", "x")}, api_key=Secret("another")).identity()
    assert one != spec(query={"b": "1"}).identity()
    assert len({spec(kind).identity() for kind in KINDS}) == len(KINDS)


def test_a_spec_does_not_show_its_key(spec):
    assert "llx-" not in repr(spec()) + spec().identity()


def test_what_is_included_is_not_left_out(spec):
    assert "result" in spec("classify").left_out
    assert "result" not in spec("classify", include=frozenset({"result"})).left_out
