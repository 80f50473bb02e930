"""The dashboard: what relay knows as pages, which need no script to be read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from relay.web.api import models
from relay.web.api.asked import asked
from relay.web.api.calls import names_of
from relay.web.pages import actions, lists, login, overview
from relay.web.pages.assets import PREFIX, asset
from relay.web.pages.page import LOGIN, given, page, problem
from relay.web.view import VIEW

__all__ = ["PAGES", "add_to", "problem"]


@dataclass(frozen=True)
class Shown:
    """`work` makes the values of the template, of what the API answers."""

    path: str
    template: str
    work: Callable[..., Awaitable[dict[str, Any]]]
    query: type[models.Query] = models.Nothing


PAGES = (
    Shown("/", "overview.html", overview.overview, overview.OverviewQuery),
    Shown("/jobs", "jobs.html", lists.jobs, models.JobsQuery),
    Shown("/jobs/{source}/{id}", "job.html", lists.job),
    Shown("/events", "events.html", lists.events, models.EventsQuery),
    Shown("/events/{id}", "event.html", lists.event),
    Shown("/deliveries", "deliveries.html", lists.deliveries, models.DeliveriesQuery),
    Shown("/deliveries/{id}", "delivery.html", lists.delivery),
    Shown("/destinations", "destinations.html", lists.destinations),
    Shown("/rules", "rules.html", lists.rules),
)


def add_to(application: web.Application) -> None:
    application.router.add_get(f"{PREFIX}/{{name}}", asset)
    application.router.add_get(LOGIN, login.ask)
    application.router.add_post(LOGIN, login.enter)
    application.router.add_post("/logout", login.leave)
    application.router.add_post("/deliveries/{id}", actions.retry)
    application.router.add_post("/destinations", actions.test)
    for shown in PAGES:
        application.router.add_get(shown.path, _showing(shown))


def _showing(shown: Shown) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        query = asked(given(request), shown.query)
        values = await shown.work(request.app[VIEW], query, names_of(request))
        return page(request, shown.template, **values)

    return handler
