"""Groups, times and whom relay's own troubles reach, as `rules.toml` says it."""

import pytest

HOOK = '[destinations.hook]\ntype = "webhook"\nurl = "https://example.com/"\n'
RULE = f'{HOOK}[rules.r]\non = ["*.failed"]\nto = ["hook"]\n'


def rule(desk, text):
    (rule,) = desk.load(RULE + text).rules
    return rule


@pytest.mark.parametrize(
    ("text", "group_by"),
    [
        ("", None),
        ("group_by = false", False),
        ("group_by = []", ()),
        ('group_by = ["source", "error_kind", "job.tier"]', ("source", "error_kind", "job.tier")),
    ],
)
def test_what_a_rule_groups_by(desk, text, group_by):
    assert rule(desk, text).group_by == group_by


def test_times_of_a_rule_are_seconds(desk):
    found = rule(desk, 'group_wait = "30s"\ngroup_interval = "5m"\nsettle = "1m"')
    assert (found.group_wait, found.group_interval, found.settle) == (30, 300, 60)


def test_without_a_word_a_group_waits_ten_seconds_and_a_minute_and_nothing_settles(desk):
    found = rule(desk, "")
    assert (found.group_wait, found.group_interval, found.settle) == (10, 60, None)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("group_by = true", 'must be a list of at most 10 fields, such as ["source"], or false'),
        ('group_by = "source"', 'must be a list of at most 10 fields, such as ["source"], or false'),
        ('group_by = ["sorce"]', "unknown field `sorce`; did you mean `source`?"),
        ('group_by = ["job"]', "`job` is a whole table: name a field of it, as in `job.tier`"),
        ('group_by = ["source", "source"]', "names something twice: name it once"),
    ],
)
def test_a_group_that_can_not_be_is_a_mistake(desk, text, mistake):
    assert desk.mistakes(RULE + text) == [f"rules.toml:9: rules.r.group_by: {mistake}"]


def test_a_format_of_single_events_takes_no_groups(desk):
    text = RULE.replace("[rules.r]", 'format = "llamacloud"\n[rules.r]') + 'group_by = ["source"]'
    why = "can't be for hook, whose format has one event a message: set it to false"
    assert desk.mistakes(text) == [f"rules.toml:10: rules.r.group_by: {why}"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('group_wait = "2d"', "rules.r.group_wait: must be at most 1d"),
        ('group_interval = "30d"', "rules.r.group_interval: must be at most 7d"),
        ('settle = "0s"', "rules.r.settle: must be at least 1s"),
        ("settle = 30", 'rules.r.settle: is not a duration: write it as "30s", "5m", "2h" or "7d"'),
    ],
)
def test_a_time_that_can_not_be_is_a_mistake(desk, text, mistake):
    assert desk.mistakes(RULE + text) == [f"rules.toml:9: {mistake}"]


def test_alerts_go_to_a_destination_that_there_is(desk):
    assert desk.mistakes(f'[relay]\nalerts_to = "hok"\n{RULE}') == [
        'rules.toml:4: relay.alerts_to: "hok" is no destination: did you mean hook?'
    ]


def test_no_rule_has_the_name_of_relays_own(desk):
    assert desk.mistakes(RULE.replace("rules.r", "rules.alerts_to")) == [
        "rules.toml:6: rules.alerts_to: is the name of relay's own rule for alerts_to: take another"
    ]


@pytest.mark.parametrize("rate", ["0/s", "5", "5/d", "-1/s", 5])
def test_a_rate_that_can_not_be_is_a_mistake(desk, rate):
    text = RULE.replace("[rules.r]", f"rate = {rate!r}\n[rules.r]".replace("'", '"'))
    assert desk.mistakes(text) == [
        'rules.toml:6: destinations.hook.rate: is not a rate: write it as "50/s" or "30/m"'
    ]


def test_a_rate_is_a_distance_in_seconds(desk):
    config = desk.load(RULE.replace("[rules.r]", 'rate = "30/m"\n[rules.r]'))
    assert config.destinations["hook"].rate == 2.0


def test_a_zone_that_is_none_is_a_mistake(desk):
    assert desk.mistakes(f'[relay]\ntimezone = "Europe/Berlim"\n{RULE}') == [
        'rules.toml:4: relay.timezone: is no time zone: write one such as "Europe/Berlin" or "UTC"'
    ]
