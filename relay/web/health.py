"""Whether relay is alive, and whether it reads its sources in time."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

LATE = 3
"""Paces after which a source that was not read is late."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """A source `age` seconds after it was last read whole, or after the start where it `was` never.

    `pace`: how often, in seconds, it can be read. `trouble`: in one word, of few.
    """

    source: str
    age: float
    pace: float
    was: bool
    trouble: str | None

    @property
    def in_time(self) -> bool:
        return self.was and self.age <= LATE * self.pace


def reasons(reads: Iterable[Read]) -> list[str]:
    """Why relay is not ready: which sources are not read in time. They say nothing an API said."""
    return [_reason(read) for read in reads if not read.in_time]


def _reason(read: Read) -> str:
    trouble = f" ({read.trouble})" if read.trouble else ""
    if not read.was:
        return f"{read.source}: not read yet, {read.age:.0f} s after the start{trouble}"
    late = f"more than {LATE} times its pace of {read.pace:.3g} s"
    return f"{read.source}: not read for {read.age:.0f} s, {late}{trouble}"


async def lag() -> float:
    """Seconds that the event loop needs to come round."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.sleep(0)
    return loop.time() - began
