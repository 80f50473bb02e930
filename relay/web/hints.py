"""Where hints are left: "look at this job now"."""

import asyncio

from aiohttp import web

from relay.poll import is_signed, job_named
from relay.web.problems import Problem
from relay.web.view import VIEW

BODY_WITHIN = 10.0
"""Seconds in which the body of a hint must have come; it is needed before anyone is known by a signature."""


async def hint(request: web.Request) -> web.Response:
    """Take LlamaCloud's own webhook; only its signature and the job's id are read."""
    poller = request.app[VIEW].pollers.get(request.match_info["source"])
    if poller is None or poller.hints is None:
        raise Problem(404, "no such source takes hints: set signing_secret in its table")
    try:
        async with asyncio.timeout(BODY_WITHIN):
            body = await request.read()
    except TimeoutError:
        raise Problem(408, "the body took too long") from None
    if not is_signed(body, request.headers.get("LC-Signature", ""), poller.hints.secret):
        raise Problem(401, "LC-Signature is missing or wrong")
    job_id = job_named(body)
    if job_id is None:
        raise Problem(400, "it names no job")
    poller.hints.offer(job_id)
    return web.json_response({"ok": True}, status=202)
