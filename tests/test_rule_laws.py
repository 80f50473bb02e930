"""Laws of rules and of error kinds, against slow and obvious references."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.model import Event, EventData
from relay.rules import Router, Rule, masked
from relay.rules.globs import glob

TYPES = ["parse.failed", "parse.completed", "batch.finished"]
DESTINATIONS = ["ops", "oncall", "warehouse"]

a_table = st.fixed_dictionaries(
    {}, optional={"source": st.sampled_from(["parse", "acme"]), "status": st.sampled_from(["failed", "*ED"])}
)
some_rules = st.lists(
    st.builds(
        Rule,
        name=st.just("r"),
        on=st.lists(st.sampled_from([*TYPES, "*.failed", "batch.*", "*"]), min_size=1).map(tuple),
        to=st.lists(st.sampled_from(DESTINATIONS)).map(tuple),
        match=a_table,
        unless=a_table,
        stop=st.booleans(),
    ),
    max_size=6,
).map(lambda rules: [named(rule, f"rule{place}") for place, rule in enumerate(rules)])
some_event = st.builds(
    lambda event_type, source, status: Event(
        id="evt_1",
        type=event_type,
        timestamp="2026-11-22T10:15:30Z",
        data=EventData(source=source, product=None, kind=None, status=status),
    ),
    st.sampled_from(TYPES),
    st.sampled_from(["parse", "acme", "eu", None]),
    st.sampled_from(["FAILED", "COMPLETED", "RUNNING", None]),
)


def named(rule, name):
    return Rule(name=name, on=rule.on, to=rule.to, match=rule.match, unless=rule.unless, stop=rule.stop)


def fits(pattern, text):
    """Try every length for the first star."""
    if not pattern or not text:
        return pattern.strip("*") == text
    if pattern[0] == "*":
        return any(fits(pattern[1:], text[skipped:]) for skipped in range(len(text) + 1))
    return pattern[0] in {"?", text[0]} and fits(pattern[1:], text[1:])


def holds(field, pattern, event):
    value = getattr(event.data, field)
    if value is None:
        return False
    return fits(pattern.lower(), value.lower()) if field == "status" else fits(pattern, value)


def matches(rule, event):
    return (
        any(fits(pattern, event.type) for pattern in rule.on)
        and all(holds(field, pattern, event) for field, pattern in rule.match.items())
        and not any(holds(field, pattern, event) for field, pattern in rule.unless.items())
    )


def seen(rules, event):
    """Collect the rules that match, up to a stop."""
    taken = []
    for rule in rules:
        if matches(rule, event):
            taken.append(rule)
            if rule.stop:
                return taken
    return taken


@given(some_rules, some_event)
def test_the_rules_that_match_are_told_in_file_order_until_a_stop(rules, event):
    assert list(Router(rules).route(event).matched) == [rule.name for rule in seen(rules, event)]


@given(some_rules, some_event)
def test_a_destination_hears_once_by_the_first_matching_rule_that_names_it(rules, event):
    sends = [(destination, rule) for destination, rule, _ in Router(rules).route(event).sends]
    taken = seen(rules, event)
    assert len(sends) == len(dict(sends))
    assert dict(sends) == {
        destination: next(rule for rule in taken if destination in rule.to)
        for destination in DESTINATIONS
        if any(destination in rule.to for rule in taken)
    }


@given(some_rules, st.lists(some_event, max_size=5))
def test_an_event_is_routed_the_same_whatever_came_before(rules, events):
    router = Router(rules)
    together = [router.route(event) for event in events]
    assert together == [Router(rules).route(event) for event in events]


@given(st.text("ab*?.\n", max_size=8), st.text("ab.\nAB", max_size=10))
def test_a_glob_fits_as_the_obvious_recursion_says(pattern, text):
    assert glob(pattern)(text) is fits(pattern, text)
    assert glob(pattern, folded=True)(text) is fits(pattern, text.lower())


@given(st.text("ab*?[]()\\^$|+{}", max_size=8))
def test_only_two_characters_of_a_glob_are_special(pattern):
    literal = re.sub(r"[*?]", "", pattern)
    assert glob(literal)(literal)
    assert glob(pattern)(pattern)


KINDS = [
    ("PDF_IS_BROKEN: page 3 of 99 in /data/in/7.pdf", "PDF_IS_BROKEN: page # of # in …"),
    ("Could not fetch https://a.example/b?c=1.", "Could not fetch …."),
    ("file 'O'Brien.pdf' is \"bad\" (pjb-3f2a-99)", "file '…' is \"…\" (#)"),
    ("timed out after 12.5s at 2026-11-22T10:00:00Z, job=bjb-1", "timed out after # at #, job=#"),
    ("can't open it, won't try", "can't open it, won't try"),
    (r"C:\in\x.pdf gone", "… gone"),
    ("mail to jane@example.com failed", "mail to … failed"),
    ("cannot read Report.PDF:\n  no text", "cannot read …: no text"),
    ("correlation deadbeefcafe", "correlation #"),
    ("", ""),
]


@pytest.mark.parametrize(("error", "kind"), KINDS)
def test_errors_of_a_kind_are_masked_to_one_line(error, kind):
    assert masked(error) == kind


def test_ten_thousand_failures_of_seven_kinds_read_as_seven_lines():
    kinds = [
        "PDF_IS_BROKEN: /in/{0}/x{0}.pdf",
        "PDF_IS_PROTECTED: 'file {0}.pdf'",
        "TIMEOUT after {0}s",
        "TOO_MANY_PAGES: {0} > 1000",
        "job pjb-{0:08x}-{0:04x} not found at https://a.example/{0}",
        "DOCUMENT_TOO_LARGE ({0} bytes, id {0:08x}-3f2a)",
        "no data found in `{0}`",
    ]
    assert len({masked(kinds[number % 7].format(number)) for number in range(10_000)}) == 7


hostile_text = st.text("'\"`“”a1.-/\\@:#… =(b,\n", max_size=60)


@given(hostile_text | st.text() | hostile_text.map(lambda text: text * 20))
def test_what_is_masked_stays_as_it_is(error):
    kind = masked(error)
    assert masked(kind) == kind
    assert len(kind) <= 300
    assert "\n" not in kind


@pytest.mark.parametrize("piece", ["' ", "'x ", "a", "1.", "\"'`", "a/", "-1", "“", "@", "\\"])
def test_an_error_of_a_megabyte_is_masked_at_once(piece):
    began = time.perf_counter()
    masked(piece * (1_000_000 // len(piece)))
    assert time.perf_counter() - began < 0.5
