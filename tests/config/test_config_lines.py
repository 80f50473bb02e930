import tomllib

from hypothesis import given
from hypothesis import strategies as st

from relay.config.lines import line_of, lines_of

DOCUMENT = b"""
a = 1
[x."q.r"]   # a comment
b.c = { d = 1, e.f = [1, # another
  { g = 2 }] }
"\\u0041" = '''
two lines'''
[[t]]
k = 1
[[t]]
# between
k = 2
[t.u]
v = 1
[[t.w]]
[x]
late = 1
"""

PLACES = [
    (("a",), 2),
    (("x", "q.r"), 3),
    (("x", "q.r", "b", "c", "d"), 4),
    (("x", "q.r", "b", "c", "e", "f", 0), 4),
    (("x", "q.r", "b", "c", "e", "f", 1, "g"), 5),
    (("x", "q.r", "A"), 6),
    (("t", 0, "k"), 9),
    (("t", 1, "k"), 12),
    (("t", 1, "u", "v"), 14),
    (("t", 1, "w", 0), 15),
    (("x",), 16),
    (("x", "late"), 17),
]


def test_each_place_of_a_document_has_its_line():
    tomllib.loads(DOCUMENT.decode())
    lines = lines_of(DOCUMENT)
    assert [(path, lines[path]) for path, _ in PLACES] == PLACES


def test_what_is_missing_has_the_line_of_what_is_around_it():
    lines = lines_of(DOCUMENT)
    assert line_of(lines, ("t", 1, "u", "nothing", "here")) == 13
    assert line_of(lines, ("nothing",)) == 1


def test_a_key_of_thousands_of_parts_is_read():
    lines = lines_of(b"\n" + b".".join([b"a"] * 3000) + b" = 1\n")
    assert lines[("a",) * 3000] == 2


names = st.text(min_size=1, max_size=6)
values = st.recursive(
    st.integers(0, 9) | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
documents = st.dictionaries(names, st.dictionaries(names, values, max_size=4), max_size=4)


def quoted(text):
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'


def inline(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return quoted(value) if isinstance(value, str) else str(value).lower()


def paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


@given(documents)
def test_every_key_of_any_document_is_found_on_the_line_it_was_written_on(document):
    text, expected = [], {}
    for name, table in document.items():
        text.append(f"[{quoted(name)}]")
        expected[name,] = len(text)
        for key, value in table.items():
            text.append(f"{quoted(key)} = {inline(value)}")
            expected |= dict.fromkeys(paths(value, (name, key)), len(text))
    content = "\n".join(text)
    assert tomllib.loads(content) == document
    assert lines_of(content.encode()) == expected | {(): 1}
