"""Which sighting counts, and which is news. The sentences are those of the design."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.diff import Baseline, Known, Sighting, Verdict, is_fresher, judge
from relay.model import Job, is_open, stage

EARLY, NOON, LATE = (f"2026-11-22T{hour}:00:00.000000Z" for hour in ("11", "12", "13"))
NEWS, LEARN, SAME, DOUBT = Verdict.NEWS, Verdict.LEARN, Verdict.SAME, Verdict.DOUBT

FIRST_LOOK = Baseline(news_after=NOON, grace_after="2026-11-22T11:55:00.000000Z", first_look_whole=False)
STEADY = Baseline(news_after=NOON, grace_after="2026-11-22T11:55:00.000000Z", first_look_whole=True)
LIST, BY_ID = Sighting(began=7), Sighting(began=7, by_id=True)


def a_job(status, *, created_at=EARLY, updated_at=NOON):
    return Job(id="a", status=status, created_at=created_at, updated_at=updated_at)


def known(status, *, updated_at=NOON, seq=7):
    return Known("a", EARLY, status, updated_at, seq, changes=1, spell_at=NOON, told_stuck=0, missed_at=None)


@pytest.mark.parametrize(
    ("created_at", "baseline", "verdict"),
    [
        (LATE, FIRST_LOOK, NEWS),
        (NOON, FIRST_LOOK, LEARN),
        ("2026-11-22T11:59:59.999999Z", FIRST_LOOK, LEARN),
        ("", FIRST_LOOK, LEARN),
        (LATE, STEADY, NEWS),
        ("2026-11-22T11:55:00.000001Z", STEADY, NEWS),
        ("2026-11-22T11:55:00.000000Z", STEADY, LEARN),
        (EARLY, STEADY, LEARN),
        ("", STEADY, NEWS),
    ],
)
def test_a_first_sight_is_news_if_it_was_created_after_the_baseline_or_within_the_grace(
    created_at, baseline, verdict
):
    assert judge(None, a_job("COMPLETED", created_at=created_at), LIST, baseline) is verdict


@pytest.mark.parametrize("how", [LIST, BY_ID])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("PENDING", "RUNNING"),
        ("PENDING", "COMPLETED"),
        ("THROTTLED", "DISPATCHED"),
        ("RUNNING", "PARTIAL_SUCCESS"),
        ("PARTIAL_SUCCESS", "FAILED"),
        ("FAILED", "COMPLETED"),
        ("COMPLETED", "CANCELLED"),
    ],
)
def test_a_step_forward_in_a_job_s_life_is_news(before, after, how):
    assert judge(known(before), a_job(after), how, STEADY) is NEWS


@pytest.mark.parametrize(
    ("before", "after"),
    [("RUNNING", "PENDING"), ("COMPLETED", "RUNNING"), ("FAILED", "PARTIAL_SUCCESS"), ("EXPIRED", "RUNNING")],
)
@pytest.mark.parametrize("updated_at", [NOON, LATE, ""])
def test_a_step_back_that_a_list_shows_is_asked_by_id_and_then_believed(before, after, updated_at):
    assert judge(known(before), a_job(after, updated_at=updated_at), LIST, STEADY) is DOUBT
    assert judge(known(before), a_job(after, updated_at=updated_at), BY_ID, STEADY) is NEWS


@pytest.mark.parametrize(("recorded", "updated_at"), [(NOON, ""), ("", NOON), ("", "")])
@pytest.mark.parametrize(("before", "after"), [("FAILED", "COMPLETED"), ("PROCESSING", "RUNNING")])
def test_of_two_statuses_that_may_follow_each_other_either_way_a_list_without_times_says_nothing(
    before, after, recorded, updated_at
):
    seen = a_job(after, updated_at=updated_at)
    assert judge(known(before, updated_at=recorded), seen, LIST, STEADY) is DOUBT
    assert judge(known(before, updated_at=recorded), seen, BY_ID, STEADY) is NEWS


@pytest.mark.parametrize(
    ("recorded", "seen", "verdict"),
    [(NOON, EARLY, DOUBT), (NOON, NOON, NEWS), (NOON, LATE, NEWS), ("", EARLY, NEWS), (NOON, "", NEWS)],
)
def test_a_list_that_shows_an_older_update_does_not_count(recorded, seen, verdict):
    assert (
        judge(known("RUNNING", updated_at=recorded), a_job("FAILED", updated_at=seen), LIST, STEADY)
        is verdict
    )


@pytest.mark.parametrize("by_id", [False, True])
def test_an_answer_that_was_asked_for_before_the_recorded_one_was_complete_does_not_count(by_id):
    overtaken = Sighting(began=6, by_id=by_id)
    assert judge(known("RUNNING", seq=7), a_job("COMPLETED", updated_at=LATE), overtaken, STEADY) is DOUBT


@pytest.mark.parametrize("before", [None, known("PENDING"), known("RUNNING")])
def test_a_job_that_one_look_shows_with_two_statuses_does_not_count(before):
    conflicting = Sighting(began=7, conflicting=True)
    assert judge(before, a_job("RUNNING", created_at=LATE), conflicting, STEADY) is DOUBT


def test_the_same_status_says_nothing_however_old_it_is():
    for how in (LIST, BY_ID, Sighting(began=0)):
        for updated_at in ("", EARLY, LATE):
            assert judge(known("RUNNING"), a_job("RUNNING", updated_at=updated_at), how, STEADY) is SAME


@pytest.mark.parametrize(
    ("began", "updated_at", "fresher"),
    [(7, LATE, True), (8, LATE, True), (6, LATE, False), (7, NOON, False), (7, "", False)],
)
def test_only_a_younger_answer_moves_the_recorded_update_on(began, updated_at, fresher):
    seen = a_job("RUNNING", updated_at=updated_at)
    assert is_fresher(seen, known("RUNNING"), Sighting(began=began)) is fresher


words = st.sampled_from(
    [
        "PENDING",
        "THROTTLED",
        "DISPATCHED",
        "RUNNING",
        "PROCESSING",
        "NEW_WORD",
        "COMPLETED",
        "FAILED",
        "CANCELLED",
    ]
)
times = st.sampled_from(["", EARLY, NOON, LATE])
sightings = st.builds(Sighting, began=st.integers(0, 9), by_id=st.booleans(), conflicting=st.booleans())
jobs = st.builds(Job, id=st.just("a"), status=words, created_at=times, updated_at=times)
rows = st.builds(
    Known,
    id=st.just("a"),
    created_at=times,
    status=words,
    updated_at=times,
    seq=st.integers(0, 9),
    changes=st.integers(0, 9),
    spell_at=times,
    told_stuck=st.integers(0, 1),
    missed_at=times | st.none(),
)
baselines = st.sampled_from([FIRST_LOOK, STEADY])


@given(rows, jobs, sightings, baselines)
def test_news_of_a_known_job_is_always_another_status(before, seen, how, baseline):
    verdict = judge(before, seen, how, baseline)
    assert verdict is not LEARN
    if verdict is NEWS:
        assert seen.status != before.status
        assert how.began >= before.seq
        assert not how.conflicting
        assert how.by_id or stage(seen.status) >= stage(before.status)


@given(rows, jobs, sightings, baselines)
def test_a_sighting_that_differs_is_news_or_asked_for_never_forgotten(before, seen, how, baseline):
    verdict = judge(before, seen, how, baseline)
    assert (verdict in {NEWS, DOUBT}) or seen.status == before.status


@given(rows, jobs, sightings, baselines)
def test_asking_once_more_by_id_leaves_no_doubt(before, seen, how, baseline):
    asked = Sighting(began=max(how.began, before.seq), by_id=True)
    assert judge(before, seen, asked, baseline) is not DOUBT


@given(jobs, sightings, baselines)
def test_a_first_sight_says_what_it_said_however_it_was_made(seen, how, baseline):
    verdict = judge(None, seen, how, baseline)
    assert verdict is (DOUBT if how.conflicting else NEWS if baseline.is_news(seen.created_at) else LEARN)


@given(words)
def test_every_word_but_the_three_ends_is_open(word):
    assert is_open(word) is (word not in {"COMPLETED", "FAILED", "CANCELLED"})
