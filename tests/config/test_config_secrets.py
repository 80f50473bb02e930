"""Whatever is wrong, no message tells what a `$NAME` stood for."""

import pytest

from relay.config import load
from relay.errors import ConfigError

CANARY = "canarywxyz"

FORM = """
[relay]
name = "$RELAY"
database = "$DATABASE"
listen = "$LISTEN"
[llamacloud]
api_key = "$KEY"
base_url = "$BASE"
every = "$EVERY"
project_id = "$PROJECT"
organization_id = "$ORGANIZATION"
[sources.one]
kind = "$KIND"
since = "$SINCE"
query = { configuration_id = "$QUERY" }
include = ["$INCLUDE"]
[sources.two]
kind = ["$KIND_TWO"]
api_key = "$KEY"
[destinations.hook]
type = "$TYPE"
url = "$URL"
secret = ["$SECRET", "$SECRET_TWO"]
headers = { Authorization = "$HEADER" }
timeout = "$TIMEOUT"
give_up_after = "$GIVE_UP"
format = "$FORMAT"
[rules.all]
on = ["$ON"]
to = ["$TO"]
severity = "$SEVERITY"
match = { source = "$SOURCE", error = { regex = "$REGEX" }, job.pages = { gte = "$NUMBER" } }
unless = { name = ["$UNLESS"] }
"""

RIGHT = {
    "RELAY": "prod",
    "DATABASE": "relay.db",
    "LISTEN": "127.0.0.1:1",
    "KEY": f"llx-{CANARY}",
    "BASE": f"https://{CANARY}.example",
    "EVERY": "15s",
    "PROJECT": "11111111-2222-3333-4444-555555555555",
    "ORGANIZATION": "11111111-2222-3333-4444-555555555555",
    "KIND": "classify",
    "KIND_TWO": "parse",
    "SINCE": "2026-11-01T00:00:00Z",
    "QUERY": CANARY,
    "INCLUDE": "result",
    "TYPE": "webhook",
    "URL": f"https://example.com/{CANARY}",
    "SECRET": "whsec_" + "A" * 32,
    "SECRET_TWO": "whsec_" + "B" * 32,
    "HEADER": f"Bearer {CANARY}",
    "TIMEOUT": "15s",
    "GIVE_UP": "1d",
    "FORMAT": "standard",
    "ON": "*.failed",
    "TO": "hook",
    "SEVERITY": "error",
    "SOURCE": "one",
    "REGEX": CANARY,
    "NUMBER": "2026-11-01T00:00:00Z",
    "UNLESS": CANARY,
}

WRONG = [
    CANARY,
    f"{CANARY} {CANARY}",
    f"{CANARY}\n",
    f"({CANARY}\\",
    f"https://{CANARY}:x@example.com:{CANARY}/",
    f"https://example.com:{CANARY}/",
    f"https://[{CANARY}]/",
    f"http://{CANARY}.example:99999/?{CANARY}",
    f"[{CANARY}]:{CANARY}",
    f"whsec_{CANARY}",
    f"postgresql://{CANARY}",
    f"\x00{CANARY}é☃",
    CANARY * 500,
]


def messages(desk, environ):
    try:
        return desk.load(FORM, environ, start="").warnings
    except ConfigError as refusal:
        chain = [refusal.__cause__, refusal.__context__]
        return (*refusal.mistakes, str(refusal), *(repr(error) for error in chain))


def test_the_form_is_right_as_it_stands(desk):
    desk.load(FORM, RIGHT, start="")


@pytest.mark.parametrize("name", RIGHT)
def test_no_message_tells_a_resolved_value_whatever_is_wrong_with_it(desk, name):
    for wrong in WRONG:
        said = messages(desk, RIGHT | {name: wrong})
        assert not [line for line in said if CANARY in line.lower()], wrong


@pytest.mark.parametrize("wrong", WRONG)
def test_no_message_tells_one_when_all_are_wrong_at_once(desk, wrong):
    said = messages(desk, dict.fromkeys(RIGHT, wrong) | {"TYPE": "webhook"})
    assert len(said) >= 15
    assert CANARY not in " ".join(said).lower()


def test_a_key_written_into_the_file_is_not_told_either(desk):
    for line in ('api_key = "llx canary"', 'base_url = "https://u:canary@x"', 'query = { canary_id = "x" }'):
        (mistake,) = desk.mistakes(line)
        assert ": must" in mistake or "canary_id" in mistake
        assert "llx canary" not in mistake
        assert "u:canary" not in mistake


def test_secrets_are_masked_wherever_a_configuration_is_shown(desk):
    config = desk.load(
        FORM, RIGHT | {"BASE": "https://a.example", "QUERY": "q", "REGEX": "r", "UNLESS": "u"}, start=""
    )
    assert CANARY not in repr(config)


def test_no_secret_is_kept_in_the_reasons_of_a_refusal(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text("a = [" * 10)
    with pytest.raises(ConfigError) as refusal:
        load(path, environ={}, secrets=True)
    assert refusal.value.__cause__ is None
