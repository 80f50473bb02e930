"""An e-mail's table in `rules.toml`: what is refused, in which words, and that none repeats a secret."""

import pytest
from mailserver import authority
from pydantic import ValidationError

from relay.config import load
from relay.destinations import TYPES
from relay.errors import ConfigError

TABLE = {
    "type": "email",
    "server": "smtp://user@mail.example:587",
    "password": "canary",
    "from": "relay@example.com",
    "to": ["oncall@example.com"],
}


def options(**table):
    return TYPES["email"].options.model_validate({**TABLE, **table})


def refusal(**table):
    with pytest.raises(ValidationError) as caught:
        options(**table)
    (mistake,) = caught.value.errors(include_url=False, include_input=False, include_context=False)
    return mistake["msg"]


@pytest.mark.parametrize(
    ("server", "scheme", "host", "port", "user"),
    [
        ("smtp://u@mail.example", "smtp", "mail.example", 587, "u"),
        ("smtps://u@mail.example", "smtps", "mail.example", 465, "u"),
        ("SMTP://u@MAIL.example:2525/", "smtp", "mail.example", 2525, "u"),
        ("smtp://relay%40example.com@mail.example", "smtp", "mail.example", 587, "relay@example.com"),
        ("smtp://relay@example.com@mail.example", "smtp", "mail.example", 587, "relay@example.com"),
        ("smtp://%C3%A4%20b@mail.example", "smtp", "mail.example", 587, "ä b"),
        ("smtps://u@[::1]:1", "smtps", "::1", 1, "u"),
        ("smtp+plain://u@127.0.0.1", "smtp+plain", "127.0.0.1", 25, "u"),
    ],
)
def test_a_server_is_how_it_is_secured_a_place_and_a_user(server, scheme, host, port, user):
    at = options(server=server).at
    assert (at.scheme, at.host, at.port, at.user) == (scheme, host, port, user)


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("canary.example", "must begin with smtp:// (which insists on STARTTLS) or smtps://"),
        ("http://canary.example", "must begin with smtp://"),
        ("smtp://u:canary@mail.example", "must not hold a password: set password instead"),
        ("smtp://u:@canary.example", "must not hold a password: set password instead"),
        ("smtp://", "is not a mail server"),
        ("smtp://u@", "is not a mail server"),
        ("smtp://u@canary..example", "its host is neither a name nor an address"),
        ("smtp://u@0x7f.1", "its host is neither a name nor an address"),
        ("smtp://u@mail.example:0", "its host is neither a name nor an address"),
        ("smtp://u@mail.example:canary", "its host or port is none"),
        ("smtp://u@mail.example/canary", "must end after host and port"),
        ("smtp://u@mail.example?canary", "must end after host and port"),
        ("smtp://u@mail.example\r\nRCPT", "is not a mail server"),
        ("smtp://u@mail.exämple", "is not a mail server"),
        ("smtp://u%0d%0aRCPT@canary.example", "has a user with characters that none can have"),
        ("smtp://%ff@canary.example", "has a user that is no text"),
        ("smtp://@canary.example", "or an empty one"),
        ("smtp://u@" + "c" * 1000, "is not a mail server"),
        (25, "must be a text that is not empty"),
    ],
)
def test_a_server_that_is_none_is_refused_without_repeating_it(server, message):
    said = refusal(server=server)
    assert message in said
    assert "canary" not in said


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "must be an address, such as"),
        ("oncall", "must be an address, such as"),
        (5, "must be an address, such as"),
        ("On Call <oncall@example.com>", "one bare address, without a name"),
        ("a@example.com, b@example.com", "one bare address, without a name"),
        ("a@example.com\r\nBcc: b@example.com", "one bare address, without a name"),
        ("a@exämple.com", "has a domain that is not ASCII: write it in its xn-- form"),
        ("ä@example.com", "is not ASCII before its @"),
        ('"a b"@example.com', "one bare address"),
        ('"ab"@example.com', "is no address"),
        ("a..b@example.com", "is no address"),
        (".a@example.com", "is no address"),
        ("a@b@example.com", "is no address"),
        ("a@[127.0.0.1]", "is no address"),
        ("a@127.0.0.1", "is no address"),
        ("a@::1", "is no address"),
        ("a@", "is no address"),
        ("a@example.com.", "is no address"),
        ("@example.com", "is no address"),
        ("a\x00@example.com", "is no address"),
        ("a" * 65 + "@example.com", "is no address"),
        ("a@" + "b." * 130 + "com", "is no address"),
    ],
)
def test_an_address_is_bare_and_one_that_every_server_takes(address, message):
    assert message in refusal(**{"from": address})
    assert message in refusal(to=["b@example.com", address])


@pytest.mark.parametrize(
    "address", ["o'neil+relay@sub.example.com", "a@localhost", "a@xn--bcher-kva.example"]
)
def test_usual_addresses_are_taken(address):
    assert options(to=[address]).to == (address,)
    assert options(to=address).to == (address,)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"to": []}, "at least 1"),
        ({"to": [f"{n}@example.com" for n in range(101)]}, "at most 100"),
        ({"to": ["a@example.com", "A@Example.com"]}, "holds an address twice: leave one out"),
        ({"password": ""}, "must be a text that is not empty"),
        ({"server": "smtp://mail.example"}, "has a password, and no user: write it into server"),
        (
            {"server": "smtp+plain://u@mail.example"},
            "would send its password so that anyone on the way can read it",
        ),
        ({"ca_file": ""}, "must be the path of a file"),
        ({"concurrency": 21}, "less than or equal to 20"),
        ({"sender": "a@example.com"}, "Extra inputs are not permitted"),
    ],
)
def test_other_mistakes_name_the_way_out(table, message):
    assert message in refusal(**table)


def test_a_user_needs_a_password():
    table = {key: value for key, value in TABLE.items() if key != "password"}
    with pytest.raises(ValidationError, match="has a user in server, and no password"):
        TYPES["email"].options.model_validate(table)


def test_options_show_no_secret():
    made = options()
    assert "canary" not in f"{made!r} {made} {made.model_dump()}"


def test_mail_goes_by_few_connections_unless_it_is_said_otherwise():
    assert options().concurrency == 2
    assert options(concurrency=5).concurrency == 5


@pytest.mark.parametrize(
    ("server", "warned"),
    [
        ("smtp://mail.example", []),
        ("smtps://mail.example", []),
        ("smtp+plain://127.0.0.1", ["ca_file"]),
        ("smtp+plain://mail.example", ["server", "ca_file"]),
    ],
)
def test_a_careful_person_is_warned(server, warned):
    table = {key: value for key, value in TABLE.items() if key != "password"}
    made = TYPES["email"].options.model_validate({**table, "server": server, "ca_file": "ca.pem"})
    assert [where for where, _ in made.warnings()] == warned


RULES = """
[llamacloud]
api_key = "k"
[sources.parse]
[destinations.mail]
type = "email"
server = "smtp://mail.example"
from = "relay@example.com"
to = ["oncall@example.com"]
{more}
[rules.all]
on = ["parse.*"]
to = ["mail"]
"""


def loaded(folder, more, *, secrets=True):
    path = folder / "rules.toml"
    path.write_text(RULES.format(more=more))
    return load(path, environ={}, secrets=secrets)


def test_a_file_of_authorities_stands_relative_to_the_configuration(tmp_path):
    authority()[0].cert_pem.write_to_path(tmp_path / "ca.pem")
    assert loaded(tmp_path, 'ca_file = "ca.pem"').destinations["mail"].tls


def test_a_file_of_authorities_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(ConfigError, match=r"destinations.mail.ca_file: can't be read \(No such file"):
        loaded(tmp_path, 'ca_file = "ca.pem"')


def test_a_key_that_is_none_is_told_by_the_names_that_a_file_has(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no such key here: did you mean from\?"):
        loaded(tmp_path, 'form = "a@example.com"')


def test_a_server_from_the_environment_needs_none_in_a_bare_shell(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text(RULES.format(more="").replace('"smtp://mail.example"', '"$SERVER"'))
    assert load(path, environ={}, secrets=False).destinations["mail"].at is None
