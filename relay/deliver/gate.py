"""When a destination may be sent to, and when people hear that it can't be. No time here is the wall's."""

from relay import schedule
from relay.destinations import Options
from relay.errors import DeliveryFailed
from relay.model import Clock

TOO_MANY = 429

TOLD_EVERY = 900.0
"""Seconds from one time that a destination was told to be down to the next: one that comes and goes is told
of with how often it did."""


class Gate:
    """Of one lane: its rate, the pauses that its receiver asks for, and its breaker."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self.breaker = schedule.Breaker()
        self._options = options
        self._clock = clock
        self._slot = 0.0
        self._not_before = 0.0
        self._is_told = False
        self._told_at = float("-inf")
        self._openings = 0

    @property
    def is_open(self) -> bool:
        """Whether more than a probe may pass."""
        return self.breaker.probe_at is None

    def was_down(self) -> None:
        """It was told to be, when relay stopped: a probe comes first."""
        self.breaker = self.breaker.opened(self._clock.monotonic() - schedule.FIRST_PROBE)
        self._is_told = True

    def opens_in(self) -> float:
        """Seconds before which nothing need be claimed; none where that is now."""
        in_reach = self._slot - self._options.timeout  # before, a claim would end before its turn comes
        opens_at = max(self._not_before, self.breaker.probe_at or 0.0, in_reach)
        return max(0.0, opens_at - self._clock.monotonic())

    def turn_in(self, lease_until: float) -> float | None:
        """Seconds until its turn by the lane's rate, which is then taken; None if the lease ends before."""
        now, rate = self._clock.monotonic(), self._options.rate
        slot = max(now, self._slot) if rate else now
        if slot + self._options.timeout > lease_until:
            return None
        if rate:
            self._slot = slot + rate
        return slot - now

    def lets(self, *, probe: bool) -> bool:
        """Whether what was claimed may pass now."""
        return (self.is_open or probe) and self._clock.monotonic() >= self._not_before

    def succeeded(self, began: float) -> bool:
        """Whether people are to hear that it is up."""
        self.breaker = self.breaker.after_success(began=began)
        was_told, self._is_told = self._is_told, self._is_told and not self.is_open
        return was_told and not self._is_told

    def failed(self, delivery: str, failure: DeliveryFailed, began: float) -> str | None:
        """Why it is down, where people are to hear of that. `began`: when this attempt did."""
        now, pause, was_open = self._clock.monotonic(), _pause(failure), self.is_open
        of_destination = failure.fault == "destination"
        if of_destination or failure.status is not None or not failure.permanent:  # else it was never sent
            self.breaker = self.breaker.after_failure(
                delivery, began=began, now=now, of_destination=of_destination, pause=pause
            )
        self._not_before = max(self._not_before, now + min(pause, schedule.LONGEST_PAUSE))
        if self.is_open:
            return None
        self._openings += was_open
        return self._told(failure.reason + _asked(pause), now)

    def _told(self, why: str, now: float) -> str | None:
        if self._is_told or now - self._told_at < TOLD_EVERY:
            return None
        times, minutes = self._openings, (now - self._told_at) / 60
        self._is_told, self._told_at, self._openings = True, now, 0
        return f"{why} (down {times} times within {minutes:.0f} min)" if times > 1 else why


def _pause(failure: DeliveryFailed) -> float:
    """Seconds for which a receiver asks to be left alone, by all that is for it."""
    asked = failure.retry_after if failure.status == TOO_MANY else None
    return asked if asked is not None and asked > 0 else 0.0  # not a number is none


def _asked(pause: float) -> str:
    if pause <= schedule.PATIENCE:
        return ""
    return f", and asks for a pause of {pause / 60:.0f} min" + (
        f": it is tried again after {schedule.LONGEST_PAUSE / 60:.0f}"
        if pause > schedule.LONGEST_PAUSE
        else ""
    )
