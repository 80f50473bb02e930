"""Kill relay by the thousand, at named points and at any time, and ask for its promises after each hundred.

`make soak OF=deaths ARGS="--kills 1000 --seed 1"`
"""

import argparse
import asyncio
import itertools
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

from tests.process.hinting import free_port
from tests.process.live import Home
from tests.process.points import HINTS, PRUNING, SEEING, SENDING, STARTING
from tests.process.reigns import Reigns

KILLS_OF_ONE = 100
"""After so many the last relay has its time, and all is counted."""

NAMED = 0.7
"""Of the kills: at a named point; the others come whenever they come."""

PRUNED = 0.03
"""Of the kills: days have passed before, twice, so that something is old, and it is at a point of pruning."""

_STARTING = [doom for doom in STARTING if doom.moment in {"at", "before"}]
POINTS = [
    doom for doom in (*SEEING, *SENDING, *HINTS, *_STARTING) if not doom.statement.startswith("source_")
]
"""Those that any life comes to: a source that is down rests for a minute, and not each start finds leases."""


async def reign(folder: Path, chance: Random, kills: int) -> tuple[Counter[str], list[str]]:
    """So many kills on one database; what it all came to, and what is amiss."""
    reigns = Reigns(Home(folder))
    reigns.port = free_port()
    async with reigns.reachable():
        await reigns.lives(reigns.has_seen)
        for _ in range(kills):
            way = chance.random()
            if way < PRUNED:
                for _ in range(2):
                    await reigns.passes()
                await reigns.dies(chance.choice(PRUNING))
            elif way < NAMED:
                doom = chance.choice(POINTS)
                once = doom in _STARTING
                await reigns.dies(doom if once else replace(doom, nth=doom.nth + chance.randint(0, 2)))
            else:
                await reigns.dies_by_chance(chance)
        await reigns.settle()
        promises = reigns.promises()
    points = Counter(str(doom) for doom in reigns.died)
    numbers = Counter({"kills": len(reigns.died), "of them at any time": points["whenever"]})
    numbers += promises.numbers()
    numbers["doubles"] = numbers.pop("of them again") - reigns.refused
    return numbers, [*reigns.amiss, *promises.broken()]


async def soak(seed: int, kills: int, say: Callable[[str], None]) -> tuple[Counter[str], list[str]]:
    whole, amiss, left = Counter[str](), list[str](), kills
    for number in itertools.count(1):
        if left <= 0:
            break
        with tempfile.TemporaryDirectory(prefix="relay-deaths-") as folder:
            some = min(left, KILLS_OF_ONE)
            numbers, found = await reign(Path(folder), Random(f"{seed}/{number}"), some)
        left -= some
        whole += numbers
        amiss += found
        for line in found:
            say(f"AMISS {seed}/{number}: {line}")
        say(", ".join(f"{whole[name]} {name}" for name in whole))
    return whole, amiss


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - it is what this program is run for


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.deaths", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=1000)
    given = parser.parse_args()
    logging.disable()  # of who serves: that a client is gone is what is wanted
    began = time.monotonic()
    _, amiss = asyncio.run(soak(given.seed, given.kills, _print))
    _print(f"{len(amiss)} things amiss, after {time.monotonic() - began:.0f} seconds")
    return 1 if amiss else 0


if __name__ == "__main__":
    raise SystemExit(main())
