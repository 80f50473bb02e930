"""Whether what runs still moves: each loop says by when it will have moved again."""

import asyncio


class Progress:
    """Of one loop, by the event loop's clock, which no change of the wall clock moves."""

    def __init__(self) -> None:
        self._until = float("inf")

    def within(self, seconds: float) -> None:
        """It moves now, and will again within so many seconds."""
        self._until = asyncio.get_running_loop().time() + seconds

    def rests(self) -> None:
        """Nothing is due of it until it moves again."""
        self._until = float("inf")

    def overdue(self) -> bool:
        """Whether it has not moved by when it said."""
        return asyncio.get_running_loop().time() > self._until
