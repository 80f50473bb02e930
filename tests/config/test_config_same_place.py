"""Two destinations that send to one place: `relay check` warns where an event arrives there twice."""

import pytest

SLACK = """[destinations.a]
type = "slack"
token = "xoxb-1"
channel = "#ops"
[destinations.b]
type = "slack"
token = "xoxb-1"
channel = "Ops"
"""
URLS = """[destinations.a]
type = "slack"
url = "https://hooks.slack.com/services/T/B/x"
[destinations.b]
type = "slack"
url = "https://hooks.slack.com/services/T/B/x"
"""
MAILS = """[destinations.a]
type = "email"
server = "smtps://mail.example"
from = "relay@example.com"
to = ["one@example.com", "two@example.com"]
[destinations.b]
type = "email"
server = "smtps://mail.example"
from = "relay@example.com"
to = ["Two@example.com"]
"""
HOOKS = """[destinations.a]
type = "webhook"
url = "https://example.com/hook"
secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
[destinations.b]
type = "webhook"
url = "https://example.com/hook"
secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""


def rule(name, to, on="*.failed", more=""):
    return f'[rules.{name}]\non = ["{on}"]\nto = {to}\n{more}\n'


BOTH = rule("r", '["a", "b"]')
FROM_P, NOT_FROM_P = 'match = { source = "p*" }', 'match = { source = "s*" }'


def said(desk, text):
    return [line.partition(": ")[2] for line in desk.load(text).warnings if "twice" in line]


@pytest.mark.parametrize(
    ("places", "key"), [(SLACK, "channel"), (URLS, "url"), (MAILS, "to"), (HOOKS, "url")]
)
def test_an_event_that_arrives_twice_is_warned_of(desk, places, key):
    (line,) = said(desk, places + BOTH)
    assert line == (
        f"destinations.b.{key}: is a place that a sends to as well: what rules send to both arrives there "
        "twice; name one of them in to"
    )
    assert "hooks.slack.com" not in line


@pytest.mark.parametrize(
    "rules",
    [
        rule("r", '["a"]') + rule("s", '["b"]'),
        rule("r", '["a"]', more=FROM_P) + rule("s", '["b"]'),
        rule("r", '["a"]', on="parse.*", more=FROM_P) + rule("s", '["b"]', more=FROM_P),
    ],
)
def test_also_where_two_rules_send_it(desk, rules):
    assert len(said(desk, SLACK + rules)) == 1


@pytest.mark.parametrize(
    "rules",
    [
        rule("r", '["a"]'),
        rule("r", '["a"]') + rule("s", '["b"]', on="*.completed"),
        rule("r", '["a"]', more=FROM_P) + rule("s", '["b"]', more=NOT_FROM_P),
        rule("r", '["a"]', more="stop = true") + rule("s", '["b"]'),
    ],
)
def test_where_no_event_goes_to_both_nothing_is_said(desk, rules):
    assert said(desk, SLACK + rules) == []


def test_other_places_are_no_trouble(desk):
    assert said(desk, SLACK.replace("Ops", "dev") + BOTH) == []
