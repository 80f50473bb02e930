"""Lists that are capped, lag, show odd pages and odd items: by scenario."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.simulator import Missed, Scenario, Shown, Stream

PATH = "/api/v2/parse"
BATCH_V1 = "/api/v1/beta/batch-processing"
START = 1_790_000_000.0


@pytest.fixture
def open_with(open_account):
    """An account whose lists of parse jobs and batch_v1 do so; jobs are made by hand."""

    def opened(**of_lists):
        stream = Stream(count=0, **of_lists)
        return open_account(Scenario(streams={"parse": stream, "batch_v1": stream}))

    return opened


def fill(account, n, kind="parse"):
    return [account.simulator.create(kind, id=f"j{m}", created_at=START + m) for m in range(n)]


@pytest.mark.parametrize("path", [PATH, BATCH_V1])
@pytest.mark.parametrize(("order", "shown"), [("newest", ["j2", "j1", "j0"]), ("oldest", ["j0", "j1", "j2"])])
def test_a_list_may_show_the_oldest_first(open_with, path, order, shown):
    account = open_with(order=order)
    for kind in ("parse", "batch_v1"):
        fill(account, 3, kind)
    assert account.ids(path) == shown
    assert account.ids(path, limit=1, page_size=1) == shown[:1]


@pytest.mark.parametrize("path", [PATH, BATCH_V1])
def test_a_page_may_be_smaller_than_was_asked_for(open_with, path):
    account = open_with(page_cap=2)
    for kind in ("parse", "batch_v1"):
        fill(account, 5, kind)
    assert len(account.ids(path, limit=4, page_size=4)) == 2
    assert [len(page) for page in account.walk(PATH, page_size=4)] == [2, 2, 1]


def test_offset_pages_shift_when_a_job_is_deleted(open_with):
    account = open_with()
    first, *_ = reversed(fill(account, 3, "batch_v1"))
    assert account.ids(BATCH_V1, limit=1) == ["j2"]
    account.simulator.vanish(first)
    assert account.ids(BATCH_V1, limit=1, offset=1) == ["j0"]


def test_a_list_that_lags_shows_what_was_and_get_of_one_what_is(open_with):
    account = open_with(lag=10)
    job = account.simulator.create("parse", id="a")
    assert account.ids(PATH) == account.ids(PATH, job_ids="a") == []
    account.clock.pass_(10)
    account.simulator.move(job, "RUNNING")
    assert account.get(PATH)["items"][0]["status"] == "PENDING"
    assert account.ids(PATH, status="RUNNING") == []
    assert account.get(f"{PATH}/a")["job"]["status"] == "RUNNING"
    account.clock.pass_(10)
    assert account.ids(PATH, status="RUNNING") == ["a"]
    assert [(row.status, row.by_id) for row in account.simulator.log] == [
        ("PENDING", False),
        ("RUNNING", True),
        ("RUNNING", False),
    ]


def test_a_deleted_job_stays_in_a_list_that_lags(open_with):
    account = open_with(lag=10)
    job = account.simulator.create("parse")
    account.clock.pass_(10)
    account.simulator.vanish(job)
    assert account.ids(PATH) == [job.id]
    assert account.answer(f"{PATH}/{job.id}").status == 404
    account.clock.pass_(10)
    assert account.ids(PATH) == []


def test_some_answers_lag_and_some_do_not(open_with):
    account = open_with(lag=10, lag_share=0.3)
    account.simulator.create("parse")
    shown = Counter(len(account.ids(PATH)) for _ in range(1000))
    assert shown == pytest.approx({0: 300, 1: 700}, abs=60)


def test_a_scenario_whose_lists_lag_is_finished_when_they_show_it(open_with):
    account = open_with(lag=10)
    account.simulator.create("parse")
    assert not account.simulator.finished()
    account.clock.pass_(10)
    assert account.simulator.finished()


def test_a_token_can_repeat(account, simulator):
    fill(account, 3)
    simulator.fail_next(3, "repeated_token")
    first = account.get(PATH, page_size=1)
    again = account.get(PATH, page_size=1, page_token=first["next_page_token"])
    assert again == first
    simulator.fail_next(1, "repeated_token")
    token = account.get(PATH, page_size=1, page_token=first["next_page_token"])["next_page_token"]
    assert token == first["next_page_token"]


def test_an_empty_page_can_carry_a_token_that_goes_on(account, simulator):
    fill(account, 3)
    simulator.fail_next(2, "empty_page")
    assert account.walk(PATH, page_size=2) == [[], [], ["j2", "j1"], ["j0"]]
    assert [row.job_id for row in simulator.log] == ["j2", "j1", "j0"]


def test_a_page_can_be_an_empty_object(account, simulator):
    fill(account, 1)
    simulator.fail_next(1, "no_page")
    assert (account.get(PATH), simulator.log) == ({}, [])


def test_an_item_can_be_one_that_nobody_can_read(account, simulator):
    fill(account, 3)
    for _ in range(50):
        simulator.fail_next(1, "garbled")
        items = account.get(PATH)["items"]
        good = [
            i
            for i in items
            if isinstance(i, dict) and isinstance(i.get("id"), str) and isinstance(i.get("status"), str)
        ]
        assert (len(items), len(good)) == (3, 2)
        assert [row.job_id for row in simulator.drain().shown] == [item["id"] for item in good]


def test_a_job_can_stand_twice_on_a_page_with_two_statuses(account, simulator):
    jobs = fill(account, 3)
    simulator.move(jobs[1], "RUNNING")
    simulator.fail_next(1, "twice")
    items = [(item["id"], item["status"]) for item in account.get(PATH)["items"]]
    assert sorted(items) == [("j0", "PENDING"), ("j1", "PENDING"), ("j1", "RUNNING"), ("j2", "PENDING")]
    assert [(row.job_id, row.status) for row in simulator.log] == items


def test_a_page_of_jobs_that_never_moved_shows_none_twice(account, simulator):
    fill(account, 3)
    simulator.fail_next(1, "twice")
    assert account.ids(PATH) == ["j2", "j1", "j0"]


@pytest.mark.parametrize(
    ("dates", "shown", "logged"),
    [
        ("null", {"created_at": None, "updated_at": None}, ""),
        ("missing", {}, ""),
        (
            "naive",
            dict.fromkeys(("created_at", "updated_at"), "2026-09-21T14:13:20.000000"),
            "2026-09-21T14:13:20.000000",
        ),
    ],
)
def test_dates_can_be_null_or_missing_or_naive(account, simulator, dates, shown, logged):
    job = simulator.create("parse", dates=dates)
    for item in (account.get(PATH)["items"][0], account.get(f"{PATH}/{job.id}")["job"]):
        assert {name: value for name, value in item.items() if name.endswith("_at")} == shown
    assert {row.created_at for row in simulator.log} == {logged}


def test_total_size_can_be_wrong(open_account):
    account = open_account(Scenario(total_size="wrong"))
    fill(account, 5)
    assert len({account.get(PATH)["total_size"] for _ in range(50)}) > 3


def test_what_was_asked_by_id_and_is_not_there_is_logged(account, simulator):
    fill(account, 2)
    account.answer(f"{PATH}/x")
    account.ids(PATH, job_ids=["x", "j1", "y"])
    account.ids(PATH, job_ids=["x"], status="RUNNING")
    simulator.fail_next(1, "absent")
    account.answer(f"{PATH}/x")
    shown, missed = simulator.drain()
    assert [row.job_id for row in shown] == ["j1"]
    assert missed == [
        Missed(1, START, "parse", "x", by_id=True),
        Missed(2, START, "parse", "x", by_id=False),
        Missed(2, START, "parse", "y", by_id=False),
    ]
    assert simulator.drain() == ([], [])


def test_what_reached_nobody_is_not_missed(account, simulator):
    simulator.take_back(account.answer(f"{PATH}/x"))
    assert simulator.missed == []


def test_a_younger_answer_overtakes_a_slow_one(open_account):
    account = open_account(Scenario(slow=9))
    job = account.simulator.create("parse", id="a")
    account.simulator.fail_next(1, "slow")
    account.get(PATH)
    account.clock.pass_(1)
    account.simulator.move(job, "RUNNING")
    account.get(PATH)
    arrived = sorted(account.simulator.log, key=lambda row: row.at + row.delay)
    assert [(row.answer, row.status) for row in arrived] == [(2, "RUNNING"), (1, "PENDING")]


readable = st.sampled_from([None, "slow", "twice", "garbled", "empty_page", "repeated_token", "no_page"])


@given(
    moves=st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["RUNNING", "FAILED", "QUEUED"])), max_size=9
    ),
    faults=st.lists(readable, max_size=9),
    lag=st.sampled_from([0, 2.5]),
)
def test_the_log_is_what_the_bodies_say(open_account, moves, faults, lag):
    account = open_account(Scenario(streams={"parse": Stream(count=0, lag=lag, lag_share=0.5)}))
    fill(account, 5)
    for (n, status), fault in zip(moves, faults, strict=False):
        account.clock.pass_(1)
        account.simulator.move(f"j{n}", status)
        if fault:
            account.simulator.fail_next(1, fault)
        items = [i for i in account.get(PATH).get("items", []) if isinstance(i, dict)]
        said = [
            (i["id"], i["status"])
            for i in items
            if isinstance(i.get("id"), str) and isinstance(i.get("status"), str)
        ]
        assert [(row.job_id, row.status) for row in account.simulator.drain().shown] == said


def test_shown_is_made_of_plain_values(account):
    fill(account, 1)
    account.get(PATH)
    (row,) = account.simulator.log
    assert Shown(*json.loads(json.dumps(row))) == row
