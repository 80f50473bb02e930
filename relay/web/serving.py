"""A socket that is taken before anything else is begun, and what is served on it."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from relay.errors import Refused
from relay.web.problems import Problem, as_json
from relay.web.security import harden

LONGEST_LINE = 64 * 1024
"""Bytes of a request's first line: what the API's parameters may hold fits."""

MOST_CONNECTIONS = 200
"""At once: each holds one of the process's files, of which looks and deliveries need some too.
Who has been silent longest makes room for one more, so that who asks nothing shuts nobody out."""

IDLE_SECONDS = 75
"""In which a connection must have brought its next request."""


def _is_ours(record: logging.LogRecord) -> bool:
    """A request that is none, or ends in its midst, is the asker's fault, and anybody may send many."""
    theirs = (HttpProcessingError, web.RequestPayloadError, ConnectionError)
    return not (record.exc_info and isinstance(record.exc_info[1], theirs))


log = logging.getLogger("relay.web")
log.addFilter(_is_ours)


class _Connection(web.RequestHandler):
    """Of no more than so many; what goes wrong outside of the application is said in relay's words, too."""

    def __init__(self, server: web.Server) -> None:
        how: dict[str, Any] = {"access_log": None, "logger": log, "auto_decompress": False}
        how |= {"keepalive_timeout": IDLE_SECONDS, "max_line_size": LONGEST_LINE}
        super().__init__(server, loop=asyncio.get_running_loop(), **how)
        self._server = server
        self.heard_at = 0.0  # by the event loop's clock; 0 for never

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        others = [one for one in self._server.connections if isinstance(one, _Connection) and one is not self]
        over = max(0, len(others) + 1 - MOST_CONNECTIONS)
        for silent in sorted(others, key=lambda one: one.heard_at)[:over] if over else ():
            if isinstance(silent.transport, asyncio.Transport):
                silent.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        super().handle_error(request, status, exc, message)  # logs it; raises where an answer has begun
        theirs = status < 500 or isinstance(exc, web.RequestPayloadError)
        detail = "this is no request that relay can read" if theirs else "relay failed; its log says why"
        response = as_json(Problem(400 if theirs else status, detail))
        harden(response)
        response.force_close()
        return response


@contextmanager
def bound(listen: tuple[str, int] | None) -> Iterator[socket.socket | None]:
    """Take the address before anything else is begun. Raises Refused where it can't be had."""
    if listen is None:
        yield None
        return
    host, port = listen
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        taken = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise Refused(
            f"can't listen on {host}:{port}: {os.strerror(error.errno or 0)}; set [relay] listen to another, "
            'or "off"'
        ) from None
    with taken:
        yield taken


@asynccontextmanager
async def serving(taken: socket.socket | None, application: web.Application) -> AsyncIterator[None]:
    """Serve HTTP on a bound socket while inside; nothing where there is none."""
    if taken is None:
        yield
        return
    runner = web.AppRunner(application, shutdown_timeout=1.0)
    await runner.setup()
    server = runner.server
    assert server is not None
    try:
        listening = await asyncio.get_running_loop().create_server(lambda: _Connection(server), sock=taken)
        yield
    finally:
        listening.close()
        await runner.cleanup()
