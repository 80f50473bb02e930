"""What is to happen, in its order."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count

from relay.simulator.job import micros

Act = Callable[[int], None]  # it is told when it happens


class Timeline:
    def __init__(self, *, speed: float) -> None:
        self._speed = speed
        self._due: list[tuple[int, int, Act]] = []
        self._count = count()

    def at(self, due: int, act: Act) -> None:
        heappush(self._due, (due, next(self._count), act))

    def after(self, at: int, seconds: float, act: Act) -> None:
        """Let it happen so many seconds of a stream after `at`."""
        self.at(at + micros(seconds / self._speed), act)

    def until(self, now: int) -> Iterator[tuple[int, Act]]:
        """Take what is due, that too which it brings about."""
        while self._due and self._due[0][0] <= now:
            at, _, act = heappop(self._due)
            yield at, act

    @property
    def ended(self) -> bool:
        return not self._due
