"""A webhook's table in `rules.toml`: what is refused, in which words, and that none repeats a secret."""

import base64
import json
import re

import msgspec
import pytest
from pydantic import ValidationError

from relay.destinations import TYPES
from relay.destinations.bodies import FORMATS
from relay.destinations.webhook import PREVIEWED, PREVIEWED_COLUMNS
from relay.model import Secret

URL = "https://example.com/hook"
NOT_A_URL = "is not a URL that can be sent to"
NOT_A_SECRET = "is not a signing secret: write whsec_ and base64 of 24 to 64 bytes"


def options(**table):
    return TYPES["webhook"].options.model_validate({"type": "webhook", "url": URL, **table})


def refusal(**table):
    with pytest.raises(ValidationError) as caught:
        options(**table)
    (mistake,) = caught.value.errors(include_url=False, include_input=False, include_context=False)
    return mistake["msg"]


def key(size):
    return "whsec_" + base64.b64encode(b"k" * size).decode()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", NOT_A_URL),
        ("example.com/canary", f"{NOT_A_URL}: it must begin with https:// or http:// and a host"),
        ("ftp://example.com/canary", f"{NOT_A_URL}: it must begin with https:// or http:// and a host"),
        ("https:///canary", f"{NOT_A_URL}: it must begin with https:// or http:// and a host"),
        ("https://:443/canary", f"{NOT_A_URL}: it must begin with https:// or http:// and a host"),
        ("https://example.com:canary/", f"{NOT_A_URL}: its host or port is none"),
        ("https://example.com:99999/canary", f"{NOT_A_URL}: its host or port is none"),
        ("https://[::1/canary", f"{NOT_A_URL}: its host or port is none"),
        ("https://user:canary@example.com/", "must not hold a user name or password"),
        ("http://good\\@evil/canary", f"{NOT_A_URL}: write it as https://host/path"),
        ("https://example.com/a canary", f"{NOT_A_URL}: write it as https://host/path"),
        ("https://example.com/canary\r\nX-A: b", f"{NOT_A_URL}: write it as https://host/path"),
        ("https://example.com/canary\x7f", f"{NOT_A_URL}: write it as https://host/path"),
        ("https://①②⑦.⓪.⓪.①/canary", f"{NOT_A_URL}: write it as https://host/path"),
        ("https://example.com/" + "c" * 2000, f"{NOT_A_URL}: write it as https://host/path"),
        (17, "must be a text that is not empty"),
        (None, "must be a text that is not empty"),
    ],
)
def test_a_url_that_cannot_be_sent_to_is_refused_without_repeating_it(url, message):
    said = refusal(url=url)
    assert message in said
    assert "canary" not in said


@pytest.mark.parametrize(
    "host", ["c" * 64 + ".example", "canary..example", ".canary.example", "2130706433", "127.1", "0x7f.1"]
)
def test_a_host_that_no_name_can_have_is_refused(host):
    said = refusal(url=f"https://{host}/canary")
    assert NOT_A_URL in said
    assert "canary" not in said


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://127.0.0.1:8080/a?b=c",
        "HTTPS://EXAMPLE.COM/",
        "https://[::1]:8443/x",
        "https://xn--bcher-kva.example/x",
        "https://under_score.example./x",
        "https://example.com/a%20b?c=@",
    ],
)
def test_a_url_that_can_be_sent_to_is_kept_as_written(url):
    assert options(url=url).url.reveal() == url


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "canary",
        "whsec_",
        "whsec_canary!",
        key(23),
        key(65),
        key(24)[:-1],
        key(24) + "\n",
        "whsec_" + "ä" * 40,
        base64.b64encode(b"k" * 24).decode(),
    ],
)
def test_a_secret_that_is_none_is_refused_without_repeating_it(secret):
    said = refusal(secret=secret)
    assert said.removeprefix("Value error, ") == NOT_A_SECRET
    assert refusal(secret=[key(24), secret]) == said


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_of_24_to_64_bytes_is_taken(size):
    assert options(secret=key(size)).secret == (Secret(key(size)),)


def test_two_secrets_are_for_a_rotation_and_three_are_a_mistake():
    assert len(options(secret=[key(24), key(32)]).secret) == 2
    assert "at most 2" in refusal(secret=[key(24), key(32), key(64)])


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"": "v"}, "'' can't be set"),
        ({"X A": "v"}, "'X A' can't be set"),
        ({"X-A\r\nX-B": "v"}, "can't be set: it is not a header name"),
        ({"X-Ä": "v"}, "'X-Ä' can't be set"),
        ({"x" * 101: "v"}, "can't be set"),
        (
            {"Content-Length": "5"},
            "'Content-Length' can't be set: it is not a header name, or is relay's own",
        ),
        ({"webhook-signature": "v"}, "'webhook-signature' can't be set"),
        ({"HOST": "canary"}, "'HOST' can't be set"),
        ({"Transfer-Encoding": "chunked"}, "'Transfer-Encoding' can't be set"),
        ({"Authorization": "canary\r\nX-A: b"}, "the value of Authorization holds characters"),
        ({"Authorization": "canary\x00"}, "the value of Authorization holds characters"),
        ({"Authorization": "canaré"}, "the value of Authorization holds characters"),
        ({"Authorization": ""}, "must be a text that is not empty"),
        ({"Authorization": 5}, "must be a text that is not empty"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused_without_repeating_its_value(headers, message):
    said = refusal(headers=headers)
    assert message in said
    assert "canary" not in said


@pytest.mark.parametrize("header", ["Expect", "Content-Encoding", "Upgrade", "TE", "Trailer"])
def test_a_header_that_changes_how_a_request_is_sent_is_relays_own(header):
    assert "can't be set" in refusal(headers={header: "100-continue"})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"format": "xml"}, "Input should be 'standard', 'cloudevents' or 'llamacloud'"),
        ({"tiemout": "5s"}, "Extra inputs are not permitted"),
        ({"timeout": 15}, 'is not a duration: write it as "30s", "5m", "2h" or "7d"'),
        ({"timeout": "0s"}, "greater than or equal to 1"),
        ({"timeout": "301s"}, "less than or equal to 300"),
        ({"concurrency": 0}, "greater than or equal to 1"),
        ({"concurrency": 1001}, "less than or equal to 1000"),
        ({"concurrency": True}, "valid integer"),
        ({"concurrency": "10"}, "valid integer"),
        ({"give_up_after": "-1d"}, "is not a duration"),
    ],
)
def test_other_mistakes_name_the_way_out(table, message):
    assert message in refusal(**table)


def test_options_show_no_secret():
    made = options(url=f"{URL}/canary", secret=key(24), headers={"Authorization": "canary"})
    shown = f"{made!r} {made} {made.model_dump()} {made.headers}"
    assert "canary" not in shown
    assert key(24) not in shown


@pytest.mark.parametrize(
    ("url", "secret", "warned"),
    [
        (URL, key(24), []),
        (URL, (), ["secret"]),
        ("http://127.0.0.1/x", key(24), []),
        ("http://[::1]/x", key(24), []),
        ("http://localhost/x", key(24), []),
        ("http://localhost.evil.example/x", key(24), ["url"]),
        ("http://10.0.0.1/x", (), ["secret", "url"]),
    ],
)
def test_a_careful_person_is_warned(url, secret, warned):
    table = {"url": url} | ({"secret": secret} if secret else {})
    assert [where for where, _ in options(**table).warnings()] == warned


@pytest.mark.parametrize("name", ["standard", "cloudevents", "llamacloud"])
def test_a_preview_shows_the_body_that_would_be_posted(message, name):
    one = message(kind="parse", name="Q4\u202e\x1b[2J.pdf")
    shown = options(format=name).preview(one, now=0.0)
    assert json.loads(shown) == json.loads(FORMATS[name](one).body)
    assert shown.isascii()


def test_a_preview_is_short_and_says_how_much_more_there_is(message):
    one = message(job={"id": "pjb-1", "pages": list(range(500)), "text": "x" * 5000})
    lines = options().preview(one, now=0.0).splitlines()
    assert (len(lines), max(map(len, lines)) <= PREVIEWED_COLUMNS) == (PREVIEWED + 1, True)
    assert re.fullmatch(r"… \d+ more lines", lines[-1])


def test_a_preview_of_what_a_format_can_not_say_says_so(message):
    group = msgspec.structs.replace(message(), group={})
    assert "can't hold a group" in options(format="llamacloud").preview(group, now=0.0)
