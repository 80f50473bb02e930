"""What the measurements share: a real store, a source with rules, and time as a stopwatch."""

import gc
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from relay.ingest import Ingest, Routes, Terms
from relay.model import Secret, SystemClock, new_id
from relay.rules import Router, Rule
from relay.simulator.job import time_text
from relay.sources import KINDS, SourceSpec
from relay.store import Store, open_store
from tests.bench.history import BEGAN

CLOCK = SystemClock()
HOOK = "hook"
FAILURES_ONLY = (
    Rule(name="failures", on=("*.failed",), unless={"error": "PDF_IS_PROTECTED*"}, to=(HOOK,)),
    Rule(name="batches", on=("batch.completed", "batch.cancelled"), to=(HOOK,), severity="warning"),
)
EVERYTHING = (Rule(name="all", on=("*",), to=(HOOK,)),)


def source(base_url: str = "http://127.0.0.1:1") -> SourceSpec:
    return SourceSpec(
        name="parse",
        kind=KINDS["parse"],
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


async def rate(count: int, work: Callable[[], Awaitable[object]]) -> float:
    """How many a second, where `work` does `count` of them."""
    gc.collect()
    began = time.perf_counter()
    await work()
    return count / (time.perf_counter() - began)
