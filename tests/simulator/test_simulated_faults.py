"""An API that is not well, its clock, and the log of what it showed."""

import json
import re
from collections import Counter

import pytest

from relay.simulator import Scenario, Shown, changes

PATH = "/api/v2/parse"


def fail(account, fault):
    account.simulator.create("parse")
    account.simulator.fail_next(1, fault)
    return account.answer(PATH)


def test_a_500_hides_its_correlation_id_in_the_text(account):
    answer = fail(account, "error")
    assert answer.status == 500
    assert re.search(r"correlation ID: [0-9a-f-]{36}$", json.loads(answer.body)["detail"])


def test_a_429_says_how_long_to_wait_or_does_not(account):
    plain, polite = fail(account, "too_many"), fail(account, "too_many_wait")
    assert (plain.status, plain.headers.get("Retry-After")) == (429, None)
    assert (polite.status, polite.headers["Retry-After"]) == (429, "3")


def test_html_can_come_with_a_200(account):
    answer = fail(account, "html")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_json_can_be_broken_in_a_whole_answer(account):
    answer = fail(account, "broken")
    assert (answer.status, answer.fault) == (200, None)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)


def test_an_answer_can_be_cut_or_dropped_or_slow(open_account):
    account = open_account(Scenario(slow=7))
    assert [fail(account, fault).fault for fault in ("cut", "drop")] == ["cut", "drop"]
    assert fail(account, "slow").delay == 7


def test_what_is_made_to_fail_fails_in_order_and_then_it_is_well(account, simulator):
    simulator.fail_next(2, "error")
    simulator.fail_next(1, "too_many")
    assert [account.answer(PATH).status for _ in range(4)] == [500, 500, 429, 200]


def test_faults_come_at_their_rates(open_account):
    account = open_account(Scenario(faults={"error": 0.1, "too_many": 0.3}))
    statuses = Counter(account.answer(PATH).status for _ in range(2000))
    assert statuses == pytest.approx({200: 1200, 500: 200, 429: 600}, abs=100)


@pytest.mark.parametrize(
    ("scenario", "date"),
    [
        (Scenario(), "Mon, 21 Sep 2026 14:13:20 GMT"),
        (Scenario(date_offset=-3600), "Mon, 21 Sep 2026 13:13:20 GMT"),
        (Scenario(date=False), None),
    ],
)
def test_the_api_has_its_own_clock_or_tells_no_time(open_account, scenario, date):
    account = open_account(scenario)
    assert account.answer(PATH).headers.get("Date") == date
    assert account.answer(PATH, key=None).headers.get("Date") == date


def test_the_log_tells_what_each_answer_showed(account, simulator, clock):
    first = simulator.create("parse", id="a")
    account.get(PATH)
    clock.pass_(5)
    simulator.move(first, "RUNNING")
    simulator.create("split", id="b")
    account.get(f"{PATH}/a")
    account.get("/api/v1/split/jobs")
    start, later = "2026-09-21T14:13:20.000000Z", "2026-09-21T14:13:25.000000Z"
    assert simulator.log == [
        Shown(1, 1_790_000_000.0, "parse", "a", "PENDING", start, updated_at=start),
        Shown(2, 1_790_000_005.0, "parse", "a", "RUNNING", start, by_id=True, updated_at=later),
        Shown(3, 1_790_000_005.0, "split", "b", "PENDING", later, updated_at=later),
    ]


@pytest.mark.parametrize("fault", ["error", "too_many", "html", "broken", "cut", "drop"])
def test_what_did_not_arrive_whole_was_not_shown(account, fault):
    fail(account, fault)
    assert account.simulator.log == []


def test_a_slow_answer_shows_what_was_true_when_it_was_asked(account):
    fail(account, "slow")
    assert len(account.simulator.log) == 1


def test_a_refused_request_shows_nothing(account, simulator):
    simulator.create("parse")
    for query in ({"key": None}, {"status": "no"}, {"page_token": "no"}):
        account.answer(PATH, **query)
    assert simulator.log == []


def test_an_answer_that_reached_nobody_is_taken_back(account, simulator):
    for id_ in "ab":
        simulator.create("parse", id=id_)
    account.answer(f"{PATH}/a")
    lost = account.answer(PATH)
    account.answer(f"{PATH}/b")
    simulator.take_back(lost)
    assert [(row.answer, row.job_id) for row in simulator.log] == [(1, "a"), (3, "b")]


def test_changes_are_the_statuses_shown_without_repetitions(account, simulator):
    job = simulator.create("parse", id="a")
    for status in ("PENDING", "PENDING", "FAILED", "FAILED", "COMPLETED"):
        simulator.move(job, status)
        account.get(PATH)
    assert changes(simulator.log) == {("parse", "a"): ["PENDING", "FAILED", "COMPLETED"]}
