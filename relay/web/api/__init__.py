"""The API: everything that relay knows, as JSON under `/api/v1`."""

from aiohttp import web

from relay.web.api.calls import CALLS, PREFIX, answering
from relay.web.api.changes import CLOSING, Listeners, changes, close
from relay.web.api.openapi import document

__all__ = ["CALLS", "PREFIX", "add_to", "document"]


def add_to(application: web.Application) -> None:
    described = document(CALLS)

    async def openapi(_request: web.Request) -> web.Response:
        return web.json_response(described)

    application[CLOSING] = Listeners()
    application.on_shutdown.append(close)
    application.router.add_get(f"{PREFIX}/openapi.json", openapi)
    application.router.add_get(f"{PREFIX}/changes", changes)
    for call in CALLS:
        application.router.add_route(call.method, PREFIX + call.path, answering(call))
