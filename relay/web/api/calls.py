"""What the API can be asked, as a table: it makes the routes, their checks, and the document."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from relay.web.api import actions, lists, models, one, totals
from relay.web.api.asked import asked, is_text, parameters
from relay.web.problems import Problem
from relay.web.view import VIEW, View

PREFIX = "/api/v1"
LONGEST = {"source": 100, "name": 100, "id": 500}
"""Characters of a name or id in a path."""

Names = dict[str, str]
Work = Callable[[View, Any, Names], Awaitable[Any]]


@dataclass(frozen=True)
class Call:
    """`answer` is the type of what comes back, and `status` what is said with it; `refusals`: problems that
    it may answer instead of those that each may.
    """

    method: str
    path: str
    words: str
    work: Work
    answer: Any
    query: type[models.Query] = models.Nothing
    refusals: tuple[int, ...] = ()


CALLS = (
    Call("GET", "/status", "How relay stands.", totals.status, models.Status),
    Call(
        *("GET", "/series", "Events or ended deliveries by minute or hour.", totals.series, models.Series),
        query=models.SeriesQuery,
    ),
    Call("GET", "/sources", "The sources.", lists.sources, lists.Listed[models.Source]),
    Call("GET", "/sources/{name}", "A source.", one.source, models.Source, refusals=(404,)),
    Call(
        *("GET", "/jobs", "Jobs, those that changed last first.", lists.jobs, lists.Listed[models.Job]),
        query=models.JobsQuery,
    ),
    Call("GET", "/jobs/{source}/{id}", "A job's life.", one.job, models.JobWhole, refusals=(404,)),
    Call(
        *("GET", "/events", "Events, newest first.", lists.events, lists.Listed[models.Event]),
        query=models.EventsQuery,
    ),
    Call(
        "GET",
        "/events/{id}",
        "An event, and why it was sent or not.",
        one.event,
        models.EventWhole,
        refusals=(404,),
    ),
    Call(
        *("GET", "/deliveries", "Deliveries, newest first.", lists.deliveries, lists.Listed[models.Delivery]),
        query=models.DeliveriesQuery,
    ),
    Call(
        "GET",
        "/deliveries/{id}",
        "A delivery with its attempts.",
        one.delivery,
        models.DeliveryWhole,
        refusals=(404,),
    ),
    Call(
        *("POST", "/deliveries/{id}/retry", "Send a dead delivery again, under its id."),
        *(actions.retry, models.DeliveryWhole),
        refusals=(403, 404, 409),
    ),
    Call("GET", "/destinations", "The destinations.", lists.destinations, lists.Listed[models.Destination]),
    Call(
        "GET", "/destinations/{name}", "A destination.", one.destination, models.Destination, refusals=(404,)
    ),
    Call(
        *("POST", "/destinations/{name}/test", "Send a sample, marked as a test."),
        *(actions.test, models.Sent),
        refusals=(403, 404),
    ),
    Call("GET", "/rules", "The rules as they were read.", lists.rules, lists.Listed[models.Rule]),
    Call("GET", "/hints", "What hints were good for.", lists.hints, lists.Listed[models.Hint]),
)


def answering(call: Call) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of a call: what it is asked is checked before anything else."""

    async def handler(request: web.Request) -> web.Response:
        query = asked(parameters(request), call.query)
        answer = await call.work(request.app[VIEW], query, names_of(request))
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json")

    return handler


def names_of(request: web.Request) -> Names:
    """Of the path. Raises Problem where one can name nothing."""
    for key, name in request.match_info.items():
        if len(name) > LONGEST[key] or "\0" in name or not is_text(name):
            raise Problem(404, "there is nothing of this name")
    return dict(request.match_info)
