import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config.environ import LIMIT, NotThere, Resolver, look_up
from relay.model import Secret

KEY = 'llamacloud.api_key = "$KEY"\n[sources.parse]\n'


def api_key(config):
    return config.sources[0].api_key.reveal()


def test_a_name_comes_from_the_environment(desk):
    assert api_key(desk.load("", {"KEY": "llx-1"}, start=KEY)) == "llx-1"


def test_else_from_the_file_that_its_file_variable_names(desk, tmp_path):
    (tmp_path / "key").write_text("llx-2\n")
    environ = {"KEY": "", "KEY_FILE": str(tmp_path / "key"), "CREDENTIALS_DIRECTORY": "/nowhere"}
    assert api_key(desk.load("", environ, start=KEY)) == "llx-2"
    assert api_key(desk.load("", environ | {"KEY": "llx-1"}, start=KEY)) == "llx-1"


def test_else_from_the_credentials_directory(desk, tmp_path):
    (tmp_path / "KEY").write_text("llx-3\r\n")
    assert api_key(desk.load("", {"CREDENTIALS_DIRECTORY": str(tmp_path)}, start=KEY)) == "llx-3"


def test_two_dollars_are_one_that_is_meant_and_no_value_is_resolved_twice(desk):
    assert desk.load('[relay]\nname = "$$KEY"').relay == "$KEY"
    assert desk.load('[relay]\nname = "$KEY"', {"KEY": "$HOME"}).relay == "$HOME"
    assert desk.load('[relay]\nname = "in $KEY"').relay == "in $KEY"


def test_a_name_that_is_not_set_is_a_mistake_told_once(desk):
    text = "$KEY is not set: export it, or name a file in KEY_FILE"
    assert desk.mistakes("", {}, start=KEY) == [f"rules.toml:1: llamacloud.api_key: {text}"]


def test_an_empty_name_is_a_mistake(desk):
    text = "$KEY is empty: give it a value, or name a file in KEY_FILE"
    assert desk.mistakes("", {"KEY": ""}, start=KEY) == [f"rules.toml:1: llamacloud.api_key: {text}"]


def test_a_file_that_holds_no_value_is_a_mistake_that_does_not_tell_its_name(tmp_path):
    file = tmp_path / "value"
    for content, reason in [
        (b"x" * (LIMIT + 1), "is larger than 64 kB: it must hold the value alone"),
        (b"\xff", "holds no text: it must hold the value alone, as UTF-8"),
    ]:
        file.write_bytes(content)
        with pytest.raises(NotThere) as refusal:
            look_up("KEY", {"KEY_FILE": str(file)})
        assert str(refusal.value) == f"the file that KEY_FILE names {reason}"
    with pytest.raises(NotThere, match=r"can't be read \(No such file or directory\)"):
        look_up("KEY", {"KEY_FILE": "/llx-a-key-by-mistake"})


def test_bytes_that_are_no_text_are_a_mistake(desk):
    (mistake,) = desk.mistakes('[relay]\nname = "$KEY"', {"KEY": "\udcff"})
    assert mistake == "rules.toml:4: relay.name: $KEY holds bytes that are no text: give it as UTF-8"


def test_a_bare_shell_resolves_nothing_and_checks_nothing_of_it(desk):
    text = """
project_id = "$PROJECT"
every = "$EVERY"
[sources.odd]
kind = "$KIND"
[sources.split]
query = { }
base_url = "$URL"
[destinations.hook]
type = "webhook"
url = "$URL"
secret = ["$A", "$B"]
headers = { Authorization = "$C" }
timeout = "$TIMEOUT"
[rules.r]
on = ["*.failed"]
to = ["$TO", "hook"]
match = { source = "$S", name = ["$N", "x"] }
severity = "$SEVERITY"
[rules.s]
on = ["$ON"]
to = ["hook"]
"""
    config = desk.load(text, {"URL": "https://example.com"}, secrets=False, start=KEY)
    assert [spec.name for spec in config.sources] == ["parse", "split"]
    assert isinstance(config.sources[0].api_key, Secret)
    assert list(config.destinations) == ["hook"]
    assert config.destinations["hook"].timeout == 15
    assert [rule.name for rule in config.rules] == ["r", "s"]


def test_what_needs_no_environment_is_checked_in_a_bare_shell_too(desk):
    (mistake,) = desk.mistakes("page_size = 0", secrets=False, start=KEY)
    assert mistake == "rules.toml:3: sources.parse.page_size: must be at least 1"


def test_a_bare_shell_never_takes_another_database_for_the_one_that_is_meant(desk, tmp_path):
    text = '[relay]\ndatabase = "$DB"'
    assert desk.load(text, secrets=False).database == tmp_path / "$DB"
    assert desk.load(text, {"DB": "x.db"}, secrets=False).database == tmp_path / "x.db"
    assert desk.load(text, {"DB": "/x.db"}).database.is_absolute()


texts = st.text(max_size=5).map(lambda text: text.replace("$", ""))
values = st.recursive(
    texts | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_a_document_without_dollars_stays_as_it_is(value):
    assert Resolver({}, secrets=True).resolve(value) == value
