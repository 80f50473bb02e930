"""Ten thousand failures in one look of a real relay process: who gets what, and what it costs."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.bench.memory import megabytes
from tests.bench.ratios import Compared
from tests.process.flooded import flooded
from tests.process.live import Home, until

FAILURES = 10_000
WATCHED = 120.0
"""Seconds after the flood in which people are to be left in peace."""


async def measure(folder: Path) -> AsyncIterator[Compared]:
    async with flooded(Home(folder)) as flood:
        before = megabytes(flood.pid, "VmRSS")
        flood.rise(FAILURES)
        await until(lambda: flood.heard.has(FAILURES), within=WATCHED)
        await asyncio.sleep(flood.began + WATCHED - time.monotonic())
        grown = megabytes(flood.pid, "VmHWM") - before
    heard, name = flood.heard, f"flood of {FAILURES // 1000}k"
    assert heard.has(FAILURES), "nothing is told twice"
    yield _at_most(f"{name}: Slack messages", "", len(heard.chat), 3)
    yield _at_most(f"{name}: mails", "", len(heard.mails), 3)
    yield _at_most(f"{name}: memory grows by", "MB", grown, 50)
    yield _at_most(f"{name}: webhooks have each after", "s", heard.last - flood.began, None)


def _at_most(what: str, unit: str, found: float, aim: float | None) -> Compared:
    return Compared(what=what, unit=unit, rates=[found], aim=aim, less_is_better=True)
