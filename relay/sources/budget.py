"""How many requests a key may make: a token bucket each, so that all its sources together keep the pace."""

import asyncio
from collections.abc import Iterable

from relay.model import Clock, Secret
from relay.sources.kinds import SourceSpec

_DEPTH = 0.25  # of a minute's budget
_LEAST_WAIT = 0.001  # seconds; less might not move a clock of floats at all


class Budget:
    """Every request takes from it, retries too. Where sources of one key differ, the lowest rate holds."""

    def __init__(self, clock: Clock, specs: Iterable[SourceSpec]) -> None:
        rates: dict[Secret, int] = {}
        for spec in specs:
            rates[spec.api_key] = min(
                spec.requests_per_minute, rates.get(spec.api_key, spec.requests_per_minute)
            )
        self._buckets = {key: _Bucket(clock, rate) for key, rate in rates.items()}

    async def take(self, spec: SourceSpec) -> None:
        """Wait until the key of `spec` may make its next request; who asked first goes first."""
        await self._buckets[spec.api_key].take()


class _Bucket:
    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._per_second = per_minute / 60
        self._depth = max(1.0, per_minute * _DEPTH)
        self._tokens = self._depth
        self._filled_at = clock.now()
        self._turn = asyncio.Lock()  # wakes its waiters in the order they came

    async def take(self) -> None:
        async with self._turn:
            while (missing := 1 - self._level()) > 0:
                await self._clock.sleep(max(_LEAST_WAIT, missing / self._per_second))
            self._tokens -= 1

    def _level(self) -> float:
        now = self._clock.now()
        # A clock set back adds nothing; one set forward fills the bucket, and no more.
        gained = max(0.0, now - self._filled_at) * self._per_second
        self._tokens = min(self._depth, self._tokens + gained)
        self._filled_at = now
        return self._tokens
