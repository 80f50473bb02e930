"""Events, and who hears of them."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from relay.ingest.routes import LatestRoutes, Routes
from relay.model import Event, EventData, Job, Severity, severity_of, utc_text
from relay.rules import masked
from relay.sources import SourceSpec, without
from relay.store import Edge, NewEvent

NULL = msgspec.Raw(b"null")


class News:
    """Makes the events of one source, and routes them."""

    def __init__(self, spec: SourceSpec, routes: Routes | LatestRoutes, new_id: Callable[[str], str]) -> None:
        self._spec = spec
        self._routes = routes
        self._new_id = new_id

    def of_status(
        self, job: Job, previous: str | None, nth: int, now: float, *, after_outage: bool
    ) -> NewEvent:
        return self._of_job(
            job, job.status.lower(), nth, now, status=job.status, previous=previous, after_outage=after_outage
        )

    def of_job(self, job: Job, what: str, nth: int, now: float, **said: Any) -> NewEvent:
        """`PRODUCT.what` of a job whose status has not changed."""
        return self._of_job(job, what, nth, now, status=job.status, previous=None, **said)

    def of_source(self, what: str, why: str | None, nth: int, now: float) -> NewEvent:
        """`source.what`: relay's own news of its source."""
        event_type = f"source.{what}"
        data = EventData(
            source=self._spec.name,
            product=self._spec.kind.product,
            kind=self._spec.kind.name,
            project_id=self._spec.project_id,
            name=self._spec.name,
            error=why,
            error_kind=masked(why) if why else None,
            severity=severity_of(event_type),
        )
        return self._routed(self._event(event_type, data, now), "", nth, now)

    def _of_job(self, job: Job, what: str, nth: int, now: float, **said: Any) -> NewEvent:
        kind = self._spec.kind
        event_type = f"{kind.product}.{what}"
        project_id = job.project_id or self._spec.project_id
        severity: Severity = said.pop("severity", None) or severity_of(event_type)
        data = EventData(
            source=self._spec.name,
            product=kind.product,
            kind=kind.name,
            project_id=project_id,
            job_id=job.id,
            name=job.name or job.id,
            error=job.error,
            error_kind=masked(job.error) if job.error else None,
            severity=severity,
            url=self._spec.url_of(project_id),
            job=msgspec.Raw(job.raw) if job.raw else NULL,
            **said,
        )
        return self._routed(self._event(event_type, data, now), job.id, nth, now)

    def _event(self, event_type: str, data: EventData, now: float) -> Event:
        return Event(id=self._new_id("evt"), type=event_type, timestamp=utc_text(now), data=data)

    def _routed(self, event: Event, job_id: str, nth: int, now: float) -> NewEvent:
        """Rules see the item as listed; kept and sent is what is not left out of it."""
        return self._routes.routed(event, self._kept(event), job_id=job_id, nth=nth, now=now)

    def _kept(self, event: Event) -> Event:
        if event.data.job == NULL:
            return event
        job = msgspec.Raw(without(bytes(event.data.job), self._spec.left_out))
        data = msgspec.structs.replace(event.data, job=job)
        return msgspec.structs.replace(event, data=data)


class OwnNews:
    """Relay's own news of destinations."""

    def __init__(self, routes: Routes | LatestRoutes, new_id: Callable[[str], str]) -> None:
        self._routes = routes
        self._new_id = new_id

    def edge(self, what: Literal["down", "up", "dead"], name: str, why: str | None, now: float) -> Edge:
        """Of a destination, which does not hear of it itself."""
        event_type = "delivery.dead" if what == "dead" else f"destination.{what}"

        def event(nth: int) -> NewEvent:
            return self._event(event_type, name, why, nth, now)

        return Edge(what=what, reason=why, event=event)

    def _event(self, event_type: str, name: str, why: str | None, nth: int, now: float) -> NewEvent:
        data = EventData(
            source=None,
            product=None,
            kind=None,
            name=name,
            error=why,
            error_kind=masked(why) if why else None,
            severity=severity_of(event_type),
        )
        event = Event(id=self._new_id("evt"), type=event_type, timestamp=utc_text(now), data=data)
        return self._routes.routed(event, event, job_id=name, nth=nth, now=now, but=name)
