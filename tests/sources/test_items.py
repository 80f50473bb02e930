import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.errors import LookFailed
from relay.sources.items import Item, read_one, read_page
from relay.sources.kept import WEBHOOK_SETTINGS, without

GOOD = '{"id":"a","status":"PENDING"}'


def read(body):
    return read_page(body if isinstance(body, bytes) else body.encode(), Item, "items")


def of(*items):
    return read('{"items":[' + ",".join(items) + "]}")


def test_an_item_is_kept_as_it_came():
    page = of('{"status" : "RUNNING", "id":"a","n":1.50,"ü":"é"}', GOOD)
    assert page.raw(0).decode() == '{"status" : "RUNNING", "id":"a","n":1.50,"ü":"é"}'
    assert page.raw(1).decode() == GOOD
    assert page.items[0].status == "RUNNING"


@pytest.mark.parametrize(
    "body", ["{}", '{"items":null}', '{"items":[]}', ' {"items":[],"total_size":"many"} ']
)
def test_a_page_may_be_empty(body):
    page = read(body)
    assert (page.items, page.token, page.undecodable) == ([], None, ())


@pytest.mark.parametrize("total", ["0", "null", '"12"', "-1", "{}", "1e99"])
def test_total_size_is_not_even_read(total):
    page = read('{"items":[' + GOOD + '],"next_page_token":"t","total_size":' + total + "}")
    assert (len(page.items), page.token) == (1, "t")


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ('{"id":"b"}', "b: its status is missing or no text"),
        ('{"id":"b","status":3}', "b: its status is missing or no text"),
        ('{"id":"b","status":""}', "b: its status is missing or no text"),
        ('{"id":"b","status":"' + "x" * 65 + '"}', "b: its status has 65 characters"),
        ('{"id":"b","status":"A\\nB"}', "b: its status holds control characters"),
        ('{"status":"PENDING"}', "item 1: its id is missing or no text"),
        ('{"id":7,"status":"PENDING"}', "item 1: its id is missing or no text"),
        ('{"id":"","status":"PENDING"}', "item 1: its id is missing or no text"),
        ('{"id":"' + "x" * 201 + '","status":"PENDING"}', "item 1: its id has 201 characters"),
        ('{"id":"a\\u001b[2J","status":"PENDING"}', "item 1: its id holds control characters"),
        ("null", "item 1: not an object"),
        ('"PENDING"', "item 1: not an object"),
        ("[]", "item 1: not an object"),
    ],
)
def test_one_bad_item_is_named_and_never_fails_its_page(bad, named):
    page = of(GOOD, bad, '{"id":"c","status":"FAILED"}')
    assert [item.id for item in page.items] == ["a", "c"]
    assert page.undecodable == (named,)
    assert json.loads(page.raw(1))["id"] == "c"


@pytest.mark.parametrize("value", ["5", "[]", "{}", "true", "1e999"])
@pytest.mark.parametrize("field", ["created_at", "updated_at", "name", "error_message", "project_id"])
def test_a_field_of_a_wrong_type_is_as_if_absent(field, value):
    page = of('{"id":"a","status":"PENDING","tier":"fast","' + field + '":' + value + "}")
    assert getattr(page.items[0], field) is None
    assert json.loads(page.raw(0))["tier"] == "fast"
    assert page.undecodable == ()


@pytest.mark.parametrize(
    ("name", "read_as"),
    [
        (b"\\ud800.pdf", "?.pdf"),  # half of a surrogate pair
        (b"\\ud83d\\ude00.pdf", "\U0001f600.pdf"),
        (b"\xff.pdf", "\N{REPLACEMENT CHARACTER}.pdf"),
        (b"\\u0000.pdf", "\0.pdf"),
    ],
)
def test_a_name_of_broken_characters_is_read(name, read_as):
    page = read(b'{"items":[{"id":"a","status":"PENDING","name":"' + name + b'"}]}')
    assert page.items[0].name == read_as
    assert msgspec.json.decode(page.raw(0))["name"] == read_as


def test_broken_characters_in_a_field_relay_skips_do_not_reach_the_event():
    page = read(b'{"items":[{"id":"a","status":"PENDING","tier":"\xff"}]}')
    assert msgspec.json.decode(page.raw(0))["tier"] == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>\n<b>Bad gateway</b>", "200 but not JSON: <html> <b>Bad gateway</b>"),
        (b"", "200 but not JSON: nothing"),
        (b'{"items":[{"id":"a"', '200 but not JSON: {"items":[{"id":"a"'),
        (b"\x1b[31mred\x00", "200 but not JSON: red"),
        (b"[]", "200 but no page: []"),
        (b"null", "200 but no page: null"),
        (b'{"items":{}}x', '200 but not JSON: {"items":{}}x'),
        (b'{"items":{"a":1}}', '200 but its items are no list: {"items":{"a":1}}'),
        (b'{"items":' + b"[" * 100_000, "200 but its JSON is nested too deep"),
    ],
)
def test_what_is_no_page_fails_the_look_and_says_what_came(body, said):
    with pytest.raises(LookFailed) as failed:
        read(body)
    assert failed.value.reason == said


def test_what_came_is_quoted_up_to_200_characters():
    with pytest.raises(LookFailed) as failed:
        read("<" * 5000)
    assert failed.value.reason == "200 but not JSON: " + "<" * 199 + "…"


def test_a_token_that_is_no_text_is_not_taken_for_the_end():
    assert read('{"next_page_token":12}').token == "12"
    assert read('{"next_page_token":""}').token is None
    with pytest.raises(LookFailed, match="its next_page_token is no text"):
        read('{"next_page_token":{"last_id":"a"}}')


@pytest.mark.parametrize("wrapped", [True, False])
def test_one_job_is_read_wrapped_or_not(wrapped):
    body = '{"markdown":null,"job":' + GOOD + "}" if wrapped else GOOD
    page = read_one(body.encode(), Item, wrapped=wrapped)
    assert [item.id for item in page.items] == ["a"]
    assert page.raw(0).decode() == GOOD


def test_a_kind_that_wraps_may_stop_doing_so():
    assert read_one(GOOD.encode(), Item, wrapped=True).items[0].id == "a"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"job":', GOOD.encode() + b"," + GOOD.encode()])
def test_an_answer_that_is_no_job_fails(body):
    with pytest.raises(LookFailed, match="200 but not JSON"):
        read_one(body, Item, wrapped=True)


def test_one_job_without_an_id_is_named():
    assert read_one(b'{"job":{"status":"PENDING"}}', Item, wrapped=True).undecodable[0].startswith("item 0")


def test_parts_are_left_out_and_webhook_settings_one_level_down_too():
    inner = {"webhook_configurations": [{"webhook_signing_secret": "s3cret"}], "result": 1}
    raw = json.dumps(
        {"id": "a", "result": {"x": 1}, "parameters": inner, "configuration": inner, "tier": "fast"}
    )
    assert json.loads(without(raw.encode(), WEBHOOK_SETTINGS | {"result"})) == {
        "id": "a",
        "parameters": {"result": 1},
        "configuration": {"result": 1},
        "tier": "fast",
    }


def test_a_field_spelled_with_escapes_is_left_out_as_well():
    assert without(b'{"id":"a","web\\u0068ook_url":"s3cret"}', WEBHOOK_SETTINGS) == b'{"id":"a"}'


def test_an_item_with_nothing_to_leave_out_is_not_touched():
    raw = b'{"id" : "a",\n"parameters": null}'
    assert without(raw, WEBHOOK_SETTINGS) is raw


def test_an_item_over_64_kb_loses_its_largest_values_which_it_names():
    raw = b'{"id":"a","status":"FAILED","text":"' + b"x" * 70_000 + b'"}'
    assert json.loads(without(raw, frozenset())) == {
        "id": "a",
        "status": "FAILED",
        "omitted": ["text"],
    }
    assert json.loads(without(raw, frozenset({"text"}))) == {"id": "a", "status": "FAILED"}


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" * 5000])
def test_a_number_that_readers_refuse_is_put_aside(number):
    page = of('{"id":"a","status":"PENDING","n":' + number + "}")
    assert msgspec.json.decode(without(page.raw(0), frozenset())) == {
        "id": "a",
        "status": "PENDING",
        "n": None,
    }


def test_an_item_nested_too_deep_becomes_a_stub():
    assert b"omitted" in without(b'{"id":"a","n":' + b"[" * 5000 + b"]" * 5000 + b"}", frozenset())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "status", "name", "x"]), inner),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(JSON, max_size=5))
def test_every_item_is_either_read_or_named(values):
    page = read(json.dumps({"items": values}))
    assert len(page.items) + len(page.undecodable) == len(values)
    for index, item in enumerate(page.items):
        assert msgspec.json.decode(without(page.raw(index), frozenset()))["id"] == item.id


@given(st.binary())
def test_no_bytes_do_more_than_fail_the_look(body):
    for reader in (
        read,
        lambda b: read_one(b, Item, wrapped=True),
        lambda b: read_one(b, Item, wrapped=False),
    ):
        try:
            reader(body)
        except LookFailed as failed:
            assert failed.reason.isprintable()
