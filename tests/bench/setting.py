"""What the measurements share: a real store, a source with rules, and time as a stopwatch."""

import gc
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from relay.ingest import Ingest, Routes, Terms
from relay.model import Secret, SystemClock, new_id, utc_text
from relay.rules import Router, Rule
from relay.simulator.job import time_text
from relay.sources import KINDS, SourceSpec
from relay.store import Store, open_store
from relay.store.named import SQL
from tests.bench.history import BEGAN, History

CLOCK = SystemClock()
HOOK = "hook"
FAILURES_ONLY = (
    Rule(name="failures", on=("*.failed",), unless={"error": "PDF_IS_PROTECTED*"}, to=(HOOK,)),
    Rule(name="batches", on=("batch.completed", "batch.cancelled"), to=(HOOK,), severity="warning"),
)
EVERYTHING = (Rule(name="all", on=("*",), to=(HOOK,)),)


def source(base_url: str = "http://127.0.0.1:1", kind: str = "parse") -> SourceSpec:
    return SourceSpec(
        name=kind,
        kind=KINDS[kind],
        base_url=base_url,
        api_key=Secret("llx-bench"),
        requests_per_minute=1_000_000_000,
    )


async def opened(path: Path, spec: SourceSpec, rules: tuple[Rule, ...]) -> tuple[Store, Ingest]:
    store = open_store(path)
    row = await store.open_source(
        name=spec.name, kind=spec.kind.name, identity=spec.identity(), now=CLOCK.now()
    )
    row = replace(row, baseline=time_text(BEGAN))  # what comes after the first job is news
    return store, Ingest(store=store, spec=spec, row=row, routes=routes_of(rules), clock=CLOCK, new_id=new_id)


def routes_of(rules: tuple[Rule, ...]) -> Routes:
    return Routes(
        relay="bench", router=Router(rules), destinations={HOOK: Terms(give_up_after=86400.0)}, new_id=new_id
    )


def fill(path: Path, rows: Iterable[tuple[object, ...]]) -> None:
    """Store known jobs, as `add_job` takes them."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("BEGIN")
    db.executemany(SQL["add_job"], rows)
    db.execute("COMMIT")
    db.close()


async def known(path: Path, spec: SourceSpec, history: History, size: int, *, now: float) -> None:
    """A database of a source whose last look was whole just now, and showed so many jobs."""
    store, ingest = await opened(path, spec, FAILURES_ONLY)
    await store.close()
    fill(path, history.rows(range(size), ingest.row.id, 0))
    first, last = history.created_at(0), history.created_at(size - 1)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "UPDATE sources SET baseline = ?, mark = ?, newest = ?, whole_at = ?, resynced_at = ?",
            (first, last, last, utc_text(now), utc_text(now)),
        )


async def rate(count: int, work: Callable[[], Awaitable[object]]) -> float:
    """How many a second, where `work` does `count` of them."""
    gc.collect()
    began = time.perf_counter()
    await work()
    return count / (time.perf_counter() - began)
