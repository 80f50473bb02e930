"""Faults by script, clocks that are wrong, and a key that changes hands."""

import json
from collections import Counter

import pytest

from relay.simulator import Scenario, Stream, Trouble
from relay.simulator.scenario import OTHER_PROJECT

PATH = "/api/v2/parse"
EXTRACT = "/api/v2/extract"


@pytest.fixture
def scripted(open_account):
    return lambda *troubles, **more: open_account(Scenario(script=troubles, **more))


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("unavailable", 503),
        ("denied", 401),
        ("forbidden", 403),
        ("absent", 404),
        ("gone", 410),
        ("invalid", 422),
    ],
)
def test_an_answer_can_refuse(account, simulator, fault, status):
    simulator.create("parse")
    simulator.fail_next(1, fault)
    answer = account.answer(PATH)
    assert (answer.status, "detail" in json.loads(answer.body), simulator.log) == (status, True, [])


def test_a_trouble_comes_at_its_time_and_lasts(scripted):
    account = scripted(Trouble(fault="drop", at=100, lasts=259_200))
    faults = []
    for wait in (99, 1, 259_199, 1):
        account.clock.pass_(wait)
        faults.append(account.answer(PATH).fault)
    assert faults == [None, "drop", "drop", None]


def test_a_trouble_may_be_counted_in_answers(scripted):
    account = scripted(Trouble(fault="error", count=2), Trouble(fault="too_many", count=1))
    assert [account.answer(PATH).status for _ in range(4)] == [500, 500, 429, 200]


def test_a_trouble_without_an_end_has_none(scripted):
    account = scripted(Trouble(fault="gone", kind="batch_v1"))
    account.clock.pass_(10**8)
    assert account.answer("/api/v1/beta/batch-processing").status == 410
    assert account.answer("/api/v1/beta/batch-processing/x/items").status == 410
    assert account.answer(PATH).status == 200


def test_a_trouble_may_concern_a_path(scripted):
    account = scripted(Trouble(fault="absent", path="/api/v2/parse/*"))
    job = account.simulator.create("parse")
    assert [account.answer(path).status for path in (PATH, f"{PATH}/{job.id}")] == [200, 404]


def test_a_trouble_may_concern_one_status_word(scripted):
    account = scripted(Trouble(fault="invalid", kind="extract", status="throttled"))
    assert account.answer(EXTRACT, status="THROTTLED").status == 422
    assert account.answer(EXTRACT, status="RUNNING").status == account.answer(EXTRACT).status == 200


def test_a_trouble_may_hit_some_answers(scripted):
    account = scripted(Trouble(fault="too_many", share=0.3))
    statuses = Counter(account.answer(PATH).status for _ in range(1000))
    assert statuses == pytest.approx({429: 300, 200: 700}, abs=60)


def test_the_script_goes_before_rates_and_what_is_told_by_hand_before_both(scripted):
    account = scripted(Trouble(fault="denied", count=1), faults={"error": 1.0})
    account.simulator.fail_next(1, "gone")
    assert [account.answer(PATH).status for _ in range(3)] == [410, 401, 500]


def test_dates_can_go_missing_or_be_of_1970_for_a_while(scripted):
    account = scripted(Trouble(fault="no_date", count=1), Trouble(fault="old_date", count=1))
    account.simulator.create("parse")
    dates = [account.answer(PATH).headers.get("Date") for _ in range(3)]
    assert dates == [None, "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 21 Sep 2026 14:13:20 GMT"]
    assert len(account.simulator.log) == 3


@pytest.mark.parametrize(("offset", "time"), [(3600, "15:13:20"), (-3600, "13:13:20")])
def test_the_whole_of_the_apis_clock_may_be_wrong(open_account, offset, time):
    account = open_account(Scenario(clock_offset=offset, streams={"parse": Stream(count=1)}))
    account.simulator.advance()
    job = account.simulator.create("parse")
    assert account.answer(PATH).headers["Date"] == f"Mon, 21 Sep 2026 {time} GMT"
    assert {item["created_at"] for item in account.get(PATH)["items"]} == {f"2026-09-21T{time}.000000Z"}
    assert account.simulator.log[0].at == account.clock.time
    account.simulator.move(job, "FAILED")
    assert account.get(f"{PATH}/{job.id}")["job"]["updated_at"] == f"2026-09-21T{time}.000000Z"


def test_the_header_may_differ_from_a_clock_that_is_wrong(open_account):
    account = open_account(Scenario(clock_offset=60, date_offset=-60))
    assert account.answer(PATH).headers["Date"] == "Mon, 21 Sep 2026 14:13:20 GMT"


def test_a_key_comes_to_belong_to_another_project(open_account):
    account = open_account(Scenario(other_project_at=10, streams={"parse": Stream(rate=2)}))
    account.clock.pass_(9)
    before = account.ids(PATH)
    assert before
    account.clock.pass_(31)
    items = account.get(PATH)["items"]
    assert {item["project_id"] for item in items} == {OTHER_PROJECT}
    assert not {item["id"] for item in items} & set(before)
    assert account.answer(f"{PATH}/{before[0]}").status == 404
    assert set(before) <= set(account.ids(PATH, project_id=account.simulator.scenario.project_id))
