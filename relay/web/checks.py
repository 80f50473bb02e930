"""For who watches over relay: is it alive, and does it do its work."""

import asyncio

from aiohttp import web

from relay.errors import StoreFailed
from relay.web.health import lag, reasons
from relay.web.view import VIEW

WRITTEN_WITHIN = 4.0
"""Seconds in which a database that can be written says so."""


async def healthz(request: web.Request) -> web.Response:
    """Alive: the event loop comes round, and the database can be written."""
    behind = await lag()
    try:
        async with asyncio.timeout(WRITTEN_WITHIN):
            await request.app[VIEW].store.writable()
    except (StoreFailed, TimeoutError) as error:
        why = str(error) or f"no answer within {WRITTEN_WITHIN:g} s"
        body = {"ok": False, "reason": f"the database can't be written: {why}"}
        return web.json_response(body, status=503)
    return web.json_response({"ok": True, "loop_seconds": round(behind, 6)})


async def readyz(request: web.Request) -> web.Response:
    """At work: each source is read in time."""
    why = reasons(request.app[VIEW].reads())
    return web.json_response({"ready": not why, "reasons": why}, status=503 if why else 200)
