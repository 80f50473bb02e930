"""Pages of long lists with their filters, and of each thing in them."""

from typing import Any, get_args

from relay.config.warn import event_types
from relay.destinations import TYPES
from relay.model import OPEN_STATUSES
from relay.rules import Rule
from relay.web.api import lists, models, one
from relay.web.api.lists import Names
from relay.web.view import View

_ENDED = ("COMPLETED", "FAILED", "CANCELLED")


async def jobs(view: View, query: models.JobsQuery, names: Names) -> dict[str, Any]:
    seen = {status for _, status in (await view.summary()).open_jobs}
    statuses = [*OPEN_STATUSES, *sorted(seen - {*OPEN_STATUSES}), *_ENDED]
    return {
        "page": await lists.jobs(view, query, names),
        "query": query,
        "sources": _sources(view),
        "statuses": statuses,
    }


async def events(view: View, query: models.EventsQuery, names: Names) -> dict[str, Any]:
    return {
        "page": await lists.events(view, query, names),
        "query": query,
        "sources": _sources(view),
        "types": event_types(view.config.sources),
    }


async def deliveries(view: View, query: models.DeliveriesQuery, names: Names) -> dict[str, Any]:
    destinations = lists.destinations_of(view, await view.summary())
    return {
        "page": await lists.deliveries(view, query, names),
        "query": query,
        "destinations": [destination.name for destination in destinations],
        "states": get_args(models.State),
    }


def _sources(view: View) -> list[str]:
    return [spec.name for spec in view.config.sources]


async def job(view: View, query: models.Query, names: Names) -> dict[str, Any]:
    """A batch with its outcome, as it was told last."""
    found = await one.job(view, query, names)
    finished = next((told.event.id for told in found.timeline if told.event.type == "batch.finished"), None)
    outcome = (await one.event(view, query, {"id": finished})).outcome if finished else None
    return {"job": found, "outcome": outcome}


async def event(view: View, query: models.Query, names: Names) -> dict[str, Any]:
    return {"event": await one.event(view, query, names)}


async def delivery(view: View, query: models.Query, names: Names) -> dict[str, Any]:
    return {"delivery": await one.delivery(view, query, names)}


async def destinations(view: View, query: models.Query, names: Names) -> dict[str, Any]:
    return {"destinations": (await lists.destinations(view, query, names)).items, "tested": None}


async def rules(view: View, query: models.Query, names: Names) -> dict[str, Any]:
    return {
        "rules": (await lists.rules(view, query, names)).items,
        "together": {rule.name: _together(view, rule) for rule in view.config.rules},
        "alerts_to": view.config.alerts_to,
    }


def _together(view: View, rule: Rule) -> list[str]:
    """Of its destinations those that hear of many events in one message."""
    types = {name: TYPES[view.config.destinations[name].type] for name in rule.to}
    return [name for name, of in types.items() if rule.gathers(by_default=of.for_people)]
