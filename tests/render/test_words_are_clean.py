"""What people read holds nothing that hides, turns or moves it, whatever the events hold."""

import json
import time
from unicodedata import category

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.message import Message, Tally, Text, cleaned, cut, one_line
from relay.model import Event, EventData
from relay.render import text_of
from tests.render.samples import BERLIN

HOSTILE = [
    ("invoice\u202egpj.exe", "invoicegpj.exe"),
    ("zero\u200bwidth\ufeff\u2060", "zerowidth"),
    ("\x1b[31mred\x1b[0m", "red"),
    ("\x9b31mred", "red"),
    ("\x1b]8;;https://evil\x07Open\x1b]8;;\x07", "Open"),
    ("\x1b]0;title\x1b\\shown", "shown"),
    ("\x90q\x9cshown", "shown"),
    ("\x1b]0;never ended\nshown", "0;never ended\nshown"),
    ("\x1bcshown", "shown"),
    ("a\x00b\x07c\td", "a b c d"),
    ("a\r\nb\u2028c\x85d", "a\nb\nc\nd"),
    ("a \n\n\n\n b", "a\n\nb"),
    ("half \ud83d pair", "half \ufffd pair"),
    ("private \ue000, unassigned \U000e0fff", "private \ufffd, unassigned \ufffd"),
    ("family 👨\u200d👩\u200d👧, heart ❤\ufe0f", "family 👨👩👧, heart ❤"),
    ("Z" + "\u0335\u0321\u031b\u032b\u033a" * 50 + "algo", "Z\u0335\u0321\u031b\u032balgo"),
    ("a" + "\u0301\u200b" * 50, "a" + "\u0301" * 4),
    ("Ünïcode, ประเทศไทย, हिन्दी, 日本語", "Ünïcode, ประเทศไทย, हिन्दी, 日本語"),
    ("\u3164\u2800\u115f blank", "blank"),
]

ANY_TEXT = st.text(st.characters(codec=None), max_size=200) | st.sampled_from([text for text, _ in HOSTILE])


@pytest.mark.parametrize(("text", "clean"), HOSTILE)
def test_what_hides_turns_or_moves_text_is_removed(text, clean):
    assert cleaned(text, 1000) == clean


def forbidden(text):
    return [c for c in text if category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and c != "\n"]


@given(ANY_TEXT, st.integers(1, 300))
def test_clean_text_holds_nothing_forbidden_and_keeps_its_length(text, limit):
    clean = cleaned(text, limit)
    assert forbidden(clean) == []
    assert len(clean) <= limit
    assert cleaned(clean, limit) == clean
    line = one_line(text, limit)
    assert "\n" not in line
    assert len(line) <= limit


def test_what_is_cut_says_so():
    assert cut("a" * 10, 10) == "a" * 10
    assert cut("a" * 11, 10) == "a" * 9 + "…"
    assert cleaned("\u200b" * 5000 + "seen too late", 100) == "…"
    assert one_line("word " * 1000, 20) == "word word word word…"


@pytest.mark.parametrize(
    "piece", ["a", "\x1b[", "\x1b]", "\x9d", "\n", " \n", "a\u0301", "\u202e", "\x1b[" + "0" * 99]
)
def test_a_text_of_a_megabyte_costs_no_more_than_what_is_shown(piece):
    text = piece * (1_000_000 // len(piece))
    began = time.process_time()
    for _ in range(10):
        cleaned(text, 1500)
        one_line(text, 150)
    assert time.process_time() - began < 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=10,
)
TYPES = st.sampled_from(
    ["parse.failed", "batch.completed", "batch.finished", "parse.stuck", "parse.vanished", "source.down",
     "delivery.dead", "relay.test", "parse.new_word", "nonsense", ""]
)  # fmt: skip
OUTCOMES = st.dictionaries(
    st.sampled_from(["total", "completed", "failed", "skipped", "failures", "failures_omitted"]), JSON
)
ITEMS = st.dictionaries(st.sampled_from(["created_at", "updated_at", "completed_at", "tier"]), JSON)


def as_raw(item):
    return msgspec.Raw(json.dumps(item).encode())


OPTIONAL = st.none() | ANY_TEXT
EVENTS = st.builds(
    Event,
    id=ANY_TEXT,
    type=TYPES | ANY_TEXT,
    timestamp=ANY_TEXT
    | st.sampled_from(["2026-11-22T09:15:30.123Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]),
    data=st.builds(
        EventData,
        source=OPTIONAL,
        product=st.sampled_from(["parse", "batch", None]) | OPTIONAL,
        kind=OPTIONAL,
        project_id=OPTIONAL,
        job_id=OPTIONAL,
        name=OPTIONAL,
        status=OPTIONAL,
        previous=OPTIONAL,
        error=OPTIONAL,
        error_kind=OPTIONAL,
        after_outage=st.booleans(),
        url=OPTIONAL,
        outcome=st.none() | OUTCOMES,
        job=st.builds(as_raw, ITEMS | JSON) | st.just(msgspec.Raw(b"{")) | st.just(msgspec.Raw(b"[" * 5000)),
    ),
)
MESSAGES = st.builds(
    Message,
    id=ANY_TEXT,
    events=st.lists(EVENTS, min_size=1, max_size=3).map(tuple),
    rule=ANY_TEXT,
    relay=ANY_TEXT,
    severity=st.just("error"),
    group=st.none() | st.dictionaries(ANY_TEXT | st.just("source"), JSON, max_size=3),
    count=st.integers(1, 10**9),
    first=ANY_TEXT,
    last=ANY_TEXT,
    tallies=st.lists(st.builds(Tally, st.integers(1, 10**9), TYPES | ANY_TEXT, OPTIONAL), max_size=14).map(
        tuple
    ),
    progress=st.none() | st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
)


def words_of(text: Text):
    yield from (text.title, text.subtitle, text.error, text.url or "", text.why, text.when, *text.lines)
    for fact in text.facts:
        yield from fact


@given(MESSAGES)
def test_any_message_has_words_that_are_clean_and_short(message):
    text = text_of(message, zone=BERLIN)
    assert text.title
    assert [c for words in words_of(text) for c in forbidden(words)] == []
    assert not any("\n" in words for words in words_of(text) if words is not text.error)
    assert sum(map(len, words_of(text))) < 10_000


def test_a_message_of_megabytes_is_put_into_words_at_once():
    long = "\u202ename \x1b[31m" * 100_000
    item = as_raw({"created_at": long, "tier": long})
    data = EventData(source=long, product=long, kind=long, name=long, error=long, url=long, job=item)
    event = Event(id="evt_1", type=f"{long}.failed", timestamp=long, data=data)
    message = Message(id="msg_1", events=(event,) * 100, rule=long, relay=long, severity="error", count=100)
    began = time.process_time()
    assert text_of(message, zone=BERLIN).title
    assert time.process_time() - began < 5
