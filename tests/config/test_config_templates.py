import pytest

from relay.config.tables import RuleTable

HOOK = '[destinations.hook]\ntype = "webhook"\nurl = "https://example.com/"\n'
RULE = f'{HOOK}[rules.r]\non = ["*"]\nto = ["hook"]\n'

MISTAKES = [
    ("title = 1", "9: rules.r.title: must be a text in quotes"),
    ('body = ["x"]', "9: rules.r.body: must be a text in quotes"),
    ('title = ""', "9: rules.r.title: is empty: write what the title is to say, or leave it out"),
    ('title = "{{ nmae }} failed"', "9: rules.r.title: unknown field `nmae`; did you mean `name`?"),
    (
        'stop = true\nbody = """\n{{ name }}\n{{ name|uper }}\n"""',
        "10: rules.r.body: line 2 of it: unknown filter `uper`; did you mean `upper`?",
    ),
]


@pytest.mark.parametrize(("text", "mistake"), MISTAKES)
def test_a_bad_template_is_a_mistake_like_any_other(desk, text, mistake):
    assert desk.mistakes(RULE + text) == [f"rules.toml:{mistake}"]


def test_a_rule_keeps_its_templates_as_they_are_written(desk):
    (rule,) = desk.load(f'{RULE}title = "{{{{ name }}}} failed"\nbody = """\n{{{{ error }}}}\n"""').rules
    assert (rule.title, rule.body) == ("{{ name }} failed", "{{ error }}\n")


def test_templates_are_checked_in_a_rule_that_is_refused_for_something_else(desk):
    assert desk.mistakes(f'{RULE}stop = 1\ntitle = "{{{{ nmae }}}}"') == [
        "rules.toml:9: rules.r.stop: must be true or false, without quotes",
        "rules.toml:10: rules.r.title: unknown field `nmae`; did you mean `name`?",
    ]


def test_what_a_variable_holds_is_not_told(desk):
    (mistake,) = desk.mistakes(f'{RULE}title = "$TITLE"', {"TITLE": "{{ hunter2 }}"})
    assert mistake == (
        "rules.toml:9: rules.r.title: what $TITLE holds can't be used here: correct it, or set another"
    )


def test_the_keys_are_those_of_a_rule():
    assert {"title", "body"} <= set(RuleTable.model_fields)
