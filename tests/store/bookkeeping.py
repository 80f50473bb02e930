"""Changes and claims made by hand, to be told to any store."""

from dataclasses import dataclass

from relay.diff import Known
from relay.model import Event, EventData, Job, utc_text
from relay.store import BatchFile, Changes, Claims, Group, NewDelivery, NewEvent, Result, Store, Whole

NOW = 1_790_000_000.0
CREATED = "2026-09-21T14:00:00.000000Z"


@dataclass
class Account:
    """One source of a store, and what tests do with it."""

    store: Store
    id: int

    async def ingest(self, decide, *keys, baseline=None):
        return await self.store.ingest(
            source=self.id, keys=keys, decide=lambda known, _: decide(known), baseline=baseline, now=NOW
        )

    async def is_whole(self, *, mark=None, newest=None):
        whole = Whole(
            mark=mark, newest=newest, whole_at=utc_text(NOW), baseline=CREATED, ordering=None, wants=1.0
        )
        await self.store.look_whole(source=self.id, whole=whole, up=lambda nth: news("up", nth), now=NOW)

    async def fails(self, *, down=False):
        """How many looks in a row have now failed; `down`: people should know."""
        return await self.store.look_failed(
            source=self.id,
            trouble="HTTP 500",
            down=(lambda nth: news("down", nth)) if down else None,
            now=NOW,
        )

    async def known(self, *keys):
        """The statuses that are known of these (created_at, id)."""
        found = {}
        await self.ingest(lambda known: found.update(known) or Changes(), *keys)
        return {job_id: found[job_id][2] for _, job_id in keys if job_id in found}

    async def sees(self, job_id, status="RUNNING", *, created_at=CREATED, to=("ops",), at=0.0, **owed):
        """The job has changed; one delivery of the event to each destination, whose ids come back."""
        job = a_job(job_id, status, created_at)
        changes, _ = await self.store.ingest(
            source=self.id,
            keys=((created_at, job_id),),
            decide=lambda known, _: a_change(known, job, to, at=at, **owed),
            baseline=None,
            now=NOW + at,
        )
        return [delivery.id for event in changes.events for delivery in event.deliveries]

    async def learns(self, *jobs):
        """In silence; the new sequence."""
        return (await self.ingest(lambda _: Changes(learned=[(job, 0) for job in jobs])))[1]


def a_job(job_id, status="RUNNING", created_at=CREATED):
    return Job(id=job_id, status=status, created_at=created_at, updated_at=created_at)


def a_change(known, job, to, *, follow=False, **owed):
    row = known.get(job.id)
    nth = row[5] + 1 if row else 1
    changes = Changes(events=[an_event(job, nth, to, **owed)], follow=follow)
    if row:
        changes.moved.append((Known(*row), job, nth))
    else:
        changes.learned.append((job, nth))
    return changes


def an_event(job, nth=1, to=("ops",), *, at=0.0, error_kind=None, product="parse", **owed):
    name = f"{job.id}-{nth}"
    data = EventData(
        source="parse",
        product=product,
        kind=product,
        job_id=job.id,
        status=job.status,
        error_kind=error_kind,
    )
    return NewEvent(
        event=Event(
            id=f"evt-{name}", type=f"{product}.{job.status.lower()}", timestamp=utc_text(NOW + at), data=data
        ),
        job_id=job.id,
        nth=nth,
        rules={"all": list(to)} if to else {},
        deliveries=tuple(a_delivery(f"msg-{name}-{where}", where, at=at, **owed) for where in to),
    )


def news(what, nth):
    """Relay's own, of the source."""
    data = EventData(source="parse", product="parse", kind="parse", name="parse")
    event = Event(id=f"evt-{what}-{nth}", type=f"source.{what}", timestamp=utc_text(NOW), data=data)
    return NewEvent(event=event, job_id="", nth=nth, rules={"all": []}, deliveries=())


def a_delivery(
    delivery_id, destination, *, at=0.0, settle=None, severity="info", group=None, rule="all", replay=False
):
    return NewDelivery(
        id=delivery_id,
        destination=destination,
        rule=rule,
        relay="test",
        severity=severity,
        due_at=utc_text(NOW + at),
        give_up_at=utc_text(NOW + at + 3600),
        group=group,
        settle_until=None if settle is None else utc_text(NOW + at + settle),
        replay=replay,
    )


def a_file(place, status):
    return BatchFile(
        place=place,
        file=f"file-{place}",
        kind="parse",
        job=f"pjb-{place}",
        name=None,
        status=status,
        error=None,
    )


def a_group(key="{}", *, wait=10.0, interval=60.0):
    return Group(key=key, wait=wait, interval=interval)


@dataclass
class Lane:
    """One destination's claims: a lease lasts 30 s. What else a claim wants goes by name."""

    store: Store
    destination: str = "ops"
    owner: str = "me"

    async def turn(self, *results, unsent=(), at=0.0, room=10, **wants):
        return await self.store.turn(
            destination=self.destination,
            owner=self.owner,
            results=results,
            unsent=unsent,
            claims=Claims(room=room, lease_until=NOW + at + 30, **wants),
            now=NOW + at,
        )

    async def claim(self, *, at=0.0, room=10, **wants):
        return (await self.turn(at=at, room=room, **wants)).claimed

    async def state(self, delivery_id):
        (row,) = await self.store.rows("deliveries", id=delivery_id)
        return row["state"]


def delivered(claimed, place=None):
    return Result(
        claimed=claimed, started_at=utc_text(NOW), seconds=0.1, delivered=True, status=200, place=place
    )


def failed(claimed, *, again=None, place=None, began=0.0):
    """Due again so many seconds after NOW, or dead."""
    return Result(
        claimed=claimed,
        started_at=utc_text(NOW + began),
        seconds=0.1,
        delivered=False,
        due_at=None if again is None else utc_text(NOW + again),
        reason="HTTP 500",
        place=place,
    )
