"""The other end of the wire, in a process of its own, so that it costs the measured one nothing."""

import asyncio
import gzip
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from relay.simulator.http import app
from tests.bench.listed import Listed

Serve = Callable[..., None]

SLOW = 5.0
"""Seconds that a slow receiver takes to answer."""


@contextmanager
def running(serve: Serve, *values: object) -> Iterator[str]:
    """Run `serve(pipe, *values)`, which sends its port through the pipe; the URL it then has."""
    fresh = multiprocessing.get_context("spawn")
    ours, its = fresh.Pipe()
    process = fresh.Process(target=serve, args=(its, *values), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def serve_pages(pipe: Connection, pages: Sequence[bytes]) -> None:
    """A list endpoint: the page whose number is the token, the first without one; gzip as the API's own."""
    answers = [_answer(page) for page in pages]
    asyncio.run(_listen(pipe, lambda: _Pages(answers)))


def serve_listed(pipe: Connection, began: int, size: int, working: Sequence[int]) -> None:
    """The list of so many jobs, to which more come."""
    asyncio.run(_serve(pipe, app(Listed(began=began, size=size, working=working, now=time.time))))


def _answer(page: bytes) -> bytes:
    body = gzip.compress(page, compresslevel=1)
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        f"Content-Length: {len(body)}\r\nDate: Mon, 21 Sep 2026 14:13:20 GMT\r\n\r\n"
    )
    return head.encode() + body


async def _listen(pipe: Connection, protocol: Callable[[], asyncio.Protocol]) -> None:
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Pages(asyncio.Protocol):
    """The least that is HTTP, so that what is compared is the clients."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        self._answers = answers
        self._asked = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._asked += data
        if self._asked.endswith(b"\r\n\r\n"):
            query = parse_qs(urlsplit(self._asked.split(b" ", 2)[1]).query)
            self._asked = b""
            self._transport.write(self._answers[int(query.get(b"page_token", [b"0"])[0])])


def serve_receiver(pipe: Connection) -> None:
    """Takes every message, and answers when it came."""
    asyncio.run(_receive(pipe))


async def _receive(pipe: Connection) -> None:
    """What came is counted: GET says how much, and when the last of it."""
    came, last = 0, 0.0

    async def take(request: web.Request) -> web.Response:
        nonlocal came, last
        await request.read()
        came, last = came + 1, time.time()
        return web.Response(text=repr(last))

    async def take_slowly(request: web.Request) -> web.Response:
        await asyncio.sleep(SLOW)
        return await take(request)

    async def count(_: web.Request) -> web.Response:
        return web.json_response([came, last])

    application = web.Application()
    application.router.add_post("/", take)
    application.router.add_post("/slow", take_slowly)
    application.router.add_get("/", count)
    await _serve(pipe, application)


async def _serve(pipe: Connection, application: web.Application) -> None:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pipe.send(runner.addresses[0][1])
    await asyncio.Event().wait()
