"""How often a job that does not move is asked for, and how long it takes to tell."""

import time
from itertools import pairwise
from math import log

import pytest

from relay import plan
from relay.model import canonical_time, seconds_of, utc_text
from relay.plan import Can, Straggler

ALL = Can(dates=True, job_ids=True, open_words=("PENDING", "RUNNING"), page_size=100)
NO_IDS = Can(dates=True, job_ids=False, open_words=("PENDING", "THROTTLED", "RUNNING"), page_size=100)
MARK = "2026-11-22T12:00:00.000000Z"
START = "2026-11-22T11:55:00.000000Z"
NOON = seconds_of(MARK)
HOUR, DAY = 3600.0, 86400.0


def a_job(n, seconds, status="RUNNING", idle=0.0):
    return Straggler(f"job-{n}", canonical_time(utc_text(NOON - seconds)), status, idle)


def asked_at(job_id, *, status="RUNNING", days, every=15.0, began=NOON):
    """Seconds after its last change at which a job is asked, with a look each `every`."""
    looks = [n * every for n in range(1, int(days * DAY / every))]
    return [
        idle
        for idle in looks
        if plan.due(
            [Straggler(job_id, MARK, status, idle)],
            every=every,
            last=began + idle - every,
            now=began + idle,
        )
    ]


@pytest.mark.parametrize("job_id", ["pjb-1", "pjb-2", "exj-42"])
@pytest.mark.parametrize("every", [15.0, 300.0])
def test_a_straggler_is_asked_about_every_twentieth_of_the_time_it_has_not_changed(job_id, every):
    asked = asked_at(job_id, days=10, every=every)
    fresh = 20 * every
    assert [idle for idle in asked if idle < fresh] == [n * every for n in range(1, 20)]
    for before, after in pairwise(idle for idle in asked if idle >= fresh):
        assert after - before <= 1.5 * after / 20 + 2 * every  # more than 1 only where the pace changes
    late = len([idle for idle in asked if idle >= fresh])
    assert 20 * log(10 * DAY / fresh) - 20 <= late <= 40 * log(10 * DAY / fresh) + 20


def test_a_job_that_ended_a_short_while_ago_is_asked_in_each_look():
    assert len(asked_at("a", status="COMPLETED", days=0.1)) == 0.1 * DAY / 15 - 1


@pytest.mark.parametrize("job_id", ["pjb-1", "pjb-2", "exj-42"])
def test_an_unknown_word_that_does_not_change_for_a_day_is_asked_once_a_day(job_id):
    asked = [idle for idle in asked_at(job_id, status="PARTIAL_SUCCESS", days=6) if idle > DAY]
    assert len(asked) in {4, 5, 6}
    assert all(after - before == pytest.approx(DAY, abs=15) for before, after in pairwise(asked))


def test_thirty_thousand_jobs_in_an_unknown_word_cost_what_a_pace_of_one_a_day_allows():
    jobs = [a_job(n, 3 * DAY, "EXPIRED", idle=2 * DAY) for n in range(30_000)]
    for hour in range(0, 24, 6):
        now = NOON + hour * HOUR
        due = plan.due(jobs, every=15, last=now - HOUR, now=now)
        assert 0.8 <= len(due) / (30_000 / 24) <= 1.2


def test_looks_that_failed_pass_no_straggler_over():
    jobs = [a_job(n, DAY, idle=DAY / 2) for n in range(300)]
    now = NOON + 7
    each = {
        j.id for n in range(40) for j in plan.due(jobs, every=15, last=now + 15 * n - 15, now=now + 15 * n)
    }
    at_once = plan.due(jobs, every=15, last=now - 15, now=now + 15 * 39)
    assert each == {job.id for job in at_once}


@pytest.mark.parametrize("back", [1.0, HOUR, 400 * DAY])
def test_with_a_clock_set_back_all_are_asked(back):
    jobs = [a_job(n, DAY, idle=0.0) for n in range(300)]
    assert plan.due(jobs, every=15, last=NOON, now=NOON - back) == jobs


def seconds_to_plan(count, can):
    jobs = [a_job(n, HOUR + n, idle=n) for n in range(count)]
    younger = [job.created_at for job in jobs[: plan.YOUNG]]
    spent = []
    for _ in range(3):
        before = time.process_time()
        for _ in range(30_000 // count):
            due = plan.due(jobs, every=15, last=NOON - DAY, now=NOON)
            plan.steady_look(
                can, start=START, jobs=due, rising=sorted(younger), open_counts={"RUNNING": count}
            )
        spent.append(time.process_time() - before)
    return min(spent)


@pytest.mark.parametrize("can", [ALL, NO_IDS])
def test_planning_for_a_hundred_times_as_many_takes_about_a_hundred_times_as_long(can):
    assert seconds_to_plan(30_000, can) <= 4 * seconds_to_plan(300, can)
