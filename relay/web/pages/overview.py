"""How relay stands, at one glance."""

from typing import Any, Literal

from relay.model import stage
from relay.web.api import lists, models, totals
from relay.web.pages.charts import SPANS, charts
from relay.web.view import View

NEWEST, DEAD = 8, 5
"""Events and dead deliveries that are shown."""


class OverviewQuery(models.Query):
    span: Literal["hour", "day", "fortnight"] = "hour"


async def overview(view: View, query: OverviewQuery, _: lists.Names) -> dict[str, Any]:
    nothing = models.Nothing()
    span = SPANS[query.span]
    status = await totals.status(view, nothing, {})
    return {
        "status": status,
        "open_jobs": sorted(status.open_jobs.items(), key=lambda job: (stage(job[0]), job[0])),
        "sources": (await lists.sources(view, nothing, {})).items,
        "destinations": (await lists.destinations(view, nothing, {})).items,
        "events": (await lists.events(view, models.EventsQuery(limit=NEWEST), {})).items,
        "dead": (await lists.deliveries(view, models.DeliveriesQuery(limit=DEAD, state=["dead"]), {})).items,
        "charts": await charts(view, span),
        "spans": SPANS,
        "span": query.span,
    }
