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
    failures: int, *, now: float, give_up_at: float, retry_after: float | None, chance: float
) -> float | None:
    """When to try again, or None if this failure was the last.

    The last attempt is at `give_up_at`; only a failure at or after that ends the delivery. What the
    receiver asks for is honoured where it is longer than our own wait, up to a day.
    """
    if now >= give_up_at:
        return None
    wait = max(retry_delay(failures, chance), min(retry_after or 0.0, LONGEST_RETRY_AFTER))
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


OPENS_AFTER, OVER = 5, 3
"""Failures in a row, over so many deliveries, that open a breaker."""

FIRST_PROBE, LONGEST_PROBE = 5.0, 600.0


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """Whether a destination is sent to: closed it is; open, only by a probe now and then."""

    failures: int = 0
    deliveries: frozenset[str] = frozenset()
    since: float = 0.0
    delay: float | None = None

    @property
    def probe_at(self) -> float | None:
        """When the next probe may go; None while closed."""
        return None if self.delay is None else self.since + self.delay

    def opened(self, now: float) -> "Breaker":
        return Breaker(since=now, delay=FIRST_PROBE)

    def after_failure(self, delivery: str, *, began: float, now: float, of_destination: bool) -> "Breaker":
        """`of_destination`: nothing else would have arrived either, so that one is enough."""
        if self.delay is not None:
            if began <= self.since:  # sent before it opened: says nothing new
                return self
            return replace(self, since=now, delay=min(2 * self.delay, LONGEST_PROBE))
        failures = self.failures + 1
        deliveries = self.deliveries | {delivery} if len(self.deliveries) < OVER else self.deliveries
        if of_destination or (failures >= OPENS_AFTER and len(deliveries) >= OVER):
            return self.opened(now)
        return replace(self, failures=failures, deliveries=deliveries)
