"""A socket that is taken before anything else is begun, and what is served on it."""

import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from relay.errors import Refused

LONGEST_LINE = 64 * 1024
"""Bytes of a request's first line: what the API's parameters may hold fits."""


def _is_ours(record: logging.LogRecord) -> bool:
    """A request that is none is the asker's fault, and anybody may send many."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


log = logging.getLogger("relay.web")
log.addFilter(_is_ours)


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
    runner = web.AppRunner(
        application, access_log=None, logger=log, shutdown_timeout=1.0, max_line_size=LONGEST_LINE
    )
    await runner.setup()
    try:
        await web.SockSite(runner, taken).start()
        yield
    finally:
        await runner.cleanup()
