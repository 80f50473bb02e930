"""What a look asks for."""

from math import ceil

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay import plan
from relay.model import canonical_time, seconds_of, utc_text
from relay.plan import Can, Listing, Question, Straggler
from relay.sources import KINDS

ALL = Can(dates=True, job_ids=True, open_words=("PENDING", "RUNNING"), page_size=100)
NO_IDS = Can(dates=True, job_ids=False, open_words=("PENDING", "THROTTLED", "RUNNING"), page_size=100)
NOTHING = Can(dates=False, job_ids=False, open_words=("pending", "dispatched", "running"), page_size=1000)
MARK = "2026-11-22T12:00:00.000000Z"
START = "2026-11-22T11:55:00.000000Z"
NOON = seconds_of(MARK)
HOUR, DAY = 3600.0, 86400.0


def ago(seconds):
    return canonical_time(utc_text(NOON - seconds))


def a_job(n, seconds=2 * HOUR, status="RUNNING", idle=0.0):
    return Straggler(f"job-{n}", ago(seconds), status, idle)


def params(listings):
    return [dict(listing.params) for listing in listings]


def statuses(*words):
    return [{"status": word} for word in words]


def a_look(can, jobs, known=(), counts=None, undated=()):
    return plan.steady_look(
        can, start=START, jobs=jobs, rising=sorted(known), open_counts=counts or {}, undated=undated
    )


def ids(jobs):
    return sorted(job.id for job in jobs)


# The first look, and what is new.


@pytest.mark.parametrize(
    ("can", "asked"),
    [
        (ALL, statuses("PENDING", "RUNNING", "PENDING")),
        (NO_IDS, statuses("PENDING", "THROTTLED", "RUNNING", "PENDING")),
        (NOTHING, [*statuses("pending", "dispatched", "running", "pending"), {}]),
    ],
)
def test_a_first_look_lists_what_is_open_in_the_order_of_life_the_first_once_more(can, asked):
    assert params(plan.first_look(can)) == asked


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_open_words_keep_the_spelling_and_the_order_of_the_endpoint(kind):
    words = plan.open_words(kind.statuses)
    ends = {"COMPLETED", "FAILED", "CANCELLED"}
    assert list(words) == [word for word in kind.statuses if word.upper() not in ends]


A, B, C = "2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z"


@pytest.mark.parametrize(
    ("times", "before", "after"),
    [
        ([C, B, A], None, "newest"),
        ([A, B, C], None, "oldest"),
        ([B, A, C], None, "none"),
        ([C, "", A], None, "newest"),
        ([B], None, None),
        ([], None, None),
        ([B, B], "oldest", "oldest"),
        ([C, A], "newest", "newest"),
        ([A, C], "newest", "none"),
        ([C, A], "none", "none"),
    ],
)
def test_the_order_of_a_list_is_learned_and_checked_on_each_page(times, before, after):
    assert plan.order_of(times, before) == after


@pytest.mark.parametrize(
    ("ordering", "end", "listings"),
    [
        (None, 0, (Listing(until=START),)),
        ("newest", 5000, (Listing(until=START),)),
        ("oldest", 5000, (Listing(offset=4000),)),
        ("oldest", 7, (Listing(offset=0),)),
        ("none", 5000, ()),
    ],
)
def test_a_list_without_dates_is_read_from_its_newest_end(ordering, end, listings):
    assert plan.what_is_new(ordering, until=START, end=end, page_size=1000) == listings


# A steady look.


def test_with_nothing_old_and_open_it_is_one_window():
    for can in (ALL, NO_IDS):
        look = a_look(can, [a_job(1, 60), a_job(2, -60)], known=[ago(60), ago(-60)])
        assert (params(look.listings), look.ask) == ([{"created_at_on_or_after": START}], ())


def test_without_dates_the_open_are_listed_then_what_is_new_and_those_that_left_are_asked_for():
    look = a_look(NOTHING, [a_job(1, 60)], undated=(Listing(until=START),))
    assert params(look.listings) == [*statuses("pending", "dispatched", "running"), {}]
    assert ids(look.ask) == ["job-1"]


@pytest.mark.parametrize("can", [ALL, NO_IDS])
def test_one_stuck_job_of_last_month_does_not_widen_the_window(can):
    stuck = a_job(1, 30 * DAY)
    since = [ago(60 * n) for n in range(plan.YOUNG)]
    look = a_look(can, [stuck], known=since, counts={"RUNNING": 1})
    assert (look.start, look.listings, look.ask) == (START, (plan.window(START),), (stuck,))


def test_where_it_costs_no_page_more_the_window_is_widened():
    jobs = [a_job(n, HOUR + n) for n in range(20)]
    look = a_look(NO_IDS, jobs, known=[job.created_at for job in jobs], counts={"RUNNING": 20})
    assert (look.start, look.ask) == (jobs[-1].created_at, ())


@pytest.mark.parametrize(("can", "most"), [(ALL, 11), (NO_IDS, 9)])
def test_five_hundred_open_jobs_of_the_last_hour_are_not_asked_one_by_one(can, most):
    jobs = [a_job(n, 400 + 6 * n) for n in range(500)]
    counts = {"PENDING": 250, "RUNNING": 250}
    look = a_look(can, jobs, known=[job.created_at for job in jobs], counts=counts)
    assert cost(look, can, [job.created_at for job in jobs], counts) <= most


def test_a_job_without_a_date_is_outside_of_every_window():
    dateless = Straggler("a", "", "RUNNING", 0.0)
    assert a_look(ALL, [dateless], known=[ago(60)]).ask == (dateless,)


def cost(look, can, younger, counts):
    """By the estimate of the snapshot: what an open list shows, but for a tenth, is not asked for."""
    pages = sum(time >= look.start for time in younger) // can.page_size + 1
    words = [asked["status"] for asked in params(look.listings) if "status" in asked]
    shown = [job for job in look.ask if job.status in words]
    lists = sum(counts.get(word, 0) // can.page_size + 1 for word in words)
    return pages + lists + 0.1 * len(shown) + by_id(can, [job for job in look.ask if job not in shown])


def by_id(can, jobs):
    if can.job_ids:
        return ceil(len(jobs) / plan.CHUNK)
    dated = {job.created_at for job in jobs if job.created_at}
    return len(dated) + sum(not job.created_at for job in jobs)


ages = st.floats(-HOUR, 40 * DAY) | st.floats(-HOUR, 2 * HOUR) | st.sampled_from([HOUR, DAY])
words = st.sampled_from(["PENDING", "RUNNING", "THROTTLED", "ODD", "COMPLETED"])
jobs_of_all_ages = st.lists(st.tuples(ages | st.none(), words), max_size=150).map(
    lambda found: [
        Straggler(f"job-{n}", "" if age is None else ago(age), word, 0.0)
        for n, (age, word) in enumerate(found)
    ]
)
HUNDRED = [Straggler(f"job-{n}", ago(HOUR), "RUNNING", 0.0) for n in range(100)]


@given(jobs_of_all_ages, jobs_of_all_ages, st.sampled_from([ALL, NO_IDS, NOTHING]))
@example(HUNDRED, HUNDRED, NO_IDS)
def test_each_straggler_is_shown_by_the_window_or_asked_for_and_none_twice(jobs, others, can):
    younger = sorted((job.created_at for job in (*jobs, *others) if job.created_at), reverse=True)
    look = a_look(can, jobs, known=younger)
    in_window = [job for job in jobs if look.start and job.created_at >= look.start]
    assert ids([*in_window, *look.ask]) == ids(jobs)
    assert look.start <= START


@given(jobs_of_all_ages, jobs_of_all_ages, st.sampled_from([ALL, NO_IDS]))
@example(HUNDRED, HUNDRED, NO_IDS)
def test_the_plan_never_costs_more_than_asking_for_each_by_id(jobs, others, can):
    every = [*jobs, *others]
    younger = [job.created_at for job in every if job.created_at]
    counts = {word: sum(job.status == word for job in every) for word in can.open_words}
    look = a_look(can, jobs, known=younger, counts=counts)
    plain = sum(time >= START for time in younger) // can.page_size + 1
    older = [job for job in jobs if job.created_at < START]
    assert cost(look, can, younger, counts) <= plain + by_id(can, older) + 1e-9


@given(jobs_of_all_ages, st.sampled_from([ALL, NO_IDS, NOTHING]))
def test_questions_ask_for_each_once_in_few_requests(jobs, can):
    asked = plan.questions(can, jobs)
    assert sorted(job_id for question in asked for job_id in question.ids) == ids(jobs)
    assert all(len(question.ids) <= plan.CHUNK for question in asked if can.job_ids)
    assert all(len(question.ids) == 1 for question in asked if not question.params)
    if can.dates:
        assert len(asked) == by_id(can, jobs)


def test_jobs_of_one_instant_are_asked_for_by_that_instant():
    assert plan.questions(NO_IDS, HUNDRED[:2]) == [
        Question(
            ("job-0", "job-1"),
            {"created_at_on_or_after": ago(HOUR), "created_at_on_or_before": ago(HOUR)},
        )
    ]


def test_neighbours_whose_window_shows_a_page_at_most_are_asked_for_together():
    crowd = sorted(job.created_at for job in HUNDRED) * 2
    jobs = [a_job(1, 3 * HOUR), a_job(2, 2 * HOUR), a_job(3, 30)]
    known = sorted([*(job.created_at for job in jobs), *crowd])
    far, near = Question(("job-1", "job-2"), plan.window(ago(3 * HOUR), ago(2 * HOUR)).params), ("job-3",)
    assert plan.questions(NO_IDS, jobs, known) == [far, Question(near, {})]
    assert len(plan.questions(NO_IDS, jobs, known[1:])) == 3  # how much the first window shows is not known


# The second look.


def test_a_resync_lists_the_open_once_more_and_what_ended_by_windows_or_by_id():
    ended = [*(a_job(n, 9 * DAY, "FAILED") for n in range(3)), *(a_job(n, HOUR - n) for n in range(10, 611))]
    asked = plan.resync(ALL, ended, recent=ago(2 * DAY))
    young = [job.created_at for job in ended[3:]]
    assert asked == [
        *plan.open_lists(ALL),
        plan.window(young[0], young[499]),
        plan.window(young[500], young[600]),
        *plan.questions(ALL, ended[:3]),
    ]


def test_a_resync_without_dates_walks_the_list_itself():
    asked = plan.resync(NOTHING, [], recent="", undated=(Listing(),))
    assert asked == [*plan.open_lists(NOTHING), Listing()]
