"""Lists: the long ones by pages, the others whole."""

from typing import Any, Generic, TypeVar

import msgspec

from relay.model import EventData, utc_text
from relay.store import Queue, Row, Summary
from relay.web.api import models
from relay.web.view import View

T = TypeVar("T")
Names = dict[str, str]

_decode = msgspec.json.Decoder(EventData).decode
_rules = msgspec.json.Decoder(dict[str, list[str]]).decode
_GONE = Queue(waiting=0, dead=0, oldest=None, next_due=None)


class Listed(msgspec.Struct, Generic[T], kw_only=True):
    """`next` is the `cursor` of the page after this one; there is none after the last."""

    items: list[T]
    next: str | None = None


def _seq(cursor: str) -> tuple[int] | None:
    """Where a list in the order of the store's sequence goes on."""
    return (int(cursor),) if cursor else None


def _seq_text(key: tuple[Any, ...] | None) -> str | None:
    return None if key is None else str(key[0])


async def jobs(view: View, query: models.JobsQuery, _: Names) -> Listed[models.Job]:
    page = await view.store.jobs_page(
        sources=query.source,
        statuses=[status.upper() for status in query.status],
        job_id=query.id[0] if query.id else None,
        before=_job_key(query.cursor),
        limit=query.limit,
    )
    return Listed(items=[models.Job(**row) for row in page.rows], next=_job_text(page.next))


def _job_key(cursor: str) -> tuple[str, str, str, int] | None:
    if not cursor:
        return None
    source, changed, created, job = cursor.split("~", 3)
    return changed, created, job, int(source)


def _job_text(key: tuple[Any, ...] | None) -> str | None:
    if key is None:
        return None
    changed, created, job, source = key
    return f"{source}~{changed}~{created}~{job}"


async def events(view: View, query: models.EventsQuery, _: Names) -> Listed[models.Event]:
    page = await view.store.events_page(
        sources=query.source,
        types=query.type,
        job_id=query.job[0] if query.job else None,
        before=_seq(query.cursor),
        limit=query.limit,
    )
    return Listed(items=[event_of(row) for row in page.rows], next=_seq_text(page.next))


async def deliveries(view: View, query: models.DeliveriesQuery, _: Names) -> Listed[models.Delivery]:
    page = await view.store.deliveries_page(
        destinations=query.destination,
        states=query.state,
        event_id=query.event[0] if query.event else None,
        before=_seq(query.cursor),
        limit=query.limit,
    )
    return Listed(items=[delivery_of(row) for row in page.rows], next=_seq_text(page.next))


async def sources(view: View, _query: models.Query, _: Names) -> Listed[models.Source]:
    summary = await view.summary()
    return Listed(items=sources_of(view, summary))


def sources_of(view: View, summary: Summary) -> list[models.Source]:
    known = {row["name"]: row for row in summary.sources}
    reads = {read.source: read for read in view.reads()}
    found = []
    for spec in view.config.sources:
        row, read, poller = known.get(spec.name, {}), reads[spec.name], view.pollers[spec.name]
        kept = {name: row[name] for name in _SOURCE if name in row}
        found.append(
            models.Source(
                name=spec.name,
                kind=spec.kind.name,
                product=spec.kind.product,
                every=spec.every,
                pace=read.pace,
                ready=read.in_time,
                read_age=read.age,
                open_jobs={s: n for (name, s), n in summary.open_jobs.items() if name == spec.name},
                budget_per_minute=spec.requests_per_minute,
                budget_left=poller.budget_left(),
                seconds=poller.last.seconds if poller.last else None,
                items=poller.last.items if poller.last else None,
                **kept,
            )
        )
    return found


_SOURCE = ("whole_at", "looked_at", "baseline", "failures", "trouble", "down_at", "ordering", "requests")


async def destinations(view: View, _query: models.Query, _: Names) -> Listed[models.Destination]:
    return Listed(items=destinations_of(view, await view.summary()))


def destinations_of(view: View, summary: Summary) -> list[models.Destination]:
    """Those of the configuration, then those that are not in it any more."""
    names = [
        *view.config.destinations,
        *(name for name in summary.queues if name not in view.config.destinations),
    ]
    ended = summary.ever.get("delivery", {})
    found = []
    for name in names:
        options, lane = view.config.destinations.get(name), view.courier.lanes.get(name)
        queue, probe_at = summary.queues.get(name, _GONE), lane.probe_at if lane else None
        found.append(
            models.Destination(
                name=name,
                type=options.type if options else None,
                configured=options is not None,
                waiting=queue.waiting,
                dead=queue.dead,
                delivered=ended.get(f"{name}/delivered", 0),
                superseded=ended.get(f"{name}/superseded", 0),
                oldest=queue.oldest,
                next_due=queue.next_due,
                breaker="closed" if probe_at is None else "open",
                probe_at=None if probe_at is None else utc_text(probe_at),
                down_at=queue.down_at,
                reason=queue.reason,
            )
        )
    return found


async def rules(view: View, _query: models.Query, _: Names) -> Listed[models.Rule]:
    matches = (await view.summary()).ever.get("rule", {})
    return Listed(
        items=[
            models.Rule(
                name=rule.name,
                on=list(rule.on),
                to=list(rule.to),
                match=dict(rule.match),
                unless=dict(rule.unless),
                severity=rule.severity,
                stop=rule.stop,
                group_by=list(rule.group_by) if isinstance(rule.group_by, tuple) else rule.group_by,
                group_wait=rule.group_wait,
                group_interval=rule.group_interval,
                settle=rule.settle,
                matches=matches.get(rule.name, 0),
            )
            for rule in view.config.rules
        ]
    )


async def hints(view: View, _query: models.Query, _: Names) -> Listed[models.Hint]:
    summary = await view.summary()
    return Listed(items=[models.Hint(**row) for row in summary.hints])


def event_of(row: Row) -> models.Event:
    return models.Event(**event_fields(row))


def event_fields(row: Row) -> Row:
    """Of an event, but for its item and outcome."""
    data = msgspec.structs.asdict(_decode(row["data"]))
    data.pop("job"), data.pop("outcome")
    place = {name: row[name] for name in ("seq", "id", "type", "timestamp")}
    return {**place, **data, "rules": _rules(row["rules"])}


def kept_of(row: Row) -> EventData:
    return _decode(row["data"])


def delivery_of(row: Row) -> models.Delivery:
    return models.Delivery(**delivery_fields(row))


def delivery_fields(row: Row) -> Row:
    fields = {name: row[name] for name in models.Delivery.__struct_fields__}
    return fields | {"claimed": bool(row["claimed"]), "replay": bool(row["replay"])}
