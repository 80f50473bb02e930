"""Whatever bytes come from outside, no more comes of them than a line that says what is wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS, timed


@st.composite
def spoilt(draw, seeds):
    """Some bytes of a seed are others, gone, or twice."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        place, length = draw(st.integers(0, len(data))), draw(st.integers(0, 8))
        data[place : place + length] = draw(st.binary(max_size=8) | st.just(bytes(data[place:])))
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_do_harm(name):
    @settings(max_examples=150, deadline=None, database=None)
    @given(spoilt(SEEDS[name]) | st.binary(max_size=60))
    def holds(data):
        timed(TARGETS[name], data)

    holds()


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("size", [10_000, 100_000])
def test_deep_and_long_bytes_do_no_harm(name, size):
    for unit in (b"[", b"{", b'{"a":', b"(", b"a", b"\x00", b"{{ ", b"&a=", b"\n", b"\xf0\x9f\x98\x80"):
        timed(TARGETS[name], unit * (size // len(unit)))
