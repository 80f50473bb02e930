"""How relay stands, at one glance."""

from typing import Any, Literal

from relay.web.api import lists, models, totals
from relay.web.pages.charts import SPANS, charts
from relay.web.view import View

NEWEST = 8
"""Events and dead deliveries that are shown."""


class OverviewQuery(models.Query):
    span: Literal["hour", "day", "fortnight"] = "hour"


async def overview(view: View, query: OverviewQuery, _: lists.Names) -> dict[str, Any]:
    nothing = models.Nothing()
    span = SPANS[query.span]
    return {
        "status": await totals.status(view, nothing, {}),
        "sources": (await lists.sources(view, nothing, {})).items,
        "destinations": (await lists.destinations(view, nothing, {})).items,
        "events": (await lists.events(view, models.EventsQuery(limit=NEWEST), {})).items,
        "dead": (
            await lists.deliveries(view, models.DeliveriesQuery(limit=NEWEST, state=["dead"]), {})
        ).items,
        "charts": await charts(view, span),
        "spans": SPANS,
        "span": query.span,
    }
