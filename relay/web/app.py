"""The application that relay serves."""

from aiohttp import web

from relay.poll import LARGEST_BODY
from relay.web import api, checks, hints, metrics, pages
from relay.web.problems import problems
from relay.web.security import DOOR, Door, guard, harden
from relay.web.view import VIEW, View


async def _prepared(_request: web.Request, response: web.StreamResponse) -> None:
    harden(response)


def app(view: View, measured: metrics.Metrics) -> web.Application:
    """Everything about this relay; `measured` is what it has counted since its start."""
    door = Door(view.config.token, view.clock)
    application = web.Application(
        client_max_size=LARGEST_BODY, middlewares=[problems(pages.problem), guard(door)]
    )
    application[VIEW] = view
    application[DOOR] = door
    application.on_response_prepare.append(_prepared)
    application.router.add_get("/healthz", checks.healthz)
    application.router.add_get("/readyz", checks.readyz)
    application.router.add_get("/metrics", metrics.handler(view, measured))
    application.router.add_post("/hints/{source}", hints.hint)
    api.add_to(application)
    pages.add_to(application)
    return application
