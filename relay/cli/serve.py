"""Serving an application for as long as a command runs."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from relay.errors import Refused


@asynccontextmanager
async def on_port(application: web.Application, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve while inside; port 0 takes a free one. Yields the URL."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await _start(runner, host, port)
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _start(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host.strip("[]"), port).start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise Refused(f"can't listen on {host}:{port}: {reason}; choose another address") from None
