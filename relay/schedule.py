"""When a delivery is due: pure arithmetic on `now`, in seconds."""

from dataclasses import dataclass, replace

RETRY_DELAYS = (5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0)
LATER_DELAY = 86400.0
LONGEST_RETRY_AFTER = 86400.0
LONGEST_SETTLE = 86400.0
JITTER = 0.2


def retry_delay(failures: int, chance: float) -> float:
    """The wait after the nth failure (from 1), spread by 20 % either way; `chance` is in [0, 1)."""
    delay = RETRY_DELAYS[failures - 1] if failures <= len(RETRY_DELAYS) else LATER_DELAY
    return delay * (1 + JITTER * (2 * chance - 1))


def next_attempt(
    failures: int,
    *,
    now: float,
    give_up_at: float,
    retry_after: float | None,
    chance: float,
    planned: float | None = None,
) -> float | None:
    """When to try again, or None if this failure was the last. `planned`: where it was ahead of that time.

    The last attempt is at `give_up_at`; only a failure at or after that ends the delivery. What the
    receiver asks for is honoured where it is longer than our own wait, up to a day.
    """
    if now >= give_up_at:
        return None
    own = retry_delay(failures, chance) if planned is None else planned - now
    wait = max(own, min(retry_after or 0.0, LONGEST_RETRY_AFTER))
    return min(now + wait, give_up_at)


def group_due(now: float, *, wait: float, interval: float, before: float | None) -> float:
    """When a group's message goes: `wait` after the first event that joins, `interval` after the one before.

    A message before that is planned later than that allows was planned by a clock that has since gone back.
    """
    spaced = now if before is None else min(before, now) + interval
    return max(now + wait, spaced)


def longest_wait(failures: int, *, group: float | None) -> float:
    """Seconds that a delivery may wait, by what it waits for. `group`: the longer of its group's waits."""
    if group is not None:
        return group
    return max(retry_delay(failures, 1.0), LONGEST_RETRY_AFTER) if failures else LONGEST_SETTLE


def cut(due: float, *, since: float, now: float, longest: float) -> float:
    """A wait as long as it may be at a start.

    One that began later than now was begun by a clock that has since gone back: it begins now.
    """
    return min(due - max(0.0, since - now), now + longest)


def lease_end(now: float, timeout: float) -> float:
    """A claim is a lease of twice the time an attempt may take."""
    return now + 2 * timeout


OPENS_AFTER, OVER, SLOW = 5, 3, 600.0
"""Failures in a row that open a breaker: over so many deliveries, or over so many seconds."""

FIRST_PROBE, LONGEST_PROBE = 5.0, 600.0

PATIENCE, LONGEST_PAUSE = 300.0, 3600.0
"""A destination that asks to be left alone for longer than the first is taken to be down; after the second a
probe asks again."""


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """Whether a destination is sent to: closed it is; open, only by a probe now and then.

    `since`: of the first failure in a row, and once it is open of the last. `worked`: something has arrived
    before. Times are in seconds of a clock that never jumps.
    """

    failures: int = 0
    deliveries: frozenset[str] = frozenset()
    since: float = 0.0
    delay: float | None = None
    worked: bool = False

    @property
    def probe_at(self) -> float | None:
        """When the next probe may go; None while closed."""
        return None if self.delay is None else self.since + self.delay

    def opened(self, now: float, pause: float = 0.0) -> "Breaker":
        return Breaker(since=now, delay=max(FIRST_PROBE, min(pause, LONGEST_PAUSE)))

    def after_success(self, *, began: float) -> "Breaker":
        """What was sent before it opened says nothing new."""
        return self if self.delay is not None and began <= self.since else Breaker(worked=True)

    def after_failure(
        self, delivery: str, *, began: float, now: float, of_destination: bool, pause: float = 0.0
    ) -> "Breaker":
        """`of_destination`: it says that nothing else would have arrived either. Where something has before,
        it takes two such to be believed: a receiver may refuse a single message in the same words.

        `pause`: seconds for which it asks to be left alone.
        """
        if self.delay is not None:
            if began <= self.since:  # sent before it opened: says nothing new
                return self
            delay = max(min(2 * self.delay, LONGEST_PROBE), min(pause, LONGEST_PAUSE))
            return replace(self, since=now, delay=delay)
        row = replace(
            self,
            failures=self.failures + 1,
            deliveries=self.deliveries | {delivery} if len(self.deliveries) < OVER else self.deliveries,
            since=self.since if self.failures else now,
        )
        is_believed = of_destination and (row.failures > 1 or not row.worked)
        is_long = len(row.deliveries) >= OVER or now - row.since >= SLOW
        is_down = pause > PATIENCE or is_believed or (row.failures >= OPENS_AFTER and is_long)
        return row.opened(now, pause) if is_down else row
