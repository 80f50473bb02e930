"""Who hears of an event, alone or in a group, and of relay's own troubles."""

import itertools

import pytest

from relay.ingest import Routes, Terms
from relay.model import Event, EventData, seconds_of
from relay.rules import Router, Rule

NOW = 1_790_000_000.0


def routes(*rules, alerts_to=None, **grouped):
    ids = itertools.count(1)
    terms = {name: Terms(give_up_after=3600.0, grouped=is_grouped) for name, is_grouped in grouped.items()}
    return Routes(
        relay="prod",
        router=Router(rules),
        destinations=terms,
        new_id=lambda prefix: f"{prefix}_{next(ids)}",
        alerts_to=alerts_to,
    )


def an_event(event_type="parse.failed", **data):
    told = {"source": "acme", "product": "parse", "kind": "parse", "status": "FAILED"} | data
    return Event(id="evt_1", type=event_type, timestamp="", data=EventData(**told))


def owed(routes, event, **how):
    new = routes.routed(event, event, job_id="pjb-1", nth=1, now=NOW, **how)
    return {delivery.destination: delivery for delivery in new.deliveries}, dict(new.rules)


def a_rule(**values):
    return Rule(**{"name": "r", "on": ("*",), "to": ("ops", "hook")} | values)


def test_where_a_rule_says_nothing_people_get_groups_and_machines_single_events():
    found, _ = owed(routes(a_rule(), ops=True, hook=False), an_event())
    assert (found["ops"].group.key, found["hook"].group) == ("{}", None)


@pytest.mark.parametrize(
    ("group_by", "keys"),
    [
        (False, [None, None]),
        ((), ["{}", "{}"]),
        (("source",), ['{"source":"acme"}'] * 2),
        (("error_kind", "status"), ['{"error_kind":null,"status":"FAILED"}'] * 2),
    ],
)
def test_what_a_rule_says_holds_for_all_its_destinations(group_by, keys):
    found, _ = owed(routes(a_rule(group_by=group_by), ops=True, hook=False), an_event())
    assert [delivery.group and delivery.group.key for delivery in found.values()] == keys


def test_a_long_value_is_cut_in_the_key_of_a_group():
    found, _ = owed(routes(a_rule(group_by=("error",)), ops=True, hook=False), an_event(error="x" * 9999))
    assert len(found["ops"].group.key) < 400


def test_long_values_that_differ_at_their_end_are_two_groups():
    of = routes(a_rule(group_by=("error",)), ops=True, hook=False)
    keys = {
        owed(of, an_event(error="x" * 2000 + end))[0]["ops"].group.key for end in ("a", "b", "b", "\udc80")
    }
    assert len(keys) == 3


def test_an_event_that_settles_has_its_time_to_be_tried_after_that():
    found, _ = owed(routes(a_rule(settle=30.0), ops=True, hook=False), an_event())
    assert seconds_of(found["ops"].settle_until) == NOW + 30
    assert seconds_of(found["ops"].give_up_at) == NOW + 30 + 3600


@pytest.mark.parametrize("trouble", ["source.down", "destination.down", "delivery.dead"])
def test_troubles_that_no_rule_tells_of_go_to_alerts_to(trouble):
    found, rules = owed(routes(alerts_to="ops", ops=True), an_event(trouble))
    assert (list(found), rules) == (["ops"], {"alerts_to": ["ops"]})


def test_troubles_that_a_rule_tells_of_do_not():
    rule = a_rule(on=("*.down",), to=("hook",))
    found, _ = owed(routes(rule, alerts_to="ops", ops=True, hook=False), an_event("source.down"))
    assert list(found) == ["hook"]


@pytest.mark.parametrize("event_type", ["source.up", "destination.up", "parse.failed", "relay.test"])
def test_what_is_no_trouble_does_not_go_to_alerts_to(event_type):
    assert owed(routes(alerts_to="ops", ops=True), an_event(event_type)) == ({}, {})


def test_a_destination_never_hears_of_its_own_troubles():
    found, rules = owed(routes(a_rule(), ops=True, hook=False), an_event("destination.down"), but="ops")
    assert (list(found), rules) == (["hook"], {"r": ["hook"]})


def test_where_only_the_troubled_would_hear_of_it_alerts_to_does():
    rule = a_rule(on=("*.down",), to=("hook",))
    found, rules = owed(
        routes(rule, alerts_to="ops", ops=True, hook=False), an_event("destination.down"), but="hook"
    )
    assert (list(found), rules) == (["ops"], {"r": [], "alerts_to": ["ops"]})


def test_alerts_to_hears_nothing_of_itself():
    found, rules = owed(routes(alerts_to="ops", ops=True), an_event("destination.down"), but="ops")
    assert (found, rules) == ({}, {})
