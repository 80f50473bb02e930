"""What a lane has claimed, how much it may, and how it waits."""

import asyncio
from dataclasses import dataclass

from relay.destinations import Options
from relay.model import Clock
from relay.store import Claimed

AHEAD = 64
"""Deliveries claimed beyond those being sent, at least, so that no free place waits for the disk."""


@dataclass(frozen=True)
class Ready:
    claimed: Claimed
    lease_until: float
    probe: bool


def places(options: Options) -> tuple[int, int]:
    """How many are sent at a time, and claimed ahead: not more than the lane's rate lets go in one lease."""
    if options.is_living:
        return 1, 0
    most = int(options.timeout / options.rate) if options.rate else max(AHEAD, options.concurrency)
    return min(options.concurrency, max(1, most)), min(max(AHEAD, options.concurrency), most)


async def wait_for(clock: Clock, event: asyncio.Event, seconds: float) -> None:
    """So long at most."""
    timer = asyncio.ensure_future(clock.sleep(max(0.0, seconds)))
    wake = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((timer, wake), return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
        wake.cancel()
