"""A rule's own words, when its messages are made."""

import logging
import re
import time
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.destinations.slack import FLAVOUR as SLACK
from relay.message import PLAIN
from relay.render import Templates, check
from tests.render.samples import BERLIN, batch_event, event, flood, message, outcome
from tests.render.test_words_are_clean import ANY_TEXT, MESSAGES, forbidden

FAILED = event(
    "parse.failed",
    status="FAILED",
    previous="RUNNING",
    error="PDF_IS_BROKEN: page 3",
    item={"tier": "agentic"},
)


def templates(title=None, body=None, flavour=PLAIN):
    return Templates(title=title, body=body, rule="failures", flavour=flavour, zone=BERLIN)


def body(source, *events, flavour=PLAIN, **said):
    return templates(body=source, flavour=flavour).render(message(*(events or [FAILED]), **said))[1]


SAID = [
    ("{{ name }} failed: {{ error }}", "Q4 report.pdf failed: PDF_IS_BROKEN: page 3"),
    ("{{ status }} {{ previous }} {{ product }} {{ kind }} {{ source }} {{ type }}",
     "FAILED RUNNING parse parse parse parse.failed"),
    ("{{ job_id }} {{ relay }} {{ rule }} {{ severity }} {{ count }}", "pjb-1 prod failures error 1"),
    ("{{ job.tier }}, {{ event.job.tier }}", "agentic, agentic"),
    ("{{ job.nothing|default('none') }}", "none"),
    ("[{{ outcome }}{{ error_kind }}]", "[]"),
    ("{{ timestamp|time }}", "22 Nov 2026, 10:15:30 CET"),
    ("{{ timestamp|time('UTC', '%H:%M') }}", "09:15"),
    ("{{ 0|time('UTC') }}", "1 Jan 1970, 00:00:00 UTC"),
    ("{{ 133|duration }}, {{ 1234567|size }}, {{ 10000|number }}", "2 m 13 s, 1.2 MB, 10,000"),
    ("{{ count|plural('failure') }}, {{ 2|plural('batch', 'batches') }}", "1 failure, 2 batches"),
    ("{{ error[:13] }} {{ name|upper }}", "PDF_IS_BROKEN Q4 REPORT.PDF"),
    ("{% if error %}\n  yes\n{% else %}\n  no\n{% endif %}\n", "yes"),
    ("{{ after }}", None),
]  # fmt: skip


@pytest.mark.parametrize(("source", "said"), SAID)
def test_a_template_says_what_its_fields_hold(source, said):
    assert body(source) == said


def test_a_group_is_told_by_its_events_and_counts():
    said = templates(
        title="{{ count|number }} failures in {{ group.source }}",
        body="{% for e in events[:2] %}\n{{ loop.index }}. {{ e.name }}\n{% endfor %}\nuntil {{ last|time }}",
    ).render(flood((10_000, "parse.failed"), group={"source": "parse"}))
    assert said[0] == "10,000 failures in parse"
    assert said[1] == "1. 0.pdf\n2. 1.pdf\nuntil 22 Nov 2026, 10:17:02 CET"


COUNTS = [
    ("{{ name }} failed", None, "10,000 events: 0.pdf failed"),
    ("Failures", "{{ error }}", "10,000 events: Failures"),
    ("{{ count|number }} of them", None, "10,000 of them"),
    ("{{ name }} failed", "and {{ count - 1 }} more", "0.pdf failed"),
]


@pytest.mark.parametrize(("title", "text", "said"), COUNTS)
@pytest.mark.parametrize("flavour", [PLAIN, SLACK])
def test_a_title_for_people_never_hides_how_many_events_it_tells(title, text, said, flavour):
    own = {"title": title, "body": text, "rule": "failures", "flavour": flavour}
    crowd = flood((10_000, "parse.failed", "PDF_IS_BROKEN"))
    assert Templates(**own, counting=True).render(crowd)[0] == said
    assert not Templates(**own, counting=True).render(message(FAILED))[0].startswith("1 event")


def test_for_machines_a_title_is_what_its_template_says():
    assert templates(title="{{ name }} failed").render(flood((10_000, "parse.failed")))[0] == "0.pdf failed"


def test_a_batch_is_told_by_its_outcome():
    finished = batch_event("batch.finished", outcome=outcome(9, completed=8, failed=1))
    assert body("{{ outcome.failed }} of {{ outcome.total }}", finished) == "1 of 9"


def test_a_rule_without_templates_says_nothing_of_its_own():
    assert templates().render(message(FAILED)) == (None, None)


def test_a_title_is_one_line():
    assert templates(title="{{ name }}\n\nfailed\n").render(message(FAILED))[0] == "Q4 report.pdf failed"


def test_a_field_that_an_item_lacks_gives_the_default_text_and_one_warning(caplog):
    both = templates(title="{{ name }}", body="{{ job.pages }}")
    with caplog.at_level(logging.WARNING, "relay.render"):
        assert both.render(message(FAILED)) == ("Q4 report.pdf", None)
        assert both.render(message(event("source.down", name="parse"))) == ("parse", None)
    (record,) = caplog.records
    assert record.getMessage() == (
        "rule=failures body: its template failed, the default text is sent (said once): "
        "`job.pages` is undefined"
    )


SLIPPING = [
    "{{ error }}",
    "{{ error|upper }}",
    "{{ [error]|join }}",
    "{{ error|lines|join('<>') }}",
    "{{ events }}",
    "{{ event }}",
    "{{ events|map(attribute='error')|first }}",
    "{{ '<&>' }}",
    "{{ error ~ error }}",
    "{% for char in error %}{{ char }}{% endfor %}",
    "{{ error|default('<') }}{{ group }}",
]


@pytest.mark.parametrize("source", SLIPPING)
@given(error=ANY_TEXT | st.text("<>&!|@*`", max_size=50))
def test_in_slack_every_value_is_escaped_whatever_way_it_goes(source, error):
    said = body(source, event("parse.failed", error=error), flavour=SLACK, group={"<": error}) or ""
    assert "<" not in said
    assert ">" not in said
    assert re.sub("&(amp|lt|gt);", "", said).count("&") == 0


def test_no_filter_makes_markup():
    """Such filters are refused at load; should a template have one all the same, it fails."""
    said = templates(body="{{ error|safe }}", flavour=SLACK).render(
        message(event("parse.failed", error="<b>"))
    )
    assert said == (None, None)


def test_a_templates_own_words_are_the_operators():
    assert body("<https://x|*{{ error }}*>", event("parse.failed", error="<!channel>"), flavour=SLACK) == (
        "<https://x|*&lt;!channel&gt;*>"
    )
    assert body("<b>{{ error }}", event("parse.failed", error="<!channel>")) == "<b><!channel>"


LOOKALIKES = str.maketrans(
    "\N{ASTERISK OPERATOR}\N{TILDE OPERATOR}\N{MODIFIER LETTER GRAVE ACCENT}\N{MODIFIER LETTER LOW MACRON}"
    "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}\N{BULLET OPERATOR}\N{MODIFIER LETTER COLON}",
    "*~`_>•:",
)
MARKUP = ["*bold* and ~gone~", "`code` ```block", "_it is_", "> quoted\n> twice", "• a bullet", ":smile:"]


@pytest.mark.parametrize("value", MARKUP)
def test_in_slack_a_value_is_read_as_it_was_typed_and_is_no_markup(value):
    said = body("{{ error }}", event("parse.failed", error=value), flavour=SLACK)
    assert said.translate(LOOKALIKES) == value
    assert re.findall(r"[*~`_•:]|&gt;", said) == []


@pytest.mark.parametrize("value", ["PDF_IS_BROKEN", "10:15:30", "a > b", "2-1 (x)", "https://x.example/a_b"])
def test_in_slack_what_is_no_markup_stays_as_it_is(value):
    assert unescape(body("{{ error }}", event("parse.failed", error=value), flavour=SLACK)) == value


def test_in_slack_a_link_leads_where_it_did():
    link = body(
        "<{{ error }}|x>", event("parse.failed", error="https://x.example/~me/*a*_?b&c"), flavour=SLACK
    )
    assert link == "<https://x.example/%7Eme/%2Aa%2A%5F?b&amp;c|x>"


def test_in_slack_a_title_has_no_markup_but_pictures():
    whole = event("parse.failed", error="*a* _b_ :smile: <c>")
    title, _ = templates(title="{{ error }}", flavour=SLACK).render(message(whole))
    assert title.replace("\N{MODIFIER LETTER COLON}", ":") == "*a* _b_ :smile: &lt;c&gt;"
    assert ":" not in title


def test_escaping_happens_once():
    assert body("{{ error }}", event("parse.failed", error="a & b"), flavour=SLACK) == "a &amp; b"


def test_a_cut_tears_no_escaped_character_apart():
    for length in range(135, 155):
        title, _ = templates(title="{{ error }}", flavour=SLACK).render(
            message(event("parse.failed", error="a" * length + "&" * 50))
        )
        assert len(title) <= 150
        assert re.sub("&amp;", "", title).count("&") == 0


def test_what_a_value_holds_is_never_taken_for_a_template():
    said = body("{{ error }}", event("parse.failed", error="{{ 7 * 7 }}{% include 'x' %}"))
    assert said == "{{ 7 * 7 }}{% include 'x' %}"


TEMPLATES = st.sampled_from([source for source, _ in SAID] + SLIPPING + [
    "{{ job }}{{ outcome }}{{ events }}{{ group }}{{ event.job.a.b.c }}",
    "{% for e in events %}{% for f in e.outcome.failures %}{{ f.name }}{{ f.error }}{% endfor %}{% endfor %}",
    "{% for kind, of in events|groupby('error_kind') %}{{ of|length }} × {{ kind }}\n{% endfor %}",
    "{{ error * 9 }}{{ outcome.failed / outcome.total }}{{ job|items }}{{ events|sum(attribute='name') }}",
    "{{ job.items }}{{ group.keys }}{{ events.append }}{{ job|length }}{{ last|time }}{{ name|urlencode }}",
])  # fmt: skip


@given(MESSAGES, TEMPLATES, st.sampled_from([PLAIN, SLACK]))
def test_no_message_makes_a_template_raise_or_say_what_people_must_not_read(message, source, flavour):
    title, body = templates(source, source, flavour).render(message)
    assert len(title or "") <= 150
    assert len(body or "") <= flavour.longest
    assert forbidden((title or "") + (body or "")) == []


@pytest.mark.parametrize("source", [
    "{% for e in events %}{{ e.error }}{{ e.job }}{{ error|upper }}{% endfor %}",
    "{{ events|map(attribute='error')|join }}{{ job.big|upper }}{{ events }}",
    "{% for e in events %}{{ e.job.list|join|upper|lower|title }}{% endfor %}",
])  # fmt: skip
def test_values_of_megabytes_cost_little(source):
    long = "\u202e<name> " * 130_000
    big = event(
        "parse.failed", name=long, error=long, item={"big": long[:900_000], "list": ["x" * 100] * 1000}
    )
    slow = templates(source, source, SLACK)
    began = time.process_time()
    slow.render(message(*[big] * 100, group={"name": long}))
    assert time.process_time() - began < 3


def test_a_usual_template_is_quick():
    usual = templates(title="{{ name }} failed", body="{{ error }}\n{{ job.tier }} at {{ timestamp|time }}")
    began = time.process_time()
    for _ in range(1000):
        usual.render(message(FAILED))
    assert time.process_time() - began < 2


def test_all_these_templates_are_accepted_at_load():
    for source, said in SAID:
        assert (check(None, source) == []) is (said is not None), source
