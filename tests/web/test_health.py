"""Alive, at work, and heard of by those outside."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from aiohttp import web

from relay.web.health import Read, reasons
from tests.process.live import served, until
from tests.web.conftest import a_relay


def read(**changes):
    return Read(**{"source": "parse", "age": 10.0, "pace": 15.0, "was": True, "trouble": None} | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"age": 45.0}, []),
        ({"age": -5.0}, []),
        ({"age": 45.1}, ["parse: not read for 45 s, more than 3 times its pace of 15 s"]),
        (
            {"age": 90.0, "trouble": "denied"},
            ["parse: not read for 90 s, more than 3 times its pace of 15 s (denied)"],
        ),
        ({"was": False, "age": 2.0}, ["parse: not read yet, 2 s after the start"]),
        ({"age": 90.0, "pace": 30.0}, []),
    ],
)
def test_relay_is_ready_while_each_source_is_read_within_three_paces(changes, said):
    assert reasons([read(**changes)]) == said


async def test_a_source_that_falls_silent_is_named_and_the_heart_stops(tmp_path):
    beats = []

    async def beat(request):
        beats.append(request.path_qs)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    outside = web.Application()
    outside.router.add_get("/{tail:.*}", beat)
    async with served(outside) as url:
        more = f'heartbeat_url = "{url}/ping?id=secret-id"'
        async with a_relay(tmp_path, more=more, kinds=("parse",)) as it:
            assert (await it.get("/readyz"))["ready"] is True
            await until(lambda: beats)
            it.simulator._api._api_key = "llx-another"
            answer = await ready(it, 503)
            assert answer["ready"] is False
            (why,) = answer["reasons"]
            assert why.startswith("parse: not read for")
            assert why.endswith("(denied)")
            assert (await it.get("/healthz"))["ok"] is True
            assert beats == ["/ping?id=secret-id"]
            log = it.home.log.read_text("utf-8")
            assert "heartbeat_url: not heard (HTTP 302)" in log
            assert "secret-id" not in log


async def test_a_database_that_can_not_be_written_is_not_well(tmp_path):
    async with a_relay(tmp_path, kinds=("parse",)) as it:
        with closing(sqlite3.connect(it.home.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # someone else holds it
            answer = await it.get("/healthz", expect=503)
            assert answer["ok"] is False
            assert "the database can't be written" in answer["reason"]
        assert (await ready(it, 200, "/healthz"))["ok"] is True


async def ready(it, status, path="/readyz"):
    """Wait until it says so."""
    async with asyncio.timeout(15):
        while True:
            async with it.asking() as session, session.get(path) as answer:
                if answer.status == status:
                    return await answer.json()
            await asyncio.sleep(0.1)
