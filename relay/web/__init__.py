"""What relay serves: so far only whether it is alive."""

from aiohttp import web

from relay.errors import StoreFailed
from relay.store import Store

_HEADERS = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"}

STORE = web.AppKey("store", Store)


def app(store: Store) -> web.Application:
    application = web.Application(client_max_size=64 * 1024)
    application[STORE] = store
    application.router.add_get("/healthz", healthz)
    return application


async def healthz(request: web.Request) -> web.Response:
    """Alive, and the database can be written."""
    try:
        await request.app[STORE].writable()
    except StoreFailed as error:
        body = {"ok": False, "reason": f"the database can't be written: {error}"}
        return web.json_response(body, status=503, headers=_HEADERS)
    return web.json_response({"ok": True}, headers=_HEADERS)
