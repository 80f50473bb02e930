"""What a steady look with 500 open jobs asks, however many jobs there have been; counted, not timed."""

import asyncio
import gzip
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from relay.model import seconds_of
from relay.plan import CHUNK
from relay.simulator import Answer, Request
from tests.bench.history import APART, BEGAN, PAGE, History
from tests.bench.listed import Listed
from tests.bench.ratios import Compared
from tests.bench.setting import known, source
from tests.virtual import Api, Inbox, VirtualClock, VirtualLoop, assembled, open_inline

SIZES = (10_000, 1_000_000)
OPEN = 500
SPREAD = 18
"""Each so many of the youngest is open, and the first of all."""

LOOKS = 30


@dataclass
class Spent:
    """Of each look. `bound`: the most that it may ask where jobs can be asked for by `job_ids`."""

    requests: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)  # bytes as they are sent
    bound: list[float] = field(default_factory=list)


async def measure(folder: Path) -> AsyncIterator[Compared]:
    for kind in ("parse", "batch"):
        spent = {size: await _spent(folder / f"{kind}-{size}.db", kind, size) for size in SIZES}
        small, large = (spent[size] for size in SIZES)
        what = f"cost: {kind}, 1000k known, {OPEN} open"
        yield _compared(what, "requests a look", large.requests, small.requests, "at 10k")
        yield _compared(what, "bytes a look", large.sizes, small.sizes, "at 10k", aim=1.01)  # longer names
        if kind == "parse":
            yield _compared(what, "requests a look", large.requests, large.bound, "allowed")


def _compared(
    what: str, unit: str, ours: list[float], peer: list[float], peer_is: str, aim: float = 1.0
) -> Compared:
    return Compared(
        what=what, unit=unit, rates=ours, peer=peer, peer_is=peer_is, aim=aim, less_is_better=True
    )


def working(size: int) -> list[int]:
    """Those that are open: the youngest of each so many, and one stuck since the beginning."""
    return [0, *range(size - 1 - SPREAD * (OPEN - 2), size, SPREAD)]


async def _spent(path: Path, kind: str, size: int) -> Spent:
    began = (BEGAN + size * APART) / 1e6
    await known(path, source(kind=kind), History(working=working(size)), size, now=began)
    return await asyncio.to_thread(_virtually, path, kind, size, VirtualClock(began))


def _virtually(path: Path, kind: str, size: int, clock: VirtualClock) -> Spent:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_looks(path, kind, size, clock))


async def _looks(path: Path, kind: str, size: int, clock: VirtualClock) -> Spent:
    spec = source(kind=kind)
    listed = Listed(began=BEGAN, size=size, working=working(size), now=clock.now, more=kind == "parse")
    api, spent, sizes = Api(listed, clock), Spent(), list[int]()

    def answer(request: Request) -> Answer:
        given = listed.answer(request)
        sizes.append(len(gzip.compress(given.body, compresslevel=1)))
        return given

    api.answer = answer
    store = open_inline(path)
    async with assembled(
        store=store, specs=[spec], api=api, clock=clock, inboxes={"inbox": Inbox()}, chance=random.Random(1)
    ) as relay:
        for _ in range(LOOKS):
            await clock.sleep(spec.every)
            (row,) = await store.rows("sources")
            api.asked.clear()
            sizes.clear()
            looked = await relay.pollers[0].look()
            assert (looked.trouble, looked.requests) == (None, len(api.asked))
            spent.requests.append(looked.requests)
            spent.sizes.append(sum(sizes))
            asked = {value for _, r in api.asked for name, value in r.query if name == "job_ids"}
            new = (clock.now() - seconds_of(row["mark"])) * 1e6 / APART
            spent.bound.append(ceil(new / PAGE) + ceil(len(asked) / CHUNK) + 1)
    await store.close()
    return spent
