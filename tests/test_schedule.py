"""When a delivery is due: the table of DESIGN §9, and laws that hold for every failure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.schedule import LONGEST_RETRY_AFTER, cut, lease_end, longest_wait, next_attempt, retry_delay

MIDDLE = 0.5
DAY = 86400.0
NOW = 1_795_000_000.0

chances = st.floats(0, 1, exclude_max=True)
failures = st.integers(1, 200)
times = st.floats(1e9, 4e9)
asked = st.none() | st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("nth", "seconds"),
    [
        (1, 5),
        (2, 30),
        (3, 2 * 60),
        (4, 10 * 60),
        (5, 30 * 60),
        (6, 2 * 3600),
        (7, 5 * 3600),
        (8, 10 * 3600),
        (9, 14 * 3600),
        (10, 20 * 3600),
        (11, 24 * 3600),
        (12, 24 * 3600),
        (1000, 24 * 3600),
    ],
)
def test_the_wait_after_the_nth_failure(nth, seconds):
    assert retry_delay(nth, MIDDLE) == seconds


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.8), (0.25, 0.9), (0.5, 1.0), (0.75, 1.1)])
def test_a_wait_is_spread_by_a_fifth_either_way(chance, factor):
    assert retry_delay(3, chance) == pytest.approx(120 * factor)


@pytest.mark.parametrize(
    ("now", "retry_after", "due"),
    [
        (NOW, None, NOW + 5),
        (NOW, 3.0, NOW + 5),
        (NOW, 60.0, NOW + 60),
        (NOW, 9 * DAY, NOW + DAY),
        (NOW + 3 * DAY - 2, None, NOW + 3 * DAY),
        (NOW + 3 * DAY - 2, 60.0, NOW + 3 * DAY),
        (NOW + 3 * DAY, None, None),
        (NOW + 3 * DAY, 60.0, None),
        (NOW + 4 * DAY, None, None),
    ],
)
def test_the_next_attempt_is_at_the_end_at_the_latest_and_then_there_is_none(now, retry_after, due):
    assert next_attempt(1, now=now, give_up_at=NOW + 3 * DAY, retry_after=retry_after, chance=MIDDLE) == due


@pytest.mark.parametrize(("retry_after", "due"), [(None, NOW + 900), (5000.0, NOW + 5000), (10.0, NOW + 900)])
def test_what_was_tried_ahead_of_its_time_is_due_when_it_was(retry_after, due):
    values = {"give_up_at": NOW + DAY, "retry_after": retry_after, "chance": MIDDLE}
    assert next_attempt(9, now=NOW, planned=NOW + 900, **values) == due


@given(failures, chances)
def test_every_wait_is_within_a_fifth_of_its_own(nth, chance):
    assert 0.8 <= retry_delay(nth, chance) / retry_delay(nth, MIDDLE) <= 1.2


@given(failures, chances)
def test_waits_never_get_shorter_with_more_failures(nth, chance):
    assert retry_delay(nth, chance) <= retry_delay(nth + 1, chance)


@given(failures, times, st.floats(0, 30 * DAY), asked, chances)
def test_an_attempt_is_ahead_and_never_after_the_end(nth, now, left, retry_after, chance):
    due = next_attempt(nth, now=now, give_up_at=now + left, retry_after=retry_after, chance=chance)
    assert (due is None) == (now + left <= now)
    if due is not None:
        assert now < due <= now + left


@given(failures, times, st.floats(0, 1e9), chances)
def test_what_a_receiver_asks_for_only_lengthens_the_wait(nth, now, retry_after, chance):
    due, own = (
        next_attempt(nth, now=now, give_up_at=5e9, retry_after=seconds, chance=chance)
        for seconds in (retry_after, None)
    )
    assert own <= due
    assert due >= now + min(retry_after, LONGEST_RETRY_AFTER) - 1e-3


@given(times, st.floats(0, 30 * DAY), chances)
def test_a_delivery_that_always_fails_ends_with_an_attempt_at_its_end(now, give_up_after, chance):
    due, end, nth = now, now + give_up_after, 0
    attempts = []
    while due is not None:
        attempts.append(due)
        nth += 1
        due = next_attempt(nth, now=due, give_up_at=end, retry_after=None, chance=chance)
    assert attempts == sorted(set(attempts))
    assert attempts[-1] == end
    assert len(attempts) < 50


def test_a_lease_is_twice_the_time_of_an_attempt():
    assert lease_end(NOW, 15.0) == NOW + 30


@pytest.mark.parametrize(
    ("failures", "group", "seconds"),
    [(0, None, DAY), (0, 60.0, 60.0), (1, None, DAY), (10, None, DAY), (11, None, 1.2 * DAY)],
)
def test_how_long_a_delivery_may_wait(failures, group, seconds):
    assert longest_wait(failures, group=group) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("due", "since", "expected"),
    [
        (NOW + 30, NOW - 10, NOW + 30),
        (NOW + 30, NOW, NOW + 30),
        (NOW + 3630, NOW + 3600, NOW + 30),
        (NOW + 9 * DAY, NOW, NOW + DAY),
        (NOW - 5, NOW - 10, NOW - 5),
    ],
    ids=["began before", "begins now", "began by a clock ahead", "too long", "over"],
)
def test_a_wait_is_cut_to_what_it_may_be_at_a_start(due, since, expected):
    assert cut(due, since=since, now=NOW, longest=DAY) == expected


@given(times, st.floats(0, 30 * DAY), st.floats(-30 * DAY, 30 * DAY), st.floats(0, DAY))
def test_a_start_lengthens_no_wait_and_leaves_none_longer_than_allowed(now, wait, began, longest):
    due = now + began + wait
    after = cut(due, since=now + began, now=now, longest=longest)
    assert after <= due
    assert after - now <= min(longest, max(wait, wait + began)) + 1e-3
