from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.render import units

DURATIONS = [
    (0, "0 s"), (0.04, "0 s"), (0.44, "0.4 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"),
    (59.6, "1 m"), (60, "1 m"), (133, "2 m 13 s"), (3599.6, "1 h"), (11100, "3 h 5 m"), (3601, "1 h"),
    (86400, "1 d"), (367200, "4 d 6 h"),
]  # fmt: skip
SIZES = [
    (0, "0 bytes"), (1, "1 byte"), (812, "812 bytes"), (999.7, "1 kB"), (1000, "1 kB"), (1_234_567, "1.2 MB"),
    (999_960, "1 MB"), (123_456_789, "123 MB"), (5e14, "500 TB"), (9.99e14, "999 TB"),
]  # fmt: skip


@pytest.mark.parametrize(("seconds", "text"), DURATIONS)
def test_a_duration_has_its_two_largest_units(seconds, text):
    assert units.duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), SIZES)
def test_a_size_is_counted_by_thousands(count, text):
    assert units.size(count) == text


@pytest.mark.parametrize("nonsense", [-1, float("nan"), float("inf"), 1e300])
def test_what_is_no_duration_nor_size_is_refused(nonsense):
    for unit in (units.duration, units.size):
        with pytest.raises(ValueError, match="is no"):
            unit(nonsense)


@given(st.floats(0, 1e14))
def test_any_duration_and_size_is_short(value):
    assert len(units.duration(value)) < 20
    assert len(units.size(value)) < 12


def test_numbers_have_separators_and_nouns_agree():
    assert [units.many(n, "batch", "batches") for n in (0, 1, 10_000)] == [
        "0 batches",
        "1 batch",
        "10,000 batches",
    ]
    assert units.number(1234.5) == "1,234.5"


def at(text, zone="Europe/Berlin"):
    return units.moment_of(text, ZoneInfo(zone))


def test_a_time_is_shown_in_its_zone():
    assert units.time(at("2026-07-01T22:15:30.9Z")) == "2 Jul 2026, 00:15:30 CEST"
    assert units.time(at("2026-11-22T10:15:30", "Asia/Dubai")) == "22 Nov 2026, 14:15:30 UTC+04"
    assert units.time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2 Jan 2026, 03:04:05 UTC"


SPANS = [
    ("2026-11-22T09:15:30Z", "2026-11-22T09:15:30.9Z", "22 Nov 2026, 10:15:30 CET"),
    ("2026-11-22T09:15:30Z", "2026-11-22T09:17:02Z", "22 Nov 2026, 10:15:30 – 10:17:02 CET"),
    ("2026-11-22T09:17:02Z", "2026-11-22T09:15:30Z", "22 Nov 2026, 10:15:30 – 10:17:02 CET"),
    ("2026-11-22T22:59:58Z", "2026-11-22T23:03:10Z", "22 Nov 2026, 23:59:58 – 23 Nov 2026, 00:03:10 CET"),
    (
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "25 Oct 2026, 02:30:00 CEST – 25 Oct 2026, 02:30:00 CET",
    ),
]


@pytest.mark.parametrize(("first", "last", "text"), SPANS)
def test_a_span_names_a_day_and_a_zone_twice_only_where_they_are_two(first, last, text):
    assert units.span(at(first), at(last)) == text


@pytest.mark.parametrize("nonsense", ["", "soon", "2026-13-01", "9999-12-31T23:59:59-12:00", "1" * 10_000])
def test_nonsense_is_no_time(nonsense):
    assert at(nonsense) is None
    assert units.seconds_at(nonsense) is None
