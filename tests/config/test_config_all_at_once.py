"""No mistake of a table hides another of it, and none is told that only follows from another."""

import pytest

RATE = '4: destinations.a.rate: is not a rate: write it as "50/s" or "30/m"'
SLACK = '[destinations.a]\nrate = "x"\ntype = "slack"\n'
HOOK = '[destinations.a]\nrate = "x"\ntype = "webhook"\n'
MAIL = '[destinations.a]\nrate = "x"\ntype = "email"\nfrom = "a@b.cc"\n'
CHANNEL = 'is not a channel: write it as "#ops", or as its id such as "C0123456789"'
ADDRESS = 'must be an address, such as "oncall@example.com"'

HIDDEN = [
    (SLACK, "3: destinations.a: set either url (of an incoming webhook), or token and channel (of a bot)"),
    (f'{SLACK}token = "x"\nchannel = "a b"', f"7: destinations.a.channel: {CHANNEL}"),
    (
        f'{HOOK}url = "http://169.254.169.254/"',
        "6: destinations.a.url: is a forbidden address (metadata), which relay never dials: set another",
    ),
    (
        f'{HOOK}url = "https://a.example/"\nkey_file = "rules.toml"',
        "7: destinations.a.key_file: is the key of no certificate: set cert_file too",
    ),
    (
        f'{MAIL}to = "b@c.dd"\nserver = "smtp://u@m.example"',
        "3: destinations.a: has a user in server, and no password: set password, or leave the user out",
    ),
    (f'{MAIL}server = "smtp://m.example"\nto = ""', f"8: destinations.a.to: {ADDRESS}"),
    (f'{MAIL}server = "smtp://m.example"\nto = ["b"]', f"8: destinations.a.to: {ADDRESS}"),
    (
        f'{MAIL}server = "smtp://m.example"\nto = []',
        "8: destinations.a.to: must not be empty: name at least one",
    ),
]


@pytest.mark.parametrize(("table", "mistake"), HIDDEN)
def test_a_destinations_other_mistake_is_told_too(desk, table, mistake):
    said = [line.removeprefix("rules.toml:") for line in desk.mistakes(table)]
    assert sorted(said) == sorted([RATE, mistake])


def test_all_headers_that_cannot_be_set_are_told(desk):
    headers = '{ Host = "a", "x y" = "b", X-A = "c" }'
    (said,) = desk.mistakes(
        f'[destinations.a]\ntype = "webhook"\nurl = "https://a.example"\nheaders = {headers}'
    )
    assert ("'Host' can't" in said, "'x y' can't" in said, "X-A" in said) == (True, True, False)


def test_relays_own_table_tells_all_its_mistakes(desk):
    text = """[relay]
retention = "1d"
alerts_to = "nobody"
listen = "0.0.0.0:1"
heartbeat_url = "https://169.254.169.254/"
"""
    told = [line.split(": ")[1] for line in desk.mistakes(text)]
    assert told == ["relay.retention", "relay.alerts_to", "relay.listen", "relay.heartbeat_url"]


def test_a_token_that_is_wrong_is_not_said_to_be_missing(desk):
    (said,) = desk.mistakes('[relay]\ntoken = "a b"\nlisten = "0.0.0.0:1"')
    assert ": relay.token: must be printable" in said
