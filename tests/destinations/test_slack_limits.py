"""Whatever a message holds, Slack takes it."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_judges import judged

from relay.destinations.slack.blocks import laid_out, minimal, reply
from relay.message import Aloud, Message, Text, cleaned, one_line
from relay.model import Event, EventData

PIECES = st.sampled_from(
    ["&", "<", ">", "`", "```", "*", ":a:", "\n", " ", "é", "📄", "x" * 900, "&amp;", "<!channel>"]
)
RAW = st.one_of(st.text(max_size=50), st.lists(PIECES, max_size=60).map("".join))


def lines_of(most):
    return RAW.map(lambda text: one_line(text, most))


TEXTS = st.builds(
    Text,
    title=lines_of(150),
    subtitle=lines_of(2000),
    error=RAW.map(lambda text: cleaned(text, 20_000)),
    facts=st.lists(st.tuples(lines_of(300), lines_of(3000)), max_size=12).map(tuple),
    url=st.none() | RAW | RAW.map("https://example.com/".__add__),
    why=lines_of(2000),
    when=lines_of(2000),
    lines=st.lists(lines_of(3000), max_size=20).map(tuple),
    progress=lines_of(300),
    aloud=st.lists(lines_of(3000), max_size=9).map(tuple),
    is_test=st.booleans(),
)
NAMES = st.none() | RAW
ESCAPED = RAW.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
COUNTS = st.integers(-5, 10**12)


def event(name):
    data = EventData(source="s", product="parse", kind="parse", name=name)
    return Event(id="evt_1", type="parse.failed", timestamp="2026-11-22T10:15:30.123Z", data=data)


MESSAGES = st.builds(
    Message,
    id=st.just("msg_1"),
    events=st.lists(NAMES.map(event), min_size=1, max_size=8).map(tuple),
    rule=st.just("failures"),
    relay=st.just("prod"),
    severity=st.sampled_from(["info", "warning", "error"]),
    count=st.integers(1, 10**9),
    progress=st.none() | st.tuples(COUNTS, COUNTS),
    aloud=st.builds(Aloud, severity=st.just("error"), ended=st.booleans()),
    title=st.none() | ESCAPED,
    body=st.none() | ESCAPED,
    text=TEXTS,
)


@given(MESSAGES)
@settings(max_examples=100, deadline=None)
def test_whatever_a_message_holds_slack_takes_it(message):
    judged(laid_out(message))


@given(MESSAGES)
@settings(max_examples=100, deadline=None)
def test_whatever_is_said_in_a_thread_slack_takes_it(message):
    judged(reply(message))


@given(MESSAGES)
@settings(max_examples=30, deadline=None)
def test_without_a_layout_it_is_short_and_says_something(message):
    text = minimal(message, "invalid_blocks")["text"]
    assert text.splitlines()[0].strip()
    assert len(text) < 4000


def test_the_fullest_message_there_can_be_is_within_all_limits(message):
    full = "&" * 5000
    text = Text(
        title=full,
        subtitle=full,
        error="\n".join([full] * 50),
        facts=((full, full), (full, "&" * 30)) * 20,
        url="https://example.com/" + "&" * 150,
        why=full,
        when=full,
        lines=(full,) * 100,
        progress=full,
    )
    events = tuple(event(f"{n}{full}") for n in range(100))
    whole = msgspec.structs.replace(message(), text=text, events=events, count=10**9, progress=(1, 2))
    payload = laid_out(whole)
    judged(payload)
    assert [block["type"] for block in payload["blocks"]] == [
        *("header", "context", "section", "section", "section", "context", "section", "context", "context")
    ]


def test_what_is_cut_says_how_much_more_there_is(message):
    lines = tuple(f"{n} {'x' * 500}" for n in range(50))
    text = msgspec.structs.replace(message().text, lines=lines, error="\n".join(["y" * 90] * 100))
    said = [
        block["text"]["text"]
        for block in laid_out(msgspec.structs.replace(message(), text=text))["blocks"][1:3]
    ]
    for shown, whole in zip(said, (100, 50), strict=True):
        lines = shown.removeprefix("```\n").removesuffix("\n```").splitlines()
        assert lines[-1] == f"… {whole - len(lines) + 1} more"
        assert len({len(line) for line in lines[:-1]}) <= 2, "whole lines only"
