"""One of each, with what belongs to it."""

from typing import TypeVar

from relay.render.units import many
from relay.rules import ALERTS
from relay.store import Row
from relay.web.api import lists, models
from relay.web.api.lists import Names
from relay.web.problems import Problem
from relay.web.view import View

T = TypeVar("T", models.Source, models.Destination)

SHOWN = 100
"""Events of a job, or deliveries of an event, that are shown with it."""

_HELD = {
    "order": "for an earlier one of its job",
    "rule": "for its rule, which is not in the configuration",
    "alone": "to be sent alone",
}


async def source(view: View, _query: models.Query, names: Names) -> models.Source:
    return _named(lists.sources_of(view, await view.summary()), names["name"])


async def destination(view: View, _query: models.Query, names: Names) -> models.Destination:
    return _named(lists.destinations_of(view, await view.summary()), names["name"])


def _named(items: list[T], name: str) -> T:
    for item in items:
        if item.name == name:
            return item
    raise Problem(
        404, f"there is none of this name; there are: {', '.join(item.name for item in items)}"[:500]
    )


async def job(view: View, _query: models.Query, names: Names) -> models.JobWhole:
    of, job_id = names["source"], names["id"]
    row = await view.store.job(source=of, job_id=job_id)
    if row is None:
        raise Problem(404, "relay knows no such job: it was not seen, or was forgotten since")
    page = await view.store.events_page(sources=[of], job_id=job_id, limit=SHOWN)
    files = await view.store.files_of_batch(source=of, batch=job_id)
    told = [
        models.Told(event=lists.event_of(event), deliveries=await _deliveries(view, event["id"]))
        for event in page.rows
    ]
    return models.JobWhole(**row, timeline=told, files=[models.File(**file) for file in files])


async def _deliveries(view: View, event_id: str) -> list[models.Delivery]:
    page = await view.store.deliveries_page(event_id=event_id, limit=SHOWN)
    return [lists.delivery_of(row) for row in page.rows]


async def event(view: View, _query: models.Query, names: Names) -> models.EventWhole:
    row = await view.store.event(event_id=names["id"])
    if row is None:
        raise Problem(404, "relay knows no such event: its id is wrong, or it was forgotten since")
    deliveries = await _deliveries(view, row["id"])
    fields, data = lists.event_fields(row), lists.kept_of(row)
    return models.EventWhole(
        **fields,
        why=why(fields["rules"], deliveries, view.config.alerts_to),
        outcome=data.outcome,
        job=data.job,
        deliveries=deliveries,
    )


def why(rules: dict[str, list[str]], deliveries: list[models.Delivery], alerts_to: str | None) -> list[str]:
    """In words: which rules took the event, and what became of it at each destination."""
    by_hand = [f"sent to {d.destination} by hand: {_became(d)}" for d in deliveries if d.replay]
    if not rules:
        return by_hand or ["no rule matched it, so it was sent to no one"]
    by = {delivery.destination: delivery for delivery in deliveries if not delivery.replay}
    said = []
    for rule, destinations in rules.items():
        name = "alerts_to" if rule == ALERTS.name and alerts_to else f"rule {rule}"
        if not destinations:
            said.append(
                f"{name} matched it; another rule had sent it already, or its destinations take no such event"
            )
        said += [f"{name} sends it to {to}: {_became(by.get(to))}" for to in destinations]
    return said + by_hand


def _became(delivery: models.Delivery | None) -> str:
    if delivery is None:
        return "its delivery was forgotten since"
    reason = f" ({delivery.reason})" if delivery.reason else ""
    if delivery.state == "waiting":
        tried = f", after {many(delivery.attempts, 'attempt')}" if delivery.attempts else ""
        return f"waits, {_until(delivery)}{tried}{reason}"
    return f"{delivery.state} {delivery.ended_at}{reason}"


def _until(delivery: models.Delivery) -> str:
    if delivery.settle_until:
        return f"settles until {delivery.settle_until}"
    return _HELD.get(delivery.held or "", f"due {delivery.due_at}")


async def delivery(view: View, _query: models.Query, names: Names) -> models.DeliveryWhole:
    return whole(await known(view, names["id"]))


async def known(view: View, delivery_id: str) -> Row:
    row = await view.store.delivery(delivery_id=delivery_id)
    if row is None:
        raise Problem(404, "relay knows no such delivery: its id is wrong, or it was forgotten since")
    return row


def whole(row: Row) -> models.DeliveryWhole:
    return models.DeliveryWhole(
        **lists.delivery_fields(row),
        tries=[models.Attempt(**attempt) for attempt in row["attempts_made"]],
        carries=[lists.event_of(event) for event in row["first_events"]],
    )
