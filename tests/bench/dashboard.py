"""How long each page of the dashboard takes, over HTTP, with years in the database."""

import random
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp

from relay.cli.serve import on_port
from relay.config import Config, load
from relay.model import SystemClock
from relay.service.relay import assembled, measuring
from relay.store import open_store
from relay.web import View, app
from tests.bench.large import DESTINATIONS, ENDED, EVENTS, SOURCES
from tests.bench.ratios import Compared

ROUNDS = 15
MOST = 100.0
"""Milliseconds."""

_RULES = """
[relay]
name = "large"
database = "large.db"
[llamacloud]
api_key = "llx-bench"
base_url = "http://127.0.0.1:1"
{sources}
{destinations}
[rules.all]
on = ["*"]
to = ["ops"]
"""
_WEBHOOK = '[destinations.{}]\ntype = "webhook"\nurl = "http://127.0.0.1:1/hook"\n'

PAGES = (
    *("/", "/?span=day", "/?span=fortnight"),
    *("/jobs", "/jobs?status=FAILED", "/jobs?status=RUNNING&source=split"),
    *("/events", "/events?type=classify.failed", f"/events?cursor={EVENTS // 2}", "/events/evt_5"),
    *("/deliveries", "/deliveries?state=waiting", "/deliveries?state=dead&destination=ops"),
    *("/deliveries/msg_5", "/jobs/parse/job-4", "/destinations", "/rules"),
)


class Standing(SystemClock):
    """It stands at the last event of the database."""

    def now(self) -> float:
        return float(ENDED)


async def shown(database: Path) -> AsyncIterator[Compared]:
    async with _served(database) as url, aiohttp.ClientSession(url) as session:
        for path in PAGES:
            took = [await _milliseconds(session, path) for _ in range(ROUNDS)]
            yield Compared(what=f"pages: GET {path}", unit="ms", rates=took, aim=MOST, less_is_better=True)


async def _milliseconds(session: aiohttp.ClientSession, path: str) -> float:
    began = time.perf_counter()
    async with session.get(path) as answer:
        await answer.read()
        assert answer.status == 200, path
    return (time.perf_counter() - began) * 1000


@asynccontextmanager
async def _served(database: Path) -> AsyncIterator[str]:
    """A relay that neither looks nor sends, and is looked at."""
    config = _config(database)
    _take_over(database, config)
    store, clock = open_store(database), Standing()
    try:
        async with assembled(config, store=store, clock=clock, chance=random.Random()) as assembly:
            relay = assembly.relay
            view = View.of(
                config, relay.pollers, relay.courier, store=store, clock=clock, ledger=lambda: relay.ledger
            )
            async with on_port(app(view, measuring(config))) as url:
                yield url
    finally:
        await store.close()


def _config(database: Path) -> Config:
    path = database.with_name("rules.toml")
    sources = "".join(f"[sources.{name}]\n" for name in SOURCES)
    destinations = "".join(map(_WEBHOOK.format, DESTINATIONS))
    path.write_text(_RULES.format(sources=sources, destinations=destinations), "utf-8")
    return load(path, environ={}, secrets=True)


def _take_over(database: Path, config: Config) -> None:
    """What is in the database was seen by these sources."""
    with closing(sqlite3.connect(database)) as db, db:
        db.executemany(
            "UPDATE sources SET identity = ? WHERE name = ?",
            [(spec.identity(), spec.name) for spec in config.sources],
        )
