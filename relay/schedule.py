"""When a delivery is due: pure arithmetic on `now`, in seconds."""

RETRY_DELAYS = (5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0)
LATER_DELAY = 86400.0
LONGEST_RETRY_AFTER = 86400.0
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


def lease_end(now: float, timeout: float) -> float:
    """A claim is a lease of twice the time an attempt may take."""
    return now + 2 * timeout
