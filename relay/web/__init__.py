"""What relay serves: whether it is alive, and where hints are left."""

import asyncio
from collections.abc import Mapping

from aiohttp import web

from relay.errors import StoreFailed
from relay.poll import LARGEST_BODY, Hints, is_signed, job_named
from relay.store import Store

BODY_WITHIN = 10.0
"""Seconds in which the body of a hint must have come; it is needed before anyone is known by a signature."""

_HEADERS = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"}

STORE = web.AppKey("store", Store)
HINTS: web.AppKey[Mapping[str, Hints]] = web.AppKey("hints")


def app(store: Store, hints: Mapping[str, Hints]) -> web.Application:
    """`hints`: of each source that takes any, by its name."""
    application = web.Application(client_max_size=LARGEST_BODY)
    application[STORE] = store
    application[HINTS] = hints
    application.router.add_get("/healthz", healthz)
    application.router.add_post("/hints/{source}", hint)
    return application


async def healthz(request: web.Request) -> web.Response:
    """Alive, and the database can be written."""
    try:
        await request.app[STORE].writable()
    except StoreFailed as error:
        body = {"ok": False, "reason": f"the database can't be written: {error}"}
        return web.json_response(body, status=503, headers=_HEADERS)
    return web.json_response({"ok": True}, headers=_HEADERS)


async def hint(request: web.Request) -> web.Response:
    """Take LlamaCloud's own webhook; only its signature and the job's id are read."""
    hints = request.app[HINTS].get(request.match_info["source"])
    if hints is None:
        return web.json_response({"error": "no such source takes hints"}, status=404, headers=_HEADERS)
    try:
        async with asyncio.timeout(BODY_WITHIN):
            body = await request.read()
    except TimeoutError:
        return web.json_response({"error": "the body took too long"}, status=408, headers=_HEADERS)
    if not is_signed(body, request.headers.get("LC-Signature", ""), hints.secret):
        return web.json_response({"error": "LC-Signature is missing or wrong"}, status=401, headers=_HEADERS)
    job_id = job_named(body)
    if job_id is None:
        return web.json_response({"error": "it names no job"}, status=400, headers=_HEADERS)
    hints.offer(job_id)
    return web.json_response({"ok": True}, status=202, headers=_HEADERS)
