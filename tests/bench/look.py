"""A look's work, from an answer's bytes to the commit, beside decode and blind upsert of the same pages."""

import os
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Protocol

from relay.ingest import Ingest, Look
from relay.model import quick_time, utc_text
from relay.rules import Rule
from relay.sources import Item, Page
from relay.sources.items import read_page
from relay.store.connections import connect
from relay.store.named import SQL
from relay.store.opening import make_durable
from relay.store.writer import Writer
from tests.bench.history import BEGAN, PAGE, History
from tests.bench.ratios import Compared
from tests.bench.setting import CLOCK, EVERYTHING, FAILURES_ONLY, fill, opened, rate, source

SIZES = (10_000, 100_000, 1_000_000)
PAGES = 50
ROUNDS = 7

UPSERT = SQL["add_job"] + (
    " ON CONFLICT (source, created_at, id) DO UPDATE SET status = excluded.status, "
    "updated_at = excluded.updated_at, seq = excluded.seq, changes = excluded.changes, "
    "changed_at = excluded.changed_at, name = excluded.name, error = excluded.error"
)


class Taker(Protocol):
    async def take(self, body: bytes) -> None: ...


class Relay:
    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest
        self._look = Look()

    async def take(self, body: bytes) -> None:
        page = read_page(body, Item, "items")
        page.began, page.date = self._ingest.seq, BEGAN / 1e6
        await self._ingest.page(page, self._look)

    def look_anew(self) -> None:
        self._look = Look()


class Upsert:
    """The least that keeps a table current: the same decoding, the same thread and commits, nothing read."""

    def __init__(self, writer: Writer, source: int) -> None:
        self._writer = writer
        self._source = source
        self._seq = 0

    async def take(self, body: bytes) -> None:
        rows = self._rows(read_page(body, Item, "items"))
        await self._writer.run(lambda db: db.executemany(UPSERT, rows))

    def _rows(self, page: Page) -> list[tuple[object, ...]]:
        self._seq += 1
        source, seq, at = self._source, self._seq, utc_text(CLOCK.now())
        return [
            (source, *_shown(item), seq, 1, at, at, None, item.name, item.error_message)
            for item in page.items
        ]


def _shown(item: Item) -> tuple[str, str, str, str]:
    created_at, updated_at = quick_time(item.created_at), quick_time(item.updated_at)
    return created_at, item.id, item.status.upper(), updated_at


@dataclass(frozen=True)
class Account:
    """Two databases that know the same jobs, and the pages that both are shown."""

    size: int
    history: History
    relay: Relay
    upsert: Upsert

    def pages(self, round_: int, *, spread: bool, share: int) -> list[bytes]:
        """Newest first or from anywhere; `share` jobs of each page have changed since they were shown."""
        numbers = self._spread(round_) if spread else range(self.size - 1, self.size - 1 - PAGES * PAGE, -1)
        self.history.change(n for place, n in enumerate(numbers) if (place + round_) % PAGE < share)
        return self.history.pages(numbers)

    def _spread(self, round_: int) -> Sequence[int]:
        return Random(round_).sample(range(self.size), PAGES * PAGE)


@dataclass(frozen=True)
class Case:
    name: str
    spread: bool
    share: int

    @property
    def aim(self) -> float:
        return 0.3 if self.share == PAGE else 1.5


CASES = tuple(
    Case(f"{where}, {share} % changed", spread=where == "spread", share=share)
    for share in (0, 1, 100)
    for where in ("recent", "spread")
)


async def measure(folder: Path) -> AsyncIterator[Compared]:
    """Sizes and sides take turns, so that the machine's moods meet them alike."""
    async with AsyncExitStack() as stack:
        accounts = [await stack.enter_async_context(_account(folder, size, FAILURES_ONLY)) for size in SIZES]
        for case in CASES:
            rates = await _rates(accounts, case)
            for size in SIZES:
                yield _beside_upsert(case, size, rates)
            yield _large_beside_small(case, rates)
    async with _account(folder, SIZES[0], EVERYTHING) as account:
        case = Case("recent, 100 % changed, each delivered", spread=False, share=PAGE)
        yield _beside_upsert(case, SIZES[0], await _rates([account], case))


Rates = Mapping[tuple[int, str], Sequence[float]]


async def _rates(accounts: Sequence[Account], case: Case) -> Rates:
    found = defaultdict[tuple[int, str], list[float]](list)
    for round_ in range(ROUNDS + 1):
        for account in accounts:
            pages = account.pages(round_, spread=case.spread, share=case.share)
            account.relay.look_anew()
            sides: list[tuple[str, Taker]] = [("relay", account.relay), ("upsert", account.upsert)]
            for side, taker in sides[:: 1 if round_ % 2 else -1]:
                one = await rate(PAGES * PAGE, partial(_all, taker, pages))
                if round_ > 0:  # the first warms
                    found[account.size, side].append(one)
    return found


async def _all(taker: Taker, pages: Sequence[bytes]) -> None:
    for body in pages:
        await taker.take(body)


def _beside_upsert(case: Case, size: int, rates: Rates) -> Compared:
    return Compared(
        what=f"look: {_thousands(size)} known, {case.name}",
        unit="items/s",
        rates=rates[size, "relay"],
        peer=rates[size, "upsert"],
        peer_is="decode + upsert",
        aim=case.aim,
    )


def _large_beside_small(case: Case, rates: Rates) -> Compared:
    small, *_, large = SIZES
    return Compared(
        what=f"look: {_thousands(large)} known, {case.name}",
        unit="items/s",
        rates=rates[large, "relay"],
        peer=rates[small, "relay"],
        peer_is=f"at {_thousands(small)}",
        aim=0.8,
    )


def _thousands(size: int) -> str:
    return f"{size // 1000}k"


@asynccontextmanager
async def _account(folder: Path, size: int, rules: tuple[Rule, ...]) -> AsyncIterator[Account]:
    ours, theirs = folder / f"relay-{size}-{len(rules)}.db", folder / f"upsert-{size}-{len(rules)}.db"
    history = History()
    store, ingest = await opened(ours, source(), rules)
    await store.close()
    fill(ours, history.rows(range(size), ingest.row.id, 0))
    shutil.copyfile(ours, theirs)
    os.sync()
    store, ingest = await opened(ours, source(), rules)
    plain = connect(theirs)
    make_durable(plain)
    with ThreadPoolExecutor(1) as thread:
        writer = Writer(plain, thread)
        yield Account(size, history, Relay(ingest), Upsert(writer, ingest.row.id))
        writer.close()
    await store.close()
