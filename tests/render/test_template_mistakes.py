"""A template that can't be right is refused when the configuration is read."""

import pytest
from minijinja import TemplateError

from relay.render import check
from relay.render.engine import KEPT, OWN, environment
from tests.render.samples import BERLIN

ONLY = "has no place here: there are if, elif, else and for"
CALLS = "calls something: a template has fields and filters, nothing to call"

MISTAKES = [
    ("{{ name", "can't be read: unexpected end of input, expected end of variable block"),
    ("a\n{% if %}", "line 2 of it: can't be read: unexpected end of block"),
    ("{{ nmae }}", "unknown field `nmae`; did you mean `name`?"),
    ("a\nb {{ nmae }}", "line 2 of it: unknown field `nmae`; did you mean `name`?"),
    ("{{ event.eror }}", "unknown field `eror`; did you mean `error`?"),
    ("{% for e in events %}{{ e.eror }}{% endfor %}", "unknown field `eror`; did you mean `error`?"),
    ("{% if false %}{{ nmae }}{% endif %}", "unknown field `nmae`; did you mean `name`?"),
    ("{{ name|uper }}", "unknown filter `uper`; did you mean `upper`?"),
    ("{% if false %}{{ name|uper }}{% endif %}", "unknown filter `uper`; did you mean `upper`?"),
    ("{{ events|map('uper')|list }}", "unknown filter"),
    ("{{ name is foo }}", "test foo is unknown"),
    ("{{ name|duration }}", "`duration` takes a number"),
    ("{{ name|time }}", "`time` takes a time such as timestamp, first or last"),
    ("{{ first|time('Mars/Base') }}", '`time` takes a zone such as "Europe/Berlin" or "UTC"'),
    ("{{ first|time('/etc/passwd') }}", '`time` takes a zone such as "Europe/Berlin" or "UTC"'),
    ("{{ first|time(format='%99999999d') }}", "`time` takes a format such as %Y-%m-%d %H:%M"),
    ("{{ events[7].name }}", "`events[7]` is undefined"),
    (" ", "is empty: write what the body is to say, or leave it out"),
    ("x" * 4001, "is 4,001 characters long, the limit is 4,000"),
    ("{% include 'x' %}", f"`include` {ONLY}"),
    ("{% set a = name %}", f"`set` {ONLY}"),
    ("{% autoescape false %}{% endautoescape %}", f"`autoescape` {ONLY}"),
    ("{{ name.upper() }}", f"`name.upper(…)` {CALLS}"),
    ("{{ job.pop('x') }}", f"`job.pop(…)` {CALLS}"),
    ("{{ events[0]('x') }}", f"`](…)` {CALLS}"),
    ("{{ (name)('x') }}", f"`)(…)` {CALLS}"),
    ("{{ {'a': name} }}", "makes a table with { }: a template has no use for one"),
    ("{{ job.__class__ }}", "names something that begins with _: no field does"),
    ("{{ job['__class__'] }}", "names something that begins with _: no field does"),
    ("{{ (job|default('x'))._x }}", "names something that begins with _: no field does"),
    (
        "{% for a in events %}{% for b in events %}{{ b.name }}{% endfor %}{% endfor %}",
        "does more than 20,000 steps",
    ),
    ("{{ 'x' * 99999999 }}", "does more than 20,000 steps"),
]


@pytest.mark.parametrize(("source", "mistake"), MISTAKES)
def test_a_template_that_cant_be_right_is_refused_with_the_way_out(source, mistake):
    assert [text.partition("; the")[0] for key, text in check(None, source)][:1] == [mistake]


def test_both_templates_and_all_that_is_wrong_are_told_at_once():
    assert check("{{ nmae }}", "{{ eror }}\n{{ name|uper }}") == [
        ("title", "unknown field `nmae`; did you mean `name`?"),
        ("body", "line 1 of it: unknown field `eror`; did you mean `error`?"),
        ("body", "line 2 of it: unknown filter `uper`; did you mean `upper`?"),
    ]
    assert check("x" * 501, None) == [("title", "is 501 characters long, the limit is 500")]
    assert check(None, None) == []


FINE = [
    "{{ job.tier }} {{ job.usage.credits|round }} {{ job.pages + 1 }} {{ job['a b'] }}",
    "{% for page in job.pages %}{{ page.number|number }}{% endfor %}",
    "{{ outcome.failed }} of {{ outcome.total }}{% for f in outcome.failures %}{{ f.name }}{% endfor %}",
    "{{ group.source }} {{ group['job.tier']|upper }}",
    "{{ error|length }} {{ error|lines|first }}",
    "{{ events|selectattr('error')|map(attribute='name')|unique|sort|join(', ') }}",
    "{% for kind, of in events|groupby('error_kind') %}{{ of|length }} × {{ kind }}\n{% endfor %}",
    "{% if (count > 1) and not (error) %}{{ loop }}{% endif %}".replace("{{ loop }}", "many"),
    "{# what {{ nobody }} reads #}{{ name }} }} {{ '{{ }}' }}",
    "{% for e in events %}{{ loop.index }}/{{ loop.length }}{% endfor %}",
]


@pytest.mark.parametrize("source", FINE)
def test_what_may_be_right_for_some_message_is_accepted(source):
    assert check(None, source) == []


EVERY_FILTER = {
    "abs", "attr", "batch", "bool", "capitalize", "center", "chain", "count", "d", "dateformat",
    "datetimeformat", "default", "dictsort", "e", "escape", "filesizeformat", "first", "float", "forceescape",
    "format", "groupby", "indent", "int", "items", "join", "last", "length", "lines", "list", "lower", "map",
    "max", "min", "nl2br", "pluralize", "pprint", "random", "reject", "rejectattr", "replace", "reverse",
    "round", "safe", "select", "selectattr", "slice", "sort", "split", "string", "striptags", "sum",
    "timeformat", "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "urlize",
    "wordcount", "wordwrap", "xmlattr", "zip",
}  # fmt: skip


def test_what_makes_long_texts_or_markup_is_out_of_reach_by_any_way():
    env = environment("slack", BERLIN)
    for name in EVERY_FILTER - KEPT - OWN:
        for source in (f"{{{{ 'a'|{name} }}}}", f"{{{{ ['a']|map('{name}')|list }}}}"):
            with pytest.raises(TemplateError) as refusal:
                env.render_str(source)
            assert refusal.value.kind == "UnknownFilter"


@pytest.mark.parametrize("name", ["range", "dict", "debug", "namespace", "cycler", "joiner", "lipsum", "now"])
def test_there_is_nothing_to_call(name):
    env = environment("plain", BERLIN)
    assert env.globals == {}
    with pytest.raises(TemplateError):
        env.render_str(f"{{{{ {name}() }}}}")


@pytest.mark.parametrize(
    "source", ["{% include 'body' %}", "{% extends 'body' %}", "{% import 'body' as x %}"]
)
def test_no_template_reaches_another_nor_itself(source):
    with pytest.raises(TemplateError, match="body"):
        environment("plain", BERLIN).render_str(source, "body")
