"""A Slack destination's table in `rules.toml`: what is refused, and that no refusal repeats a secret."""

import pytest
from pydantic import ValidationError

from relay.destinations import TYPES
from relay.model import Secret

URL = "https://hooks.slack.com/services/T0/B0/canary"
BOT = {"token": "xoxb-canary", "channel": "#ops"}
WAY_OUT = "set either url (of an incoming webhook), or token and channel (of a bot)"


def options(**table):
    return TYPES["slack"].options.model_validate({"type": "slack", **table})


def refusal(**table):
    with pytest.raises(ValidationError) as caught:
        options(**table)
    (mistake,) = caught.value.errors(include_url=False, include_input=False, include_context=False)
    return mistake["msg"]


@pytest.mark.parametrize(
    "table",
    [{}, {"token": "xoxb-canary"}, {"channel": "#ops"}, {"url": URL, **BOT}, {"url": URL, "channel": "#ops"}],
)
def test_it_is_either_a_webhook_or_a_bot(table):
    assert WAY_OUT in refusal(**table)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.slack.com/services/canary", "must begin with https://"),
        ("hooks.slack.com/services/canary", "it must begin with https:// or http:// and a host"),
        ("https://canary@hooks.slack.com/x", "must not hold a user name or password"),
        ("https://hooks.slack.com/a canary", "write it as https://host/path"),
        ("", "is not a URL that can be sent to"),
        (7, "must be a text that is not empty"),
    ],
)
def test_a_url_that_cannot_be_posted_to_is_refused_without_repeating_it(url, said):
    refused = refusal(url=url)
    assert said in refused
    assert "canary" not in refused


@pytest.mark.parametrize("token", ["canary token", "canary\r\nX: y", "canär", "c" * 1001])
def test_a_token_that_no_header_can_hold_is_refused_without_repeating_it(token):
    refused = refusal(token=token, channel="#ops")
    assert "is not a token" in refused
    assert "can" not in refused.replace("that none has", "")


@pytest.mark.parametrize("channel", ["#ops", "ops", "C0123456789", "#équipe-eu", "#3d_prints"])
def test_a_channel_is_a_name_or_an_id(channel):
    assert options(token="xoxb-1", channel=channel).channel == channel


@pytest.mark.parametrize("channel", ["", "#", "@anna", "<!channel>", "a b", "#a\n", "x" * 90])
def test_what_is_no_channel_is_refused(channel):
    assert "is not a channel" in refusal(token="xoxb-1", channel=channel)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"url": URL, "api_url": "https://slack-gov.com/api/"}, "api_url is for a bot"),
        ({**BOT, "api_url": "http://slack-gov.com/api/"}, "must begin with https://"),
        ({**BOT, "concurrency": 2}, "less than or equal to 1"),
        ({**BOT, "rate": "20"}, "is not a rate"),
        ({"url": URL, "secret": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_other_mistakes_name_the_way_out(table, said):
    assert said in refusal(**table)


@pytest.mark.parametrize(
    ("table", "spacing", "is_living"),
    [
        ({"url": URL}, 1.0, False),
        (BOT, 3.0, True),
        ({**BOT, "rate": "1/s"}, 1.0, True),
        ({"url": URL, "rate": "6/m"}, 10.0, False),
    ],
)
def test_it_keeps_to_the_pace_that_slack_asks_for_unless_told_otherwise(table, spacing, is_living):
    made = options(**table)
    assert (made.rate, made.is_living, made.concurrency) == (spacing, is_living, 1)


def test_options_show_no_secret():
    for made in (options(url=URL), options(**BOT)):
        assert "canary" not in f"{made!r} {made} {made.model_dump()}"


def test_secrets_that_are_not_resolved_are_no_mistake():
    assert options(url=Secret("$SLACK")).url == Secret("$SLACK")
    assert options(token=Secret("$SLACK"), channel="#ops").is_living


@pytest.mark.parametrize(
    ("table", "warned"),
    [({"url": URL}, []), (BOT, []), ({"token": "1234.5678", "channel": "#ops"}, ["token"])],
)
def test_a_token_of_another_kind_is_warned_of(table, warned):
    assert [key for key, _ in options(**table).warnings()] == warned


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"url": URL}, ("url", "hooks.slack.com", 443)),
        (BOT, ("api_url", "slack.com", 443)),
        ({**BOT, "api_url": "http://127.0.0.1:8080/api"}, ("api_url", "127.0.0.1", 8080)),
    ],
)
def test_it_says_where_it_will_dial(table, place):
    assert options(**table).dials() == [place]
