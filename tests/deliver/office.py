"""A store with deliveries in it, receivers that fail by script, and lanes between, all in virtual time."""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from itertools import count

import msgspec
from virtual import START, Inline, VirtualClock

from relay.deliver import Courier, Lane, Sender
from relay.destinations import Options, Receipt
from relay.diff import Known
from relay.ingest import OwnNews, Routes, Terms
from relay.message import Message
from relay.model import Event, EventData, Job, new_id, utc_text
from relay.rules import Router
from relay.store import Changes, NewDelivery, NewEvent, open_store

DAY = 86400.0


class Chance(random.Random):
    """Always in the middle, so that no wait is spread."""

    def random(self):
        return 0.5


class SlowDisk(Inline):
    """What is handed in is done a twentieth of a second later."""

    def submit(self, fn, /, *args, **kwargs):
        asyncio.get_running_loop().call_later(0.05, fn, *args, **kwargs)


@dataclass
class Receiver:
    """`fails`: what is raised at an attempt, if anything; `takes`: how long one is.

    `sent`: when each attempt began, and with what; `most`: how many there were at a time; `doubled`: those
    that were sent while they were being sent.
    """

    fails: object = lambda _message, _nth: None
    takes: object = lambda _message: 0.0
    sent: list[tuple[float, Message]] = field(default_factory=list)
    now: int = 0
    most: int = 0
    doubled: list[str] = field(default_factory=list)
    _under_way: Counter = field(default_factory=Counter)

    async def send(self, message):
        self.sent.append((asyncio.get_running_loop().time(), message))
        nth = self.ids.count(message.id)
        self.doubled += [message.id] if self._under_way[message.id] else []
        self._under_way[message.id] += 1
        self.most = max(self.most, self._under_way.total())
        try:
            await asyncio.sleep(self.takes(message))
        finally:
            self._under_way[message.id] -= 1
        if (failure := self.fails(message, nth)) is not None:
            raise failure
        return Receipt(status=200, answer="thanks")

    async def close(self):
        """Nothing is its own."""

    @property
    def times(self):
        return [when for when, _ in self.sent]

    @property
    def ids(self):
        return [message.id for _, message in self.sent]

    @property
    def changes(self):
        """Which change of which job each attempt told of."""
        return [f"{m.events[0].data.job_id} {m.events[0].data.status}" for _, m in self.sent]


class Office:
    def __init__(self, path, disk=None):
        self.path = path
        self.clock = VirtualClock()
        self.disk = disk or Inline()
        self.store = self._opened(path)
        self.routes = self.routes_by()
        self.lanes = []
        self._ids = count(1)
        self._jobs: dict[str, Known] = {}
        self._source = None

    def routes_by(self, *rules, **more):
        """To whom relay's own news go."""
        known = {name for rule in rules for name in rule.to} | {more.get("alerts_to", "inbox")}
        terms = dict.fromkeys(known, Terms(give_up_after=3 * DAY))
        return Routes(relay="test", router=Router(rules), destinations=terms, new_id=new_id, **more)

    def _opened(self, path):
        store = open_store(path, executors=(self.disk, Inline()))
        store.writer._connection.execute("PRAGMA busy_timeout = 0")  # a wait there would be a real one
        return store

    async def happens(self, job="pjb-1", *, to=("inbox",), give_up_after=3 * DAY, after=0.0, group=None):
        """A change of this job, routed; the ids of its deliveries. `after`: how much later they are due."""
        now = self.clock.now()
        if self._source is None:
            row = await self.store.open_source(name="parse", kind="parse", identity="{}", now=now)
            self._source = row.id
        nth = self._jobs[job].changes + 1 if job in self._jobs else 1
        event = _event(next(self._ids), job, f"STATUS-{nth}", now)
        deliveries = tuple(
            _delivery(f"msg_{next(self._ids)}", name, now, give_up_after, after, group) for name in to
        )
        new = NewEvent(event=event, job_id=job, nth=nth, rules={"all": list(to)}, deliveries=deliveries)
        await self.store.ingest(
            source=self._source,
            keys=[],
            decide=lambda *_: self._change(job, nth, new),
            baseline=None,
            now=now,
        )
        return [delivery.id for delivery in deliveries]

    def _change(self, job, nth, new):
        seen = Job(id=job, status=f"STATUS-{nth}", created_at="2026-09-21T14:00:00.000000Z")
        known = self._jobs.get(job)
        self._jobs[job] = Known(job, seen.created_at, seen.status, "", 0, nth, "", 0, None)
        if known is None:
            return Changes(learned=[(seen, nth)], events=[new])
        return Changes(moved=[(known, seen, nth)], events=[new])

    def lane(self, receiver, name="inbox", *, rules=None, words=None, **options):
        chosen = Options(type="inbox").model_copy(update=options)
        lane = Lane(
            name,
            chosen,
            Sender(name, chosen, receiver, clock=self.clock, random=Chance()),
            store=self.store,
            clock=self.clock,
            owner="run_1",
            news=OwnNews(self.routes, new_id),
            told=lambda: [other.wake() for other in self.lanes],
            rules=rules,
            words=words,
        )
        self.lanes.append(lane)
        return lane

    def courier(self, receivers, **options):
        lanes = {name: self.lane(receiver, name, **options) for name, receiver in receivers.items()}
        return Courier(lanes, store=self.store, clock=self.clock)

    async def rows(self, **filters):
        """The deliveries, oldest first."""
        return (await self.store.rows("deliveries", limit=100_000, **filters))[::-1]

    async def news(self):
        """Relay's own, oldest first: (type, name, why)."""
        rows = await self.store.rows("events", limit=100_000)
        told = [(row["type"], json.loads(row["data"])) for row in reversed(rows)]
        return [(kind, data["name"], data["error"]) for kind, data in told if data["job_id"] is None]

    async def states(self):
        return dict(Counter(row["state"] for row in await self.rows()))

    async def attempts(self):
        """(delivery, nth, outcome) in the order they were recorded."""
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(
                "SELECT delivery, nth, outcome FROM attempts ORDER BY started_at, nth"
            ).fetchall()

    async def crash(self):
        """The process is gone, and this is what is on its disk."""
        left = self.path.with_name(f"after-{next(self._ids)}.db")
        with closing(sqlite3.connect(self.path)) as disk, closing(sqlite3.connect(left)) as copy:
            disk.backup(copy)
        gone, self.path, self.store = self.store, left, self._opened(left)
        return gone


@asynccontextmanager
async def at_work(worker):
    """A lane or courier that runs while inside, and is asked to stop at the end."""
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        worker.stop()
        await task


def _event(number, job, status, now):
    data = EventData(
        source="parse",
        product="parse",
        kind="parse",
        job_id=job,
        status=status,
        job=msgspec.Raw(b'{"id":"x"}'),
    )
    return Event(id=f"evt_{number}", type=f"parse.{status.lower()}", timestamp=utc_text(now), data=data)


def _delivery(delivery, destination, now, give_up_after, after, group):
    return NewDelivery(
        id=delivery,
        destination=destination,
        rule="all",
        relay="test",
        severity="info",
        due_at=utc_text(now + after),
        give_up_at=utc_text(now + give_up_after),
        group=group,
    )


__all__ = ["DAY", "START", "Office", "Receiver", "SlowDisk", "at_work"]
