"""What a look asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.model import canonical_time, seconds_of, utc_text
from relay.plan import Can, first_look, first_window, open_words, steady_look
from relay.sources import KINDS

ALL = Can(dates=True, job_ids=True, open_words=("PENDING", "RUNNING"))
NO_IDS = Can(dates=True, job_ids=False, open_words=("PENDING", "THROTTLED", "RUNNING"))
NOTHING = Can(dates=False, job_ids=False, open_words=("pending", "dispatched", "running"))
MARK = "2026-11-22T12:00:00.000000Z"
START = "2026-11-22T11:55:00.000000Z"
WINDOW = {"created_at_on_or_after": START}


def params(plan):
    return [dict(listing.params) for listing in plan.listings]


def statuses(*words):
    return [{"status": word} for word in words]


def a_job(n, created_at=None):
    return (f"job-{n}", created_at or f"2026-11-20T00:00:{n % 60:02}.000000Z", "RUNNING", MARK)


def test_a_first_look_lists_what_is_open_in_the_order_of_life_the_first_once_more_and_the_last_hour():
    plan = first_look(NO_IDS, baseline=MARK, since=None)
    hour = {"created_at_on_or_after": "2026-11-22T11:00:00.000000Z"}
    assert params(plan) == [*statuses("PENDING", "THROTTLED", "RUNNING", "PENDING"), hour]


def test_before_the_api_has_told_its_time_a_first_look_has_no_window():
    assert params(first_look(ALL, baseline=None, since=MARK)) == statuses("PENDING", "RUNNING", "PENDING")


def test_a_first_look_without_dates_walks_the_whole_list():
    plan = first_look(NOTHING, baseline=MARK, since=None)
    assert params(plan) == [*statuses("pending", "dispatched", "running", "pending"), {}]
    assert plan.listings[-1].until is None


@pytest.mark.parametrize(
    ("since", "start"),
    [
        (None, "2026-11-22T11:00:00.000000Z"),
        ("2026-11-01T00:00:00.000000Z", "2026-11-01T00:00:00.000000Z"),
        ("2026-11-22T11:30:00.000000Z", "2026-11-22T11:00:00.000000Z"),
    ],
)
def test_the_first_window_reaches_back_an_hour_or_to_since(since, start):
    assert first_window(baseline=MARK, since=since).params == {"created_at_on_or_after": start}


def test_a_steady_look_with_nothing_old_and_open_is_one_window():
    for can in (ALL, NO_IDS):
        plan = steady_look(can, mark=MARK, jobs=[a_job(1, START), a_job(2, MARK)])
        assert (params(plan), plan.ask) == ([WINDOW], ())


def test_what_is_older_is_asked_for_by_fifty_ids_at_a_time():
    plan = steady_look(ALL, mark=MARK, jobs=[a_job(n) for n in range(120)])
    assert params(plan)[0] == WINDOW
    assert [len(asked["job_ids"]) for asked in params(plan)[1:]] == [50, 50, 20]
    assert plan.ask == ()


def test_where_ids_are_no_filter_the_open_are_listed_and_those_not_shown_asked_for():
    plan = steady_look(NO_IDS, mark=MARK, jobs=[a_job(1), a_job(2, MARK)])
    assert params(plan) == [*statuses("PENDING", "THROTTLED", "RUNNING"), WINDOW]
    assert plan.ask == ("job-1",)


def test_where_dates_are_no_filter_the_list_is_walked_until_the_window_s_begin():
    plan = steady_look(NOTHING, mark=MARK, jobs=[a_job(1, MARK)])
    assert params(plan) == [*statuses("pending", "dispatched", "running"), {}]
    assert (plan.listings[-1].until, plan.ask) == (START, ("job-1",))


def test_a_job_without_a_date_is_outside_of_every_window():
    plan = steady_look(ALL, mark=MARK, jobs=[("a", "", "RUNNING", MARK)])
    assert params(plan) == [WINDOW, {"job_ids": ("a",)}]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_open_words_keep_the_spelling_and_the_order_of_the_endpoint(kind):
    assert [word.upper() for word in open_words(kind.statuses)] == [
        word.upper() for word in kind.statuses if word.upper() not in {"COMPLETED", "FAILED", "CANCELLED"}
    ]
    assert set(open_words(kind.statuses)) <= set(kind.statuses)


ages = st.integers(-3600, 40 * 86400)
open_jobs = st.lists(ages | st.none(), max_size=200).map(
    lambda found: [
        (f"job-{n}", "" if age is None else canonical_time(utc_text(seconds_of(MARK) - age)), "RUNNING", MARK)
        for n, age in enumerate(found)
    ]
)


@given(open_jobs, st.sampled_from([ALL, NO_IDS, NOTHING]))
def test_every_job_that_may_move_is_in_the_window_or_asked_for(jobs, can):
    plan = steady_look(can, mark=MARK, jobs=jobs)
    chunks = [asked["job_ids"] for asked in params(plan) if "job_ids" in asked]
    asked = [job_id for chunk in chunks for job_id in chunk] + list(plan.ask)
    window = {job_id for job_id, created_at, *_ in jobs if can.dates and created_at >= START}
    assert sorted([*asked, *window]) == sorted(job_id for job_id, *_ in jobs)
    assert all(1 <= len(chunk) <= 50 for chunk in chunks)


@given(open_jobs, st.sampled_from([ALL, NO_IDS]))
def test_what_a_look_costs_follows_what_is_open_not_history(jobs, can):
    plan = steady_look(can, mark=MARK, jobs=jobs)
    assert len(plan.listings) <= 1 + len(can.open_words) + len(jobs) // 50 + 1
