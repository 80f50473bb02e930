"""Those who come to relay's port and ask for nothing that it can read, or for too much at once."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from relay.web.api.changes import MOST_LISTENERS
from relay.web.serving import MOST_CONNECTIONS
from tests.web.conftest import TOKEN

HEAD = "Host: relay\r\nConnection: close\r\n"
HINT = f"POST /hints/parse HTTP/1.1\r\n{HEAD}"
UNREADABLE = {
    "no host": "GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two lengths": f"{HINT}Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
    "length and chunks": f"{HINT}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no method": f"<b> / HTTP/1.1\r\n{HEAD}\r\n",
    "a long line": f"GET /{'a' * 70_000} HTTP/1.1\r\n{HEAD}\r\n",
    "a long header": f"GET / HTTP/1.1\r\n{HEAD}X: {'a' * 9000}\r\n\r\n",
    "many headers": f"GET / HTTP/1.1\r\n{HEAD}" + "X: 1\r\n" * 300 + "\r\n",
    "a handshake of TLS": "\x16\x03\x01\x00\xa5\x01\x00\x00",
}


async def connected(running):
    url = URL(running.url)
    return await asyncio.open_connection(url.host, url.port)


@asynccontextmanager
async def asked(running, *texts):
    """A connection for each of these; then what each answers."""
    pairs = [await connected(running) for _ in texts]
    for (_, writer), text in zip(pairs, texts, strict=True):
        writer.write(text.encode("latin-1"))
    try:
        yield [reader for reader, _ in pairs]
    finally:
        for _, writer in pairs:
            writer.transport.abort()


def in_the_log(running, text):
    return running.home.log.read_text("utf-8").count(text)


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_is_no_request_is_answered_as_any_error_and_repeats_nothing(running, text):
    async with asked(running, text) as (reader,), asyncio.timeout(5):
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    assert head.splitlines()[0].split()[1] == "400"
    assert "Content-Type: application/problem+json" in head
    assert "Content-Security-Policy: default-src 'none'" in head
    assert json.loads(body)["detail"] == "this is no request that relay can read"


@pytest.mark.parametrize(
    "text",
    [
        f"{HINT}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        f"POST /login HTTP/1.1\r\n{HEAD}Origin: http://[::1\r\nContent-Length: 0\r\n\r\n",
        f"{HINT}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        f"{HINT}Content-Length: 50\r\n\r\nabc",
    ],
    ids=["no gzip", "no origin", "no chunks", "a body that is cut"],
)
async def test_nobody_who_sends_nonsense_fills_the_log(running, text):
    before = in_the_log(running, "Traceback")
    async with asked(running, text) as (reader,), asyncio.timeout(5):
        if "50" not in text:
            assert b" 4" in (await reader.read()).splitlines()[0]
    await running.get("/healthz")
    assert in_the_log(running, "Traceback") == before


async def test_however_many_listen_at_once_only_so_many_are_heard_out(running):
    listen = f"GET /api/v1/changes HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    async with asked(running, *[listen] * (MOST_LISTENERS + 20)) as readers, asyncio.timeout(10):
        lines = [await reader.readline() for reader in readers]
    statuses = [line.split()[1] for line in lines]
    assert (statuses.count(b"200"), statuses.count(b"503")) == (MOST_LISTENERS, 20)


async def test_connections_that_ask_for_nothing_are_few_and_shut_nobody_out(running):
    async with asked(running, *[""] * (MOST_CONNECTIONS + 20)) as readers, asyncio.timeout(20):
        await running.get("/healthz")
        closed = await asyncio.gather(*map(is_closed, readers))
    assert sum(closed) >= 20
    assert all(closed[:20])  # the oldest made room
    assert sum(closed) < MOST_CONNECTIONS


async def test_who_has_asked_something_makes_no_room_for_those_who_ask_nothing(running):
    listen = f"GET /api/v1/changes HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    async with asked(running, listen) as (reader,), asyncio.timeout(20):
        assert b" 200" in await reader.readline()
        async with asked(running, *[""] * (MOST_CONNECTIONS + 20)):
            await running.get("/healthz")
            assert not reader.at_eof()
            assert await reader.readline()


async def is_closed(reader):
    try:
        return not await asyncio.wait_for(reader.read(1), 3)
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
