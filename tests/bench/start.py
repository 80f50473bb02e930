"""How soon a command speaks, beside what importing the two HTTP libraries alone would take."""

import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.bench.ratios import Compared

ROUNDS = 9
LARGEST_RATIO = 0.35

_HELP = (sys.executable, "-m", "relay", "--help")
_LIBRARIES = (sys.executable, "-c", "import httpx, aiohttp")


async def measure(_folder: Path) -> AsyncIterator[Compared]:
    for command in (_HELP, _LIBRARIES):  # so that all is compiled and in memory
        _seconds(command)
    rounds = [(_seconds(_HELP), _seconds(_LIBRARIES)) for _ in range(ROUNDS)]
    yield Compared(
        what="relay --help",
        unit="s",
        rates=[ours for ours, _ in rounds],
        peer=[theirs for _, theirs in rounds],
        peer_is="s to import httpx and aiohttp",
        aim=LARGEST_RATIO,
        less_is_better=True,
    )


def _seconds(command: tuple[str, ...]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
