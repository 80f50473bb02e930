"""How many requests a minute a configuration wants, against what is worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.cli.pace import pace
from relay.model import Secret
from relay.sources import KINDS, SourceSpec
from relay.sources.pace import shares


def too_many(what):
    return f": too many, so {what}; raise every or requests_per_minute"


def source(name, kind=None, *, key="a", **values):
    kind = KINDS[kind or name.partition(".")[2] or name]
    return SourceSpec(name=name, kind=kind, base_url="https://x.example", api_key=Secret(key), **values)


# fmt: off
BY_HAND = {
    "one source: 60 / 15":
        ([source("parse")], {}, ["the key: 1 source wants 4 requests a minute of 20"]),
    "all six kinds: 5 x 60/15 and 4 x 60/15, of which each gets 20 / 6":
        ([source(kind) for kind in KINDS], {},
         ["the key: 6 sources want 36 requests a minute of 20"
          + too_many("each is read about every 18 to 72 s")]),
    "what was measured counts: (3 + 2) x 60/15":
        ([source("parse"), source("extract")], {"parse": 3.0, "extract": 2.0},
         ["the key: 2 sources want 20 requests a minute of 20"]),
    "what was never measured is estimated":
        ([source("parse"), source("extract")], {"parse": 4.0, "extract": None},
         ["the key: 2 sources want 20 requests a minute of 20"]),
    "200 alike share 20 a minute, so a request each 10 minutes":
        ([source(f"s{n}", "parse") for n in range(200)], {},
         ["the key: 200 sources want 800 requests a minute of 20"
          + too_many("each is read about every 600 s")]),
    "the lowest rate of a key holds: 2 x 60/1 of 4, so 2 each":
        ([source("a", "parse", every=1, requests_per_minute=600),
          source("b", "parse", every=1, requests_per_minute=4)], {},
         ["the key: 2 sources want 120 requests a minute of 4"
          + too_many("each is read about every 30 s")]),
    "who wants little is not slowed: 1 of 6 goes to b, 5 to a":
        ([source("a", "parse", every=5, requests_per_minute=6),
          source("b", "parse", every=60, requests_per_minute=6)], {},
         ["the key: 2 sources want 13 requests a minute of 6"
          + too_many("a is read about every 12 s")]),
    "paces may differ: 10 of 20 each":
        ([source("a", "parse", every=1), source("b", "parse", every=3)], {},
         ["the key: 2 sources want 80 requests a minute of 20"
          + too_many("each is read about every 6 s")]),
    "and do where looks cost differently":
        ([source("a", "parse", every=1), source("b", "parse", every=1)], {"b": 3.0},
         ["the key: 2 sources want 240 requests a minute of 20"
          + too_many("each is read about every 6 to 18 s")]),
    "each key has a line of its own, in the order of the file":
        ([source("z.parse", key="z", every=60), source("acme.parse"),
          source("z.split", key="z", every=60)], {},
         ["the key of z.parse: 2 sources want 2 requests a minute of 20",
          "the key of acme.parse: 1 source wants 4 requests a minute of 20"]),
    "large numbers are written out: 60/1 x 50":
        ([source("parse", requests_per_minute=6000, every=1)], {"parse": 50.0},
         ["the key: 1 source wants 3000 requests a minute of 6000"]),
}
# fmt: on


@pytest.mark.parametrize(("sources", "measured", "lines"), BY_HAND.values(), ids=BY_HAND)
def test_the_pace_is_what_is_worked_out_by_hand(sources, measured, lines):
    assert list(pace(sources, measured)) == lines


def test_no_key_is_ever_said():
    sources = [source("parse", key="llx-secret"), source("split", key="llx-other")]
    assert "llx" not in "".join(pace(sources, {}))


wishes = st.dictionaries(st.text(max_size=3), st.floats(0.01, 10_000), min_size=1, max_size=20)


@given(wishes, st.floats(1, 10_000))
def test_nobody_gets_more_than_wanted_and_nothing_is_left_while_someone_wants(wants, allowed):
    got = shares(wants, allowed)
    assert all(got[name] <= wants[name] * 1.000001 for name in wants)
    assert sum(got.values()) == pytest.approx(min(allowed, sum(wants.values())))


@given(wishes, st.floats(1, 10_000))
def test_who_does_not_get_all_gets_as_much_as_anyone(wants, allowed):
    got = shares(wants, allowed)
    most = max(got.values())
    assert all(got[name] >= most * 0.999999 for name in wants if got[name] < wants[name] * 0.999999)
