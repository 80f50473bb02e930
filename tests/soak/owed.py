"""What relay owed, judged by what it stored, what came to whom, and rules that are read anew."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from relay.model import seconds_of
from relay.schedule import JITTER, RETRY_DELAYS
from relay.store.audit import audit
from relay.store.outbox import POISON
from relay.store.overdue import NO_DESTINATION, NO_RULE
from tests.soak.befalls import Befell
from tests.soak.errands import Errand
from tests.soak.posts import Came, Post

_SOON = 0.01


class Event(NamedTuple):
    id: str
    type: str
    source: int
    job: str
    nth: int
    data: dict[str, Any]


class Delivery(NamedTuple):
    id: str
    to: str
    rule: str
    state: str
    reason: str | None
    give_up_at: str
    ended_at: str | None
    job: str | None
    lost: int


class Owed:
    """`used`: which of the errand's configurations relay has had."""

    def __init__(
        self,
        errand: Errand,
        database: Path,
        posts: Mapping[str, Post],
        *,
        used: set[int],
        befell: Befell,
    ) -> None:
        self._posts, self._befell = posts, befell
        self._configs = [errand.configs[n] for n in sorted(used)]
        with closing(sqlite3.connect(database)) as db:
            rows = db.execute("SELECT id, type, source, job_id, nth, data FROM events ORDER BY seq")
            self.events = [Event(*row[:-1], msgspec.json.decode(row[-1])) for row in rows]
            rows = db.execute("""SELECT id, destination, rule, state, reason, give_up_at, ended_at, job, lost
                FROM deliveries ORDER BY seq""")
            self.deliveries = {row[0]: Delivery(*row) for row in rows}
            self._parts = db.execute("""SELECT p.delivery, e.id FROM delivery_parts p
                JOIN events e ON e.seq = p.event ORDER BY p.event""").fetchall()
            self._attempts = db.execute("""SELECT delivery, started_at, seconds, outcome FROM attempts
                ORDER BY delivery, nth""").fetchall()
            db.isolation_level = None
            self._ledger = audit(db).amiss
        self._place = {event.id: n for n, event in enumerate(self.events)}

    def numbers(self) -> Counter[str]:
        came = [one for post in self._posts.values() for one in post.came]
        states = Counter(delivery.state for delivery in self.deliveries.values())
        reasons = Counter(delivery.reason for delivery in self.deliveries.values())
        taken = Counter((one.id) for one in came if one.took)
        return Counter(
            {
                "events": len(self.events),
                "attempts": len(came),
                "doubles": sum(count - 1 for count in taken.values()),
                "dead as poison": reasons[POISON],
                **{f"deliveries {state}": count for state, count in states.items()},
            }
        )

    def amiss(self) -> Iterator[str]:
        yield from self._ledger
        yield from self._chains()
        yield from self._who_hears()
        yield from self._ends()
        yield from self._contents()
        yield from self._order()
        yield from self._hasty()

    def _chains(self) -> Iterator[str]:
        """A change is told once, and says what the one before it said."""
        last: dict[tuple[int, str], str] = {}
        for event in self.events:
            data = event.data
            if data["job_id"] is None or event.type != f"{data['product']}.{data['status'].lower()}":
                continue
            key = (event.source, event.job)
            if key in last and data["previous"] != last[key]:
                yield f"{event.job}: {data['status']} after {data['previous']}, told before was {last[key]}"
            last[key] = data["status"]

    def _who_hears(self) -> Iterator[str]:
        found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for delivery, event in self._parts:
            found[event].append((self.deliveries[delivery].to, self.deliveries[delivery].rule))
        for event in self.events:
            wanted = [config.wanted(event.type, event.data) for config in self._configs]
            got = found[event.id]
            if len(got) != len(set(got)) or frozenset(got) not in wanted:
                yield f"{event.id} ({event.type}, {event.data['status']}) went to {got}, wanted {wanted}"

    def _ends(self) -> Iterator[str]:
        arrived = {(post.name, one.id) for post in self._posts.values() for one in post.came if one.took}
        last = {row[0]: row for row in self._attempts}
        for delivery in self.deliveries.values():
            if delivery.state == "delivered":
                if (delivery.to, delivery.id) not in arrived:
                    yield f"{delivery.id} to {delivery.to} is delivered, and never came"
            elif delivery.state == "dead":
                yield from self._dead(delivery, last.get(delivery.id))
            elif delivery.state == "superseded":
                yield from self._superseded(delivery)
            else:
                yield f"{delivery.id} to {delivery.to} is {delivery.state} after all"

    def _dead(self, delivery: Delivery, last: tuple[str, str, float, str] | None) -> Iterator[str]:
        end = seconds_of(delivery.give_up_at)
        if delivery.reason == POISON:
            if delivery.lost < 5:
                yield f"{delivery.id} is taken for poison after {delivery.lost}"
        elif delivery.reason in {NO_DESTINATION, NO_RULE}:
            if delivery.ended_at < delivery.give_up_at:
                yield f"{delivery.id} was given up at {delivery.ended_at}, not at {delivery.give_up_at}"
        elif last is None:
            yield f"{delivery.id} is dead without an attempt ({delivery.reason})"
        elif delivery.reason != "HTTP 410" and seconds_of(last[1]) + last[2] < end - _SOON:
            yield f"{delivery.id} was given up by the attempt of {last[1]}, not of {delivery.give_up_at}"

    def _superseded(self, delivery: Delivery) -> Iterator[str]:
        """Only what a rule settles, and only where the job was completed later."""
        places = [self._place[e] for d, e in self._parts if d == delivery.id and e in self._place]
        rules = [rule for config in self._configs for rule in config.rules if rule.name == delivery.rule]
        well = len(places) == 1 and self._turns_well(places[0])
        if not well or not any(rule.settle is not None for rule in rules):
            yield f"{delivery.id} is superseded, of {[self.events[place] for place in places]}"

    def _turns_well(self, place: int) -> bool:
        event, later = self.events[place], self.events[place + 1 :]
        return any(
            (o.source, o.job, o.data["status"]) == (event.source, event.job, "COMPLETED") for o in later
        )

    def _contents(self) -> Iterator[str]:
        for post in self._posts.values():
            contents: defaultdict[str, set[bytes]] = defaultdict(set)
            messages: defaultdict[str, set[str]] = defaultdict(set)
            for one in post.came:
                contents[one.id].add(one.content)
                for event in one.events:
                    messages[event].add(one.id)
            yield from (
                f"{post.name}: {name} came with {len(them)} contents"
                for name, them in contents.items()
                if len(them) > 1
            )
            yield from (
                f"{post.name}: {name} came as {them}" for name, them in messages.items() if len(them) > 1
            )

    def _order(self) -> Iterator[str]:
        """Of a job's single events none is tried once a later one was."""
        for post in self._posts.values():
            last: dict[str, int] = {}
            for one in post.came:
                delivery = self.deliveries.get(one.id)
                if delivery is None or delivery.job is None:
                    continue
                place = self._place.get(one.events[0], -1)
                if place < last.get(delivery.job, -1):
                    yield f"{post.name}: {one.id} of {delivery.job} came after one of a later event"
                last[delivery.job] = place

    def _hasty(self) -> Iterator[str]:
        """What failed rests before it is tried again while relay lives; but for the last time, at the end."""
        ends = {name: one.give_up_at for name, one in self.deliveries.items()}
        late = {name for name, began, *_ in self._attempts if began >= ends[name]}
        least = RETRY_DELAYS[0] * (1 - JITTER) - _SOON
        for post in self._posts.values():
            attempts: defaultdict[str, list[Came]] = defaultdict(list)
            for one in post.came:
                attempts[one.id].append(one)
            yield from (f"{post.name}: {name} came, and is stored nowhere" for name in attempts.keys() - ends)
            for name, them in attempts.items():
                last = them[-1] if name in late else None
                for before, after in pairwise(them):
                    jumped = any(before.at <= at <= after.at for at, _ in self._befell.jumps)
                    rested = before.life != after.life or after.at - before.at >= least
                    if not (jumped or rested or after is last):
                        yield f"{post.name}: {name} was tried again after {after.at - before.at:.2f} s"
