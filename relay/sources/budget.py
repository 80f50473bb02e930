"""How many requests a key may make: a token bucket each, shared fairly by all its sources."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from relay.model import Clock, Secret
from relay.sources.kinds import SourceSpec

_DEPTH = 0.25  # of a minute's budget
_LEAST_WAIT = 0.001  # seconds; less might not move a clock of floats at all
_PATIENCE = 60.0  # seconds; who has waited longer is in any case served as a look is
_HINTS = 0.1  # of the budget, for what hints make relay ask
_IDLE_COST = 4.0  # what a request of a source with nothing open counts, so that busy ones get more


class Urgency(IntEnum):
    """What a request is for; in short times the first goes first. But a look that has a question ends only
    with its answer: once each source of the key might have had a turn, a question is served as a look is, and
    a resync, which is bounded by its share, after two.
    """

    LOOK = 0
    QUESTION = 1
    RESYNC = 2


class Budget:
    """Every request takes from it, retries too. Where sources of one key differ, the lowest rate holds."""

    def __init__(self, clock: Clock, specs: Iterable[SourceSpec]) -> None:
        self._clock = clock
        self._buckets: dict[Secret, _Bucket] = {}
        self._hints: dict[Secret, _Bucket] = {}
        self.become(specs)

    def become(self, specs: Iterable[SourceSpec]) -> None:
        """Of these sources from now on. A key that stays keeps what it has left, and who waits for it."""
        rates: dict[Secret, int] = {}
        for spec in specs:
            rates[spec.api_key] = min(
                spec.requests_per_minute, rates.get(spec.api_key, spec.requests_per_minute)
            )
        self._buckets = self._become(self._buckets, rates)
        self._hints = self._become(self._hints, {key: rate * _HINTS for key, rate in rates.items()})

    def _become(
        self, buckets: dict[Secret, "_Bucket"], rates: Mapping[Secret, float]
    ) -> dict[Secret, "_Bucket"]:
        for key in buckets.keys() & rates.keys():
            buckets[key].become(rates[key])
        return {key: buckets.get(key) or _Bucket(self._clock, rate) for key, rate in rates.items()}

    async def take(self, spec: SourceSpec, urgency: Urgency = Urgency.LOOK) -> None:
        """Wait until the key of `spec` may make its next request, and it is this source's turn."""
        await self._buckets[spec.api_key].take(spec.name, urgency)

    def hint(self, spec: SourceSpec) -> bool:
        """Whether a hint may make its key ask now: all hints of a key share a tenth of its budget."""
        return self._hints[spec.api_key].take_now()

    def left(self, spec: SourceSpec) -> float:
        """Requests that the key may make now."""
        return self._buckets[spec.api_key].level()

    def idle(self, spec: SourceSpec, idle: bool) -> None:
        """A source with nothing open leaves most of its share to others."""
        self._buckets[spec.api_key].idle(spec.name, idle)


@dataclass(eq=False, slots=True)
class _Ticket:
    urgency: Urgency
    place: float
    since: float
    turn: "asyncio.Future[None]" = field(repr=False)

    def rank(self, now: float, turns: float) -> tuple[int, float]:
        """`turns`: the seconds in which each source may make one request."""
        patient = now - self.since <= min(_PATIENCE, self.urgency * turns)
        return (self.urgency if patient else Urgency.LOOK), self.place


class _Bucket:
    def __init__(self, clock: Clock, per_minute: float) -> None:
        self._clock = clock
        self._per_second = per_minute / 60
        self._depth = self._tokens = max(1.0, per_minute * _DEPTH)
        self._filled_at = clock.now()
        self._waiting: list[_Ticket] = []
        self._serving: asyncio.Task[None] | None = None
        self._places: dict[str, float] = {}
        self._place = 0.0
        self._costs: dict[str, float] = {}

    def become(self, per_minute: float) -> None:
        """Of this rate from now on."""
        self.level()
        self._per_second = per_minute / 60
        self._depth = max(1.0, per_minute * _DEPTH)

    def idle(self, source: str, idle: bool) -> None:
        self._costs[source] = _IDLE_COST if idle else 1.0

    def take_now(self) -> bool:
        """One, unless there is none or others wait for it."""
        if self._waiting or self.level() < 1:
            return False
        self._tokens -= 1
        return True

    async def take(self, source: str, urgency: Urgency) -> None:
        if self.take_now():
            return
        cost = self._costs.get(source, 1.0)
        place = max(self._place, self._places.get(source, 0.0)) + cost
        self._places[source] = place
        ticket = _Ticket(urgency, place, self._clock.monotonic(), asyncio.get_running_loop().create_future())
        self._waiting.append(ticket)
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        try:
            await ticket.turn
        except asyncio.CancelledError:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                self._places[source] -= cost
            elif ticket.turn.done() and not ticket.turn.cancelled():
                self._tokens += 1  # it was served, and goes unused
            raise

    async def _serve(self) -> None:
        """Give each token to the first in rank, until no one waits."""
        while self._waiting:
            missing = 1 - self.level()
            if missing > 0:
                await self._clock.sleep(max(_LEAST_WAIT, missing / self._per_second))
                continue
            now = self._clock.monotonic()
            turns = len(self._places) / self._per_second
            ticket = min(self._waiting, key=lambda waiting: waiting.rank(now, turns))
            self._waiting.remove(ticket)
            if not ticket.turn.done():
                self._tokens -= 1
                self._place = max(self._place, ticket.place)
                ticket.turn.set_result(None)

    def level(self) -> float:
        now = self._clock.now()
        # A clock set back adds nothing; one set forward fills the bucket, and no more.
        gained = max(0.0, now - self._filled_at) * self._per_second
        self._tokens = min(self._depth, self._tokens + gained)
        self._filled_at = now
        return self._tokens
