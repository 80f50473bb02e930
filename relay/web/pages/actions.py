"""What can be done on a page: a dead delivery is sent again, a destination is tried."""

from aiohttp import web

from relay.web.api import actions, models
from relay.web.api.calls import names_of
from relay.web.pages import lists
from relay.web.pages.form import form
from relay.web.pages.page import page
from relay.web.view import VIEW

_NOTHING = models.Nothing()


async def retry(request: web.Request) -> web.Response:
    """The page of the delivery shows what comes of it."""
    await actions.retry(request.app[VIEW], _NOTHING, names_of(request))
    return web.Response(status=303, headers={"Location": request.rel_url.raw_path})


async def test(request: web.Request) -> web.Response:
    """The page of destinations, with what this one said."""
    view, name = request.app[VIEW], (await form(request)).get("test", "")
    sent = await actions.test(view, _NOTHING, {"name": name})
    values = await lists.destinations(view, _NOTHING, {})
    return page(request, "destinations.html", **values | {"tested": {"name": name, "sent": sent}})
