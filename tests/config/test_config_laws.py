import re
from string import printable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay.config.tables import Access, RelayTable, RuleTable, SourceTable
from relay.destinations import TYPES
from relay.errors import ConfigError

LINE = re.compile(r"rules\.toml:[1-9]\d*: .+: \S.*")

words = st.sampled_from(
    [
        "parse",
        "batch",
        "hook",
        "webhook",
        "*.failed",
        "15s",
        "$SET",
        "$UNSET",
        "$$",
        "$-",
        "regex",
        "https://a",
    ]
) | st.text(printable, max_size=8)
values = st.recursive(
    words | st.integers() | st.booleans() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def table(*models):
    keys = sorted({key for model in models for key in model.model_fields})
    return st.dictionaries(st.sampled_from(keys) | words, values, max_size=5)


documents = st.fixed_dictionaries(
    {},
    optional={
        "relay": table(RelayTable) | values,
        "llamacloud": table(Access) | values,
        "sources": st.dictionaries(words, table(SourceTable) | values, max_size=3) | values,
        "destinations": st.dictionaries(
            words,
            table(TYPES["webhook"].options).map(lambda keys: keys | {"type": "webhook"}) | values,
            max_size=2,
        ),
        "rules": st.dictionaries(words, table(RuleTable) | values, max_size=2) | values,
        "other": values,
    },
)


def quoted(text):
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'


def toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return quoted(value) if isinstance(value, str) else str(value).lower()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(documents, st.booleans())
def test_any_document_is_a_configuration_or_mistakes_of_one_shape(desk, document, secrets):
    text = "\n".join(f"{key} = {toml(value)}" for key, value in document.items())
    try:
        said = desk.load(text, {"SET": "parse"}, secrets=secrets, start="").warnings
    except ConfigError as refusal:
        said = refusal.mistakes
        assert said
    assert [line for line in said if not LINE.fullmatch(line)] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=60) | st.text("=[]{}.\"'#\n\\ a1", max_size=60).map(str.encode))
def test_any_bytes_are_a_configuration_or_mistakes_of_one_shape(desk, content):
    lines = desk.mistakes(content)
    assert [line for line in lines if not LINE.fullmatch(line)] == []
