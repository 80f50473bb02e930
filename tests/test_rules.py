import time
from datetime import UTC, date, datetime
from datetime import time as time_of_day

import msgspec
import pytest

from relay.model import Event, EventData
from relay.rules import Router, Routing, Rule, RuleMistakes
from relay.rules.fields import Subject

ITEM = {
    "id": "pjb-1",
    "tier": "agentic",
    "pages": 12,
    "score": 0.5,
    "cached": False,
    "credits": None,
    "tags": ["a", "b"],
    "empty": [],
    "size": "12",
    "created_at": "2026-11-22T10:15:30Z",
    "configuration": {"mode": "FAST", "parsing": {"lang": "de"}},
}


def an_event(*, event_type="parse.failed", job=ITEM, **said):
    data = {
        "source": "parse",
        "product": "parse",
        "kind": "parse",
        "job_id": "pjb-1",
        "name": "invoice-7.pdf",
        "status": "FAILED",
        "previous": "RUNNING",
        "error": "PDF_IS_BROKEN: page 3",
        "error_kind": "PDF_IS_BROKEN: page #",
        "severity": "error",
        "job": job if isinstance(job, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(job)),
    }
    return Event(id="evt_1", type=event_type, timestamp="2026-11-22T10:15:30Z", data=EventData(**data | said))


def a_rule(name="r", on=("*",), to=("ops",), **keys):
    return Rule(name=name, on=on, to=to, **keys)


def takes(match, event=None, **keys):
    return bool(Router([a_rule(match=match, **keys)]).route(event or an_event()).matched)


def mistakes(**keys):
    with pytest.raises(RuleMistakes) as caught:
        Router([a_rule(**keys)])
    return [(where, text) for _, where, text in caught.value.mistakes]


def text_of_mistake(match):
    ((_, text),) = mistakes(match=match)
    return text


FITS = [
    ({}, True),
    ({"source": "parse", "name": "invoice-*"}, True),
    ({"source": "parse", "name": "report-*"}, False),
    # case counts, but not in status, kind, type and previous
    ({"name": "INVOICE-*"}, False),
    ({"source": "Parse"}, False),
    ({"status": "failed", "previous": "run*", "kind": "PARSE", "type": "PARSE.Fail*"}, True),
    ({"status": ["completed", "failed"]}, True),
    ({"status": {"regex": "^failed$"}}, True),
    # globs are anchored, and only * and ? are special
    ({"name": "invoice"}, False),
    ({"name": "*voice*"}, True),
    ({"name": "*.pdf"}, True),
    ({"name": "invoice-?.pdf"}, True),
    ({"name": "invoice-??.pdf"}, False),
    ({"name": "[i]nvoice-*"}, False),
    ({"name": ""}, False),
    # lists, mixed too
    ({"job.tier": ["fast", "agentic"]}, True),
    ({"job.tier": ["fast", "agent*c"]}, True),
    ({"job.tier": ["fast", "cost_effective"]}, False),
    ({"job.pages": ["12", 12]}, True),
    ({"job.credits": [5, {"absent": True}]}, True),
    # paths: dotted, nested, both
    ({"job": {"tier": "agentic"}}, True),
    ({"job": {"configuration": {"mode": "FAST", "parsing": {"lang": "de"}}}}, True),
    ({"job": {"configuration.mode": "FAST"}, "job.pages": 12}, True),
    ({"job.configuration.mode": "SLOW"}, False),
    ({"job.tier.deeper": "agentic"}, False),
    # numbers, booleans and texts never fit each other
    ({"job.pages": 12.0}, True),
    ({"job.pages": "12"}, False),
    ({"job.pages": "*"}, False),
    ({"job.size": 12}, False),
    ({"job.cached": False}, True),
    ({"job.cached": 0}, False),
    ({"job.cached": {"lt": 1}}, False),
    ({"job.pages": True}, False),
    ({"after_outage": False}, True),
    # bounds
    ({"job.pages": {"gte": 12, "lt": 13}}, True),
    ({"job.pages": {"gt": 12}}, False),
    ({"job.score": {"gt": 0, "lte": 0.5}}, True),
    ({"job.size": {"gte": 1}}, False),
    ({"job.pages": {"gte": "2026-01-01"}}, False),
    ({"job.created_at": {"gte": "2026-11-22T11:15:30+01:00"}}, True),
    ({"job.created_at": {"gt": "2026-11-22T10:15:30Z"}}, False),
    ({"job.created_at": {"lt": datetime(2026, 11, 22, 10, 15, 31, tzinfo=UTC)}}, True),
    ({"job.created_at": {"gte": date(2026, 11, 22), "lt": date(2026, 11, 23)}}, True),
    ({"job.tier": {"gte": "2026-01-01"}}, False),
    ({"job.pages": {"lt": 10**400}}, True),
    # a search
    ({"error": {"regex": "PDF_IS_(BROKEN|PROTECTED)"}}, True),
    ({"error": {"regex": "pdf_is"}}, False),
    ({"error": {"regex": r"^page"}}, False),
    # missing and null are the same, and fit `absent` only
    ({"job.credits": {"absent": True}, "job.nothing": {"absent": True}}, True),
    ({"job.credits": {"absent": False}}, False),
    ({"job.credits": "*"}, False),
    ({"job.credits": {"regex": ""}}, False),
    ({"job.credits": {"lt": 5}}, False),
    ({"project_id": {"absent": True}, "outcome": {"absent": True}}, True),
    ({"job": {"absent": False}}, True),
    # of a list in the item any element
    ({"job.tags": "b"}, True),
    ({"job.tags": ["c", "a"]}, True),
    ({"job.tags": {"regex": "^b$"}}, True),
    ({"job.tags": "c"}, False),
    ({"job.tags": {"absent": False}, "job.empty": {"absent": False}}, True),
    ({"job.empty": "*"}, False),
]


@pytest.mark.parametrize(("match", "fits"), FITS)
def test_a_rule_matches_what_its_values_say(match, fits):
    assert takes(match) is fits


def test_all_of_match_must_hold_and_any_of_unless_excludes():
    assert takes({"source": "parse"}, unless={"name": "x", "error": "y"})
    assert not takes({"source": "parse"}, unless={"name": "x", "error": "PDF*"})
    assert not takes({"source": "parse", "name": "x"})


def test_a_field_that_is_missing_excludes_nothing():
    assert takes({}, unless={"job.nothing": "*"})


def test_a_name_is_the_jobs_id_where_it_has_none():
    assert takes({"name": "pjb-*"}, an_event(name=None))


def test_the_outcome_of_a_batch_is_a_field():
    event = an_event(event_type="batch.finished", outcome={"failed": 3, "total": 9})
    assert takes({"outcome": {"failed": {"gte": 1}}, "outcome.total": 9}, event)


@pytest.mark.parametrize(
    "raw", [b"null", b"[]", b"7", b"", b"{", b'{"tier":"\xff"}', b'{"tier":1e999}', b"[" * 100_000]
)
def test_an_item_that_cannot_be_read_has_no_fields(raw):
    event = an_event(job=msgspec.Raw(raw))
    assert not takes({"job.tier": "*"}, event)
    assert takes({"job.tier": {"absent": True}}, event)


def test_an_item_is_decoded_once_however_many_rules_ask():
    subject = Subject(an_event())
    assert subject.job() == ITEM
    assert subject.job() is subject.job()


def test_half_a_character_in_a_text_breaks_no_search():
    assert takes({"error": {"regex": "BROKEN"}}, an_event(error="BROKEN \ud800"))


@pytest.mark.parametrize(
    ("on", "hears"),
    [
        (("*.failed",), True),
        (("PARSE.*",), True),
        (("batch.*", "parse.faile?"), True),
        (("failed",), False),
        (("*.failed.*",), False),
    ],
)
def test_a_rule_hears_the_types_its_globs_name(on, hears):
    assert takes({}, on=on) is hears


def test_types_without_end_are_not_kept():
    router = Router([a_rule(on=("*.odd*",))])
    events = [an_event(event_type=f"parse.odd{number}") for number in range(3000)]
    events.append(an_event(event_type="parse.odd" + "x" * 100_000))
    assert all(router.route(event).matched for event in events)
    assert router._kept.cache_info().currsize <= 1024


def test_the_first_rule_that_names_a_destination_decides():
    first, second = a_rule("first"), a_rule("second", to=("ops", "oncall"))
    assert Router([first, second]).route(an_event()) == Routing(
        ("first", "second"), (("ops", first, "{}"), ("oncall", second, "{}"))
    )


def test_rules_after_a_stop_do_not_see_what_it_took():
    stop = a_rule("stop", match={"source": "parse"}, stop=True)
    later = a_rule("later", to=("oncall",))
    router = Router([stop, later])
    assert router.route(an_event()).matched == ("stop",)
    assert router.route(an_event(source="acme")).matched == ("later",)


MISTAKES = [
    ({"staus": "x"}, "did you mean `status`?"),
    ({"jbo.tier": "x"}, "did you mean `job.tier`?"),
    ({"name.type": "x"}, "did you mean `name`?"),
    ({"zzz": "x"}, "`job.…` for a field of the listed item"),
    ({"job..tier": "x"}, "no name between two dots"),
    ({"job": "x"}, "name a field of it"),
    ({"outcome": {"gte": 1}}, "name a field of it"),
    ({"job": {}}, "is empty"),
    ({"job": {"error": {"regexp": "x"}}}, "did you mean the operator `regex`"),
    ({"name": {"regexp": "x"}}, "unknown operator `regexp`; did you mean `regex`?"),
    ({"name": {"zzz": "x"}}, "the operators are `regex`, `gte`"),
    ({"name": {}}, "is an empty table"),
    ({"error": {"regex": "("}}, "bad regex: missing ): ("),
    ({"error": {"regex": "(?=x)"}}, "bad regex: invalid perl operator: (?="),
    ({"error": {"regex": 5}}, "takes a pattern in quotes"),
    ({"error": {"regex": "x", "gte": "2026-01-01"}}, "stands alone"),
    ({"error": {"absent": True, "regex": "x"}}, "stands alone"),
    ({"error": {"absent": "yes"}}, "is true or false"),
    ({"name": []}, "empty list"),
    ({"name": [["x"]]}, "a list inside a list"),
    ({"name": ["x"] * 1001}, "the limit is 1000"),
    ({"name": "x" * 1001}, "the limit of a pattern is 1000"),
    ({"error": {"regex": "x" * 1001}}, "the limit of a pattern is 1000"),
    ({"name": 5}, 'write "5" in quotes'),
    ({"name": True}, 'write "true" in quotes'),
    ({"name": {"gte": 5}}, "is never a number"),
    ({"after_outage": "true"}, "without quotes"),
    ({"after_outage": 1}, "is true or false"),
    ({"after_outage": {"regex": "x"}}, "is true or false"),
    ({"job.pages": {"gte": "many"}}, "neither a number nor a time"),
    ({"job.pages": {"gte": 1, "lt": "2026-01-01"}}, "neither a number nor a time"),
    ({"job.pages": {"gte": True}}, "neither a number nor a time"),
    ({"job.pages": {"gte": time_of_day(10)}}, "neither a number nor a time"),
    ({"job.pages": float("nan")}, "nan equals nothing"),
    ({"job.created_at": date(2026, 1, 1)}, "write { gte = 2026-01-01 }"),
    ({"job.created_at": time_of_day(10)}, "is not a value"),
    ({"job.a.b.c.d.e.f.g.h.i.j.k": "x"}, "deeper than 10 levels"),
]


@pytest.mark.parametrize(("match", "words"), MISTAKES)
def test_a_mistake_says_what_is_wrong_and_the_way_out(match, words):
    assert words in text_of_mistake(match)


def test_all_mistakes_of_all_rules_are_told_at_once_with_their_places():
    wrong = {"staus": "x", "job": {"configuration": {"mode": {"regex": "["}}}}
    rules = [a_rule("a", match=wrong), a_rule("b", on=(), unless={"name": [[], 5]})]
    with pytest.raises(RuleMistakes) as caught:
        Router(rules)
    assert [(rule, where) for rule, where, _ in caught.value.mistakes] == [
        ("a", ("match", "staus")),
        ("a", ("match", "job.configuration.mode")),
        ("b", ("unless", "name")),
        ("b", ("on",)),
    ]


def test_a_table_nested_without_end_is_a_mistake():
    table = {"x": 1}
    for _ in range(5000):
        table = {"x": table}
    assert "deeper" in text_of_mistake({"job": table})


@pytest.mark.parametrize("pattern", ["*a*a*a*a*b", "*a?*a*a?*a*b", "*a*a*b*a*", "?*a?*a?*b"])
def test_a_hostile_name_costs_a_glob_no_time(pattern):
    event = an_event(name="a" * 100_000)
    began = time.perf_counter()
    assert not takes({"name": pattern}, event)
    assert time.perf_counter() - began < 1


def test_a_hostile_error_costs_a_search_no_time():
    began = time.perf_counter()
    assert not takes({"error": {"regex": "^(a+)+$"}}, an_event(error="a" * 100_000 + "b"))
    assert time.perf_counter() - began < 1
