"""A destination or a rule that had another name."""

import pytest

HOOK = (
    'type = "webhook"\nurl = "https://example.com/hook"\nsecret = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"\n'
)
ONE = f"[destinations.new]\n{HOOK}"


def test_a_destination_may_say_what_it_was_called(desk):
    config = desk.load(ONE + 'renamed_from = "old"')
    assert (dict(config.renamed), list(config.destinations)) == ({"new": "old"}, ["new"])


def test_it_is_optional(desk):
    assert dict(desk.load(ONE).renamed) == {}


@pytest.mark.parametrize("value", ['"a b"', '""', "7", '["old"]', '"x.y"'])
def test_a_value_that_is_no_name_is_refused_on_its_line(desk, value):
    assert desk.mistakes(f"{ONE}renamed_from = {value}") == [
        "rules.toml:7: destinations.new.renamed_from: must be the name that the destination had"
    ]


def test_a_destination_can_not_have_been_one_that_is_still_there(desk):
    (mistake,) = desk.mistakes(f'{ONE}renamed_from = "old"\n[destinations.old]\n{HOOK}')
    assert mistake.startswith(
        "rules.toml:7: destinations.new.renamed_from: names a destination that is still"
    )


def test_two_destinations_can_not_both_have_been_the_same(desk):
    (mistake,) = desk.mistakes(f'{ONE}renamed_from = "old"\n[destinations.newer]\n{HOOK}renamed_from = "old"')
    assert "is the old name of new too" in mistake


RULE = '[rules.new]\non = ["*"]\nto = ["new"]\n'


def test_a_rule_may_say_what_it_was_called(desk):
    config = desk.load(f'{ONE}{RULE}renamed_from = "old"')
    assert (dict(config.renamed), dict(config.renamed_rules)) == ({}, {"new": "old"})
    assert config.rule_names == {"new", "replay"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("renamed_from = 7", "rules.new.renamed_from: must be the name that the rule had"),
        (
            f'renamed_from = "old"\n{RULE.replace("rules.new", "rules.old")}',
            "names a rule that is still there",
        ),
    ],
)
def test_a_false_old_name_of_a_rule_is_refused(desk, more, said):
    (mistake,) = desk.mistakes(f"{ONE}{RULE}{more}")
    assert said in mistake


def test_relays_own_rules_are_known_beside_those_of_the_file(desk):
    rule = '[rules.r]\non = ["*"]\nto = ["new"]\n'
    assert desk.load(ONE + rule).rule_names == {"r", "replay"}
    alerts = desk.load(ONE + rule + '[relay]\nalerts_to = "new"\n')
    assert alerts.rule_names == {"r", "replay", "alerts_to"}
