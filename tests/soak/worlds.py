"""What a seed stands for: an account, what befalls it, and the relays that look at it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from relay.model import Secret
from relay.simulator import Fault, Scenario, Stream, Trouble
from relay.sources import KINDS, SourceSpec
from tests.virtual import a_source

HOUR, DAY = 3600.0, 86400.0

FAULTS: tuple[Fault, ...] = (
    *("error", "unavailable", "too_many", "too_many_wait", "html", "broken", "cut", "drop", "slow"),
    *("empty_page", "repeated_token", "garbled", "twice"),
)
"""Not `no_page`: what an empty object keeps back where there is something, no one can know of."""


LAGS = (*[(0.0, 1.0)] * 5, (20.0, 1.0), (90.0, 0.3), (1800.0, 1.0))
"""Seconds by which lists lag, and the share of them that does."""


@dataclass(frozen=True, kw_only=True)
class World:
    """`hours` are lived through. Means in seconds: `killed_every`, `jumps_every`, `hinted_every` (never: 0).
    `our_jump`: how far relay's clock may jump, either way; `their_jump`: likewise the API's.
    """

    name: str
    hours: float
    scenario: Scenario
    specs: tuple[SourceSpec, ...]
    killed_every: float
    jumps_every: float
    our_jump: float
    their_jump: float
    hinted_every: float
    our_offset: float
    by_httpx: bool

    @property
    def seed(self) -> int:
        return Random(self.name).getrandbits(32)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How dense the hours of a world are: a few at the default pace are as many looks as a quiet week."""

    share: float
    hours: tuple[float, float]
    every: tuple[float, ...]
    kinds: tuple[int, int]
    jobs_an_hour: tuple[float, float]
    killed_every: tuple[float, float]
    faults: tuple[float, float]
    by_httpx: float
    small_pages: float
    weights: tuple[int, ...] = (3, 2, 3, 2, 2, 2)  # of the kinds, in their order


PACES = (
    Pace(
        share=0.66,
        hours=(100, 200),
        every=(300.0,),
        kinds=(1, 1),
        jobs_an_hour=(0.7, 2.5),
        killed_every=(4 * HOUR, 24 * HOUR),
        faults=(0.0, 0.1),
        by_httpx=0.0,
        small_pages=0.1,
        weights=(6, 3, 6, 3, 3, 1),
    ),
    Pace(
        share=0.13,
        hours=(4, 9),
        every=(60.0, 90.0, 120.0),
        kinds=(1, 2),
        jobs_an_hour=(10, 30),
        killed_every=(HOUR / 2, 4 * HOUR),
        faults=(0.0, 0.2),
        by_httpx=0.1,
        small_pages=0.3,
    ),
    Pace(
        share=0.21,
        hours=(1, 3),
        every=(15.0, 15.0, 15.0, 30.0),
        kinds=(1, 3),
        jobs_an_hour=(30, 150),
        killed_every=(120.0, 1200.0),
        faults=(0.02, 0.3),
        by_httpx=0.5,
        small_pages=0.3,
    ),
)


def worlds(seed: int, hours: float) -> Iterator[World]:
    """As many as it takes; each is whole, so that its name says all of it."""
    number, left = 0, hours
    while left > 0:
        number += 1
        world = a_world(f"{seed}/{number}")
        left -= world.hours
        yield world


def a_world(name: str) -> World:
    chance = Random(name)
    pace = chance.choices(PACES, [pace.share for pace in PACES])[0]
    hours = round(chance.uniform(*pace.hours), 2)
    some = chance.choices(list(KINDS), pace.weights, k=chance.randint(*pace.kinds))
    kinds = list(dict.fromkeys(some))
    if "batch" in kinds and "parse" not in kinds and chance.random() < 0.5:
        kinds.append("parse")  # the files' jobs are known or asked for
    every = chance.choice(pace.every)
    lag, lag_share = chance.choice(LAGS)
    rate = chance.uniform(*pace.jobs_an_hour) / len(kinds) / HOUR
    small = chance.random() < pace.small_pages
    streams = {kind: _stream(chance, kind, rate, every, lag, lag_share, small=small) for kind in kinds}
    hinted = chance.random() < 0.3
    return World(
        name=name,
        hours=hours,
        scenario=_scenario(chance, streams, chance.uniform(*pace.faults), hours),
        specs=_specs(chance, kinds, every, hinted=hinted, small=small),
        killed_every=chance.choice((0.0, *[chance.uniform(*pace.killed_every)] * 3)),
        jumps_every=chance.choice((0.0, 10 * pace.killed_every[0])),
        our_jump=chance.choice((2.0, 300.0, 2 * HOUR)),
        their_jump=chance.choice((0.0, 2.0, 60.0)),
        hinted_every=(8 if every > HOUR / 30 else 1.5) * every if hinted else 0.0,
        our_offset=chance.choice((0.0, HOUR, -HOUR, 20 * HOUR)),
        by_httpx=chance.random() < pace.by_httpx,
    )


def _stream(
    chance: Random, kind: str, rate: float, every: float, lag: float, lag_share: float, *, small: bool
) -> Stream:
    """Most stay in a status for some looks, some for less than one."""
    odd = {"null": 0.02, "missing": 0.02, "naive": 0.05}
    return Stream(
        rate=rate,
        waiting=every * chance.choice((0.3, 1.0, 3.0)),
        working=every * chance.choice((1.0, 4.0, 20.0)),
        failed=0.15,
        cancelled=0.05,
        stuck=chance.choice((0.0, 0.03)),
        strange=chance.choice((0.0, 0.05)),
        strange_end=chance.choice((0.0, 0.03)),
        flips=0.05,
        reruns=0.03,
        flip_after=chance.choice((5.0, every, 200.0)),
        vanish=chance.choice((0.0, 0.04)),
        back=0.5,
        back_after=chance.choice((every, 10 * every)),
        odd_dates=chance.choice(({}, odd)),
        order=chance.choice(("newest", "newest", "oldest", "shuffled")),
        page_cap=None if not small else 50 if kind == "batch_v1" else 7,
        lag=lag,
        lag_share=lag_share,
    )


def _scenario(chance: Random, streams: Mapping[str, Stream], share: float, hours: float) -> Scenario:
    some = chance.sample(FAULTS, chance.randint(2, len(FAULTS)))
    outages = [
        trouble
        for _ in range(chance.randint(0, 2))
        for trouble in _outage(chance, chance.choice((None, *streams)), hours)
    ]
    dateless = [
        Trouble(fault=fault, at=HOUR, share=chance.choice((0.0, 0.02))) for fault in ("no_date", "old_date")
    ]
    return Scenario(
        streams=streams,
        faults=dict.fromkeys(some, share / len(some)),
        script=(*outages, *dateless),
        slow=chance.choice((2.0, 20.0)),
        shared_ids=chance.choice((0.0, 0.1)),
        forget_after=chance.choice((None, None, 2 * DAY, HOUR)),
        total_size=chance.choice(("number", "null", "absent", "wrong")),
    )


def _outage(chance: Random, kind: str | None, hours: float) -> Iterator[Trouble]:
    """What went wrong goes on to, now and then, while relay catches up."""
    fault: Fault = chance.choice(("error", "drop", "unavailable", "denied"))
    at, lasts = chance.uniform(0, hours) * HOUR, chance.uniform(60, min(hours * HOUR / 6, 2 * HOUR))
    yield Trouble(fault=fault, at=at, lasts=lasts, kind=kind)
    yield Trouble(fault="error", at=at + lasts, lasts=HOUR / 2, share=chance.uniform(0.1, 0.6), kind=kind)


def _specs(
    chance: Random, kinds: list[str], every: float, *, hinted: bool, small: bool
) -> tuple[SourceSpec, ...]:
    """One key for all of them or one each; a free plan's budget, or a paid one's."""
    shared = chance.random() < 0.5
    secret = Secret("sign") if hinted else None
    return tuple(
        a_source(
            kind,
            api_key=Secret("llx-one" if shared else f"llx-{kind}"),
            every=every,
            requests_per_minute=chance.choice((20, 60, 1200)) if not shared else 60,
            page_limit=10 if small and chance.random() < 0.5 else None,
            stuck_after=chance.choice((None, HOUR / 2, 3 * HOUR)),
            signing_secret=secret,
        )
        for kind in kinds
    )
