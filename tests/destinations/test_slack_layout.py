"""What a person sees in Slack, and that nothing in it is more than it looks like."""

import json
import re
from datetime import UTC
from pathlib import Path

import msgspec
import pytest

from relay.destinations.slack import shown
from relay.destinations.slack.blocks import laid_out, minimal
from relay.message import Tally, Text
from relay.render import text_of

DOCS = Path(__file__).parents[2] / "docs" / "slack.md"


def worded(message, **changes):
    message = msgspec.structs.replace(message, **changes)
    return msgspec.structs.replace(message, text=text_of(message, zone=UTC))


def holding(message, value):
    """A message with the same value everywhere that a value can be."""
    text = Text(
        title=value,
        subtitle=value,
        error=value,
        facts=((value, value), (value, value)),
        why=value,
        when=value,
        lines=(value, value),
        url="https://cloud.llamaindex.ai/parse",
    )
    return msgspec.structs.replace(message, text=text, count=500)


def texts(payload):
    """Every text object of a payload."""
    left = list(payload["blocks"])
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if isinstance(one.get("text"), str):
                yield one
            left += one.values()
        elif isinstance(one, list):
            left += one


def test_a_failed_job_says_what_happened_why_and_what_to_do(message):
    failed = worded(message(error="PDF_IS_BROKEN: page 3\nat reader.py:12"))
    assert shown(laid_out(failed)).splitlines() == [
        "┃ 🔴 Q4 report.pdf failed (parse)",
        "┃ RUNNING → FAILED",
        "┃     PDF_IS_BROKEN: page 3",
        "┃     at reader.py:12",
        "┃ Source  acme.parse",
        "┃ Job     pjb-1",
        "┃ Open in LlamaCloud: https://cloud.llamaindex.ai/parse",
        "┃ 22 Nov 2026, 10:15:30 UTC · Rule failures · relay prod",
    ]


def test_the_docs_show_what_is_sent(message):
    failed = worded(message())
    assert f"```\n{shown(laid_out(failed))}\n```" in DOCS.read_text()


def test_ten_thousand_failures_of_seven_kinds_are_seven_lines_and_some_names(message):
    kinds = tuple(Tally(1429 if n < 4 else 1428, "parse.failed", f"KIND_{n}") for n in range(7))
    many = worded(message(), count=10_000, tallies=kinds, group={})
    said = shown(laid_out(many))
    counts = [int(n.replace(",", "")) for n in re.findall(r"^┃ • ([\d,]+) × ", said, re.MULTILINE)]
    assert (len(counts), sum(counts)) == (7, 10_000)
    assert "┃ 🔴 10,000 failures in parse" in said
    assert "Among them Q4 report.pdf and 9,999 more" in said


def test_a_batch_on_its_way_has_a_bar(message):
    running = worded(message(severity="info"), progress=(30, 120))
    assert "┃ ▰▰▰▰▱▱▱▱▱▱▱▱▱▱▱▱  25 % · 30 of 120 files ended" in shown(laid_out(running)).splitlines()


@pytest.mark.parametrize(
    ("progress", "percent"), [((0, 0), 0), ((-1, 5), 0), ((9, 5), 100), ((1, 3), 33), ((10**30, 1), 100)]
)
def test_a_bar_is_never_longer_than_it_is(message, progress, percent):
    said = shown(laid_out(worded(message(), progress=progress)))
    assert re.search(rf"^┃ [▰▱]{{16}}  {percent} % · .+ ended$", said, re.MULTILINE)


@pytest.mark.parametrize(("severity", "dot"), [("error", "🔴"), ("warning", "🟠"), ("info", "🟢")])
def test_the_severity_of_the_rule_is_seen_at_once(message, severity, dot):
    payload = laid_out(worded(message(severity=severity)))
    assert payload["text"].startswith(dot)
    assert payload["blocks"][0]["text"]["text"].startswith(dot)


def test_a_notification_says_why_or_the_first_of_many(message):
    text = msgspec.structs.replace(
        message().text, title="It", subtitle="later", error="", lines=("first", "2")
    )
    for changes, said in (
        ({"error": "why\nand where"}, "🔴 It: why"),
        ({}, "🔴 It: first"),
        ({"lines": ()}, "🔴 It: later"),
        ({"lines": (), "subtitle": ""}, "🔴 It"),
    ):
        told = msgspec.structs.replace(message(), text=msgspec.structs.replace(text, **changes))
        assert laid_out(told)["text"] == said


def test_a_test_looks_like_one(message):
    payload = laid_out(
        msgspec.structs.replace(message(), text=Text(title="Test message to ops", is_test=True))
    )
    assert payload["text"] == "🧪 Test message to ops"


def test_a_template_takes_the_place_of_the_title_and_of_the_rest(message):
    failed = worded(message(), title="Invoice A&amp;B failed", body="*Soon*: `page 3`\n&lt;x&gt;")
    payload = laid_out(failed)
    assert payload["text"] == "🔴 Invoice A&amp;B failed"
    assert [block["type"] for block in payload["blocks"]] == ["header", "section", "context"]
    assert payload["blocks"][1]["text"]["text"] == "*Soon*: `page 3`\n&lt;x&gt;"


@pytest.mark.parametrize(("title", "body"), [("", ""), (" \n", " \n ")])
def test_templates_that_say_nothing_leave_a_message_that_slack_takes(message, title, body):
    payload = laid_out(worded(message(), title=title, body=body))
    assert payload["blocks"][0]["text"]["text"] == "🔴 Q4 report.pdf failed (parse)"
    assert [block["type"] for block in payload["blocks"]] == ["header", "context"]


ATTACKS = {
    "a call to everybody": "<!channel> <!here> <!everyone> @channel @here",
    "a mention": "<@U012AB3CD> <#C024BE7LR> <!subteam^SAZ94GDB8>",
    "a link in disguise": "<https://evil.example|Open in LlamaCloud>",
    "a date": "<!date^1392734382^{date}|x>",
    "an escape of its own": "&lt;!channel&gt; &amp; &#60;",
    "HTML": '<img src=x onerror="x">',
}


@pytest.mark.parametrize("value", ATTACKS.values(), ids=ATTACKS)
def test_nothing_but_relays_own_link_is_in_angle_brackets(message, value):
    payload = laid_out(holding(message(), value))
    whole = json.dumps([payload["text"], *[text["text"] for text in texts(payload)]])
    assert re.findall(r"<.*?>", whole) == ["<https://cloud.llamaindex.ai/parse|Open in LlamaCloud>"]
    assert re.findall(r"&(?!amp;|lt;|gt;)", whole) == []


@pytest.mark.parametrize("value", ATTACKS.values(), ids=ATTACKS)
def test_what_was_meant_to_attack_is_read_as_it_was(message, value):
    said = shown(laid_out(holding(message(), value)))
    assert f"┃ 🔴 {value}" in said
    assert f"┃     {value}" in said


@pytest.mark.parametrize(
    "value", ["*bold*", "_so_", "~gone~", "`code`", "> quoted", "• a", "a ```b``` c", "`*`"]
)
def test_markup_in_a_value_stands_in_code_or_in_plain_text(message, value):
    for text in texts(laid_out(holding(message(), value))):
        if text["type"] == "mrkdwn" and "Open in" not in text["text"]:
            assert re.fullmatch(
                r"```\n[^`]*\n```|```\n(?:[^`]|`(?!``))*\n```|\*[^*`~]*\*\n`[^`]+`", text["text"]
            )


def test_a_block_of_code_can_not_be_left(message):
    payload = laid_out(holding(message(), "a\n```\n<!channel> *b*\n````\n`x`"))
    (code,) = (text["text"] for text in texts(payload) if text["text"].startswith("```"))
    assert code.count("```") == 2
    assert "`x`" in code


@pytest.mark.parametrize("value", ["cost_effective", "a_b_c", "10_000"])
def test_a_word_with_a_line_in_it_is_plain(message, value):
    text = msgspec.structs.replace(message().text, facts=(("Tier", value), ("Source", "eu")))
    payload = laid_out(msgspec.structs.replace(message(), text=text))
    assert f"*Tier*\n{value}" in [text["text"] for text in texts(payload)]


def test_what_a_column_would_break_stands_in_a_line_of_its_own(message):
    long = "pjb-5f1d9c2e-77a4-4b0e-9d55-3b8f0e6a2c14"
    text = msgspec.structs.replace(
        message().text, facts=(("Job", long), ("Tier", "agentic"), (":a", long), ("Source", "eu"))
    )
    said = shown(laid_out(msgspec.structs.replace(message(), text=text))).splitlines()
    at = said.index("┃ Source  eu")
    assert said[at - 1] == "┃ Tier    agentic"
    assert said[at + 1 : at + 3] == [
        f"┃ Job: {long}",
        f"┃ \N{MODIFIER LETTER COLON}a\N{MODIFIER LETTER COLON} {long}",
    ]


def test_a_short_one_alone_makes_no_column(message):
    text = msgspec.structs.replace(message().text, facts=(("Tier", "agentic"),))
    assert "┃ Tier: agentic" in shown(laid_out(msgspec.structs.replace(message(), text=text)))


def test_lines_are_a_list_and_how_many_more_there_are_is_not_of_it(message):
    text = msgspec.structs.replace(message().text, lines=("a.pdf: BROKEN", "… 15 more failed files"))
    said = shown(laid_out(msgspec.structs.replace(message(), text=text))).splitlines()
    at = said.index("┃ • a.pdf: BROKEN")
    assert said[at + 1] == "┃ … 15 more failed files"


@pytest.mark.parametrize("value", [":tada:", "a:b:c.pdf", ":+1:", "::100::", ":flag-de:"])
def test_a_name_between_colons_becomes_no_picture(message, value):
    payload = laid_out(holding(message(), value))
    outside_code = [text["text"] for text in texts(payload) if "`" not in text["text"]]
    assert re.findall(r":[\w+'-]+:", "\n".join(outside_code)) == []


def test_times_keep_their_colons(message):
    assert "10:15:30" in laid_out(worded(message()))["blocks"][-1]["elements"][-1]["text"]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "slack://open",
        "https://evil.example|Open",
        "https://evil.example>x",
        "https://a b",
        "//evil.example",
        "https:///x",
        "https://[::1",
        "https://evil.example/\n",
        "https://\u202eevil.example",
        "https://x.example/" + "&" * 500,
        "",
    ],
)
def test_a_link_that_is_none_is_left_out(message, url):
    text = msgspec.structs.replace(message().text, url=url)
    assert "Open in" not in json.dumps(laid_out(msgspec.structs.replace(message(), text=text)))


def test_nothing_is_linked_or_loaded_that_looks_like_a_link(message):
    payload = laid_out(holding(message(), "https://evil.example/x.png @channel #general"))
    assert (payload["mrkdwn"], payload["unfurl_links"], payload["unfurl_media"]) == (False, False, False)
    assert all(text["verbatim"] for text in texts(payload) if text["type"] == "mrkdwn")


def test_without_a_layout_it_says_the_same_in_short(message):
    payload = minimal(worded(message(name="<!channel>")), "invalid_blocks")
    assert "blocks" not in payload
    assert payload["text"].splitlines() == [
        "🔴 &lt;!channel&gt; failed (parse)",
        "RUNNING → FAILED",
        "PDF_IS_BROKEN: page 3",
        "https://cloud.llamaindex.ai/parse",
        "Rule failures · relay prod",
        "(without its layout, which Slack refused: invalid_blocks)",
    ]


def test_without_a_layout_a_group_still_says_of_what(message):
    kinds = (Tally(3, "parse.failed", "PDF_IS_BROKEN"), Tally(1, "parse.failed", "<!channel>"))
    payload = minimal(worded(message(), count=4, tallies=kinds, group={}), "msg_too_long")
    assert "• 3 × parse failed: PDF_IS_BROKEN" in payload["text"].splitlines()
    assert "• 1 × parse failed: &lt;!channel&gt;" in payload["text"].splitlines()
