"""Where relay listens, by which token it is asked, and whom it tells that it is well."""

import pytest

BEAT = "relay.heartbeat_url: "


def test_with_a_token_relay_may_listen_anywhere(desk):
    config = desk.load('[relay]\nlisten = "0.0.0.0:8710"\ntoken = "$RELAY_TOKEN"', {"RELAY_TOKEN": "x" * 20})
    assert (config.listen, config.token.reveal()) == (("0.0.0.0", 8710), "x" * 20)


def test_a_token_that_is_not_there_opens_nothing(desk):
    (mistake,) = desk.mistakes('[relay]\nlisten = "0.0.0.0:8710"\ntoken = "$RELAY_TOKEN"')
    assert mistake.startswith("rules.toml:5: relay.token: $RELAY_TOKEN is not set")


def test_commands_in_a_bare_shell_need_no_token(desk):
    assert desk.load('[relay]\nlisten = "0.0.0.0:8710"\ntoken = "$RELAY_TOKEN"', secrets=False).listen


@pytest.mark.parametrize("token", ['""', "1", '"two words"', '"é"', '"line\\nend"'])
def test_a_token_fits_into_a_header(desk, token):
    (mistake,) = desk.mistakes(f"[relay]\ntoken = {token}")
    assert mistake.startswith("rules.toml:4: relay.token: must be")


def test_a_short_token_is_warned_of(desk):
    warnings = desk.load('[relay]\ntoken = "short"').warnings
    assert any(" relay.token: has less than 16 characters" in warning for warning in warnings)
    assert not any("relay.token" in w for w in desk.load(f'[relay]\ntoken = "{"x" * 16}"').warnings)


@pytest.mark.parametrize(
    "url",
    ["https://hc.example/ping/1", "http://127.0.0.1:9/x", "http://localhost/", "https://[2606:4700::1111]/"],
)
def test_a_heartbeat_goes_by_https_or_to_this_machine(desk, url):
    assert desk.load(f'[relay]\nheartbeat_url = "{url}"').heartbeat_url.reveal() == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hc.example/", "must be https"),
        ("ftp://hc.example/", "is no URL"),
        ("hc.example", "is no URL"),
        ("https://user:pw@hc.example/", "is no URL"),
        ("https://a b/", "must be a URL of printable ASCII"),
        ("https://169.254.169.254/latest", "is a forbidden address (metadata), which relay never dials"),
        ("https://0.0.0.0/", "is a forbidden address"),
        ("http://127.0.0.1:8710/healthz", "is a forbidden address (relay's own)"),
    ],
)
def test_a_heartbeat_that_can_not_go_is_a_mistake_that_does_not_repeat_it(desk, url, why):
    (mistake,) = desk.mistakes(f'[relay]\nheartbeat_url = "{url}"')
    assert f"{BEAT}{why}" in mistake
    assert "pw" not in mistake
