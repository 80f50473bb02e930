"""How long a page takes over a million jobs and events, with a hundred thousand deliveries that wait."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from relay.store import Store, open_store
from tests.bench import dashboard
from tests.bench.large import EVENTS, large_store
from tests.bench.ratios import Compared

ROUNDS = 15
AIM = 50.0
"""Questions a second: each within 20 ms."""

Ask = Callable[[Store], Awaitable[Any]]

QUESTIONS: dict[str, Ask] = {
    "summary": lambda store: store.summary(),
    "jobs": lambda store: store.jobs_page(limit=50),
    "jobs, one status": lambda store: store.jobs_page(statuses=["FAILED"], limit=50),
    "jobs, deep": lambda store: store.jobs_page(before=("2026-10", "", "", 0), limit=50),
    "events": lambda store: store.events_page(limit=50),
    "events, a rare type": lambda store: store.events_page(types=["classify.failed"], limit=50),
    "events, one source": lambda store: store.events_page(sources=["split"], limit=50),
    "events, deep": lambda store: store.events_page(before=(EVENTS // 2,), limit=50),
    "events, one job": lambda store: store.events_page(job_id=f"job-{EVENTS // 2}", limit=50),
    "deliveries": lambda store: store.deliveries_page(limit=50),
    "deliveries, waiting": lambda store: store.deliveries_page(states=["waiting"], limit=50),
    "deliveries, dead": lambda store: store.deliveries_page(states=["dead"], limit=50),
    "deliveries, one destination": lambda store: store.deliveries_page(destinations=["ops"], limit=50),
    "deliveries, of an event": lambda store: store.deliveries_page(event_id="evt_5", limit=50),
    "delivery": lambda store: store.delivery(delivery_id="msg_5"),
    "series, 60 hours": lambda store: store.series(what="event", span="hour", since="2026-12-08T00"),
}


async def measure(folder: Path) -> AsyncIterator[Compared]:
    await large_store(folder / "large.db")
    async for one in asked(folder / "large.db"):
        yield one
    async for one in dashboard.shown(folder / "large.db"):
        yield one


async def asked(database: Path) -> AsyncIterator[Compared]:
    store = open_store(database)
    try:
        for name, ask in QUESTIONS.items():
            rates = [await _rate(store, ask) for _ in range(ROUNDS)]
            yield Compared(what=f"pages: {name}", unit="questions/s", rates=rates, aim=AIM)
    finally:
        await store.close()


async def _rate(store: Store, ask: Ask) -> float:
    began = time.perf_counter()
    await ask(store)
    return 1 / (time.perf_counter() - began)
