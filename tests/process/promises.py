"""What relay promises, asked of its database, the account and what arrived."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing

from relay.store.audit import audit
from tests.process.account import Account
from tests.process.live import Home, Receiver
from tests.process.memory import Memory

ENDS = {"delivered", "dead", "superseded"}


class Promises:
    """`memory`: of what was pruned."""

    def __init__(
        self, account: Account, home: Home, receiver: Receiver, memory: Memory | None = None
    ) -> None:
        self._account = account
        self._home = home
        self._receiver = receiver
        self._memory = memory or Memory(home)
        self._memory.note()
        self._events = {name: (kind, data) for _, (name, kind, data) in sorted(self._memory.events.items())}
        self._place = {event_id: n for n, event_id in enumerate(self._events)}

    def numbers(self) -> Counter[str]:
        arrivals = self._receiver.arrivals
        return Counter(
            {
                "transitions": sum(map(len, self._account.truth.values())),
                "events": len(self._events),
                "deliveries": len(self._memory.deliveries),
                "webhooks": len(arrivals),
                "of them again": len(arrivals) - len({(a.path, a.id) for a in arrivals}),
            }
        )

    def broken(self) -> list[str]:
        """Each promise that is not kept; empty where all are."""
        return [
            *audited(self._home),
            *self._changes(),
            *self._outcomes(),
            *self._states(),
            *self._arrivals(),
            *self._order(),
            *self._hints(),
        ]

    def _changes(self) -> Iterator[str]:
        told: defaultdict[str, list[tuple[str | None, str]]] = defaultdict(list)
        for event_type, data in self._events.values():
            if data["job_id"] is not None and event_type != "batch.finished":
                told[data["job_id"]].append((data["previous"], data["status"]))
        if news := told.keys() - self._account.truth.keys():
            yield f"told of {sorted(news)}, which have not moved"
        for job, statuses in self._account.truth.items():
            wanted = list(zip([None, *statuses], statuses, strict=False))
            if told[job] != wanted:
                yield f"{job}: had {statuses}, told was {told[job]}"

    def _outcomes(self) -> Iterator[str]:
        """Each batch that has ended with all its files is told of once, with what became of them."""
        told: defaultdict[str, list[tuple[int, ...]]] = defaultdict(list)
        for event_type, data in self._events.values():
            if event_type == "batch.finished":
                outcome = data["outcome"]
                told[data["job_id"]].append(tuple(outcome[word] for word in ("total", "completed", "failed")))
        for batch, jobs in self._account.batches.items():
            ends = Counter(self._account.truth[job][-1] for job in jobs)
            outcome = (len(jobs), ends["COMPLETED"], ends["FAILED"])
            if told[batch] != ([outcome] if self._account.has_ended(batch) else []):
                yield f"{batch}: its files ended as {dict(ends)}, told was {told[batch]}"

    def _states(self) -> Iterator[str]:
        """Of each event and destination that a rule names there is one delivery, and it has ended."""
        found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for delivery, (destination, state, _, replay) in self._memory.deliveries.items():
            carried = () if replay else self._memory.parts[delivery] & self._memory.events.keys()
            for seq in carried:
                found[self._memory.events[seq][0], destination].append(state)
        wanted = {(event, to) for event in self._events for to in self._wanted(event)}
        if odd := wanted ^ found.keys():
            yield f"no delivery that is owed, or one that is not: {sorted(odd)[:5]}"
        for (event, to), states in found.items():
            if len(states) != 1 or states[0] not in ENDS:
                yield f"{event} to {to}: {states}"
            elif states != ["delivered"] and not self._may_be(states[0], event, to):
                yield f"{event} to {to} is {states[0]}"

    def _wanted(self, event: str) -> Iterator[str]:
        event_type, data = self._events[event]
        if data["source"] is not None or data["name"] != "all":  # no one hears of their own troubles
            yield "all"
        if event_type == "parse.failed":
            yield "failed"
            if data["name"].startswith(("calm", "harsh")):
                yield "calm"
            if data["name"].startswith("late"):
                yield "late"
        if event_type in {"parse.failed", "parse.completed", "batch.completed"}:
            yield "groups"

    def _may_be(self, state: str, event: str, to: str) -> bool:
        _, data = self._events[event]
        if state == "superseded":
            return to == "calm" and self._account.truth[data["job_id"]][-1] == "COMPLETED"
        return to == "failed" and data["name"].startswith("poor")

    def _arrivals(self) -> Iterator[str]:
        """What came twice came under one id with one content, and what is delivered has come."""
        bodies: defaultdict[tuple[str, str], set[bytes]] = defaultdict(set)
        messages: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for arrival in self._receiver.arrivals:
            bodies[arrival.path, arrival.id].add(arrival.body)
            for event in _carried(arrival.event):
                messages[arrival.path, event].add(arrival.id)
        yield from (f"{key} came with {len(them)} contents" for key, them in bodies.items() if len(them) > 1)
        replays = {row[0] for row in self._home.ask("SELECT id FROM deliveries WHERE replay")}
        for key, ids in messages.items():
            if len(ids - replays) > 1:
                yield f"{key} came as {sorted(ids)}"
        rows = self._home.ask("SELECT id, destination FROM deliveries WHERE state = 'delivered'")
        if lost := [row for row in rows if (f"/{row[1]}", row[0]) not in bodies]:
            yield f"delivered, and never came: {lost[:5]}"
        if self._receiver.forged:
            yield f"{self._receiver.forged} with a wrong signature"

    def _order(self) -> Iterator[str]:
        """First attempts of a job's single events go in their order."""
        last: dict[tuple[str, str], int] = {}
        known: set[tuple[str, str]] = set()
        for arrival in self._receiver.arrivals:
            job = str(arrival.event["data"].get("job_id"))
            if (
                arrival.path in {"/all", "/failed"}
                and job != "None"
                and (arrival.path, arrival.id) not in known
            ):
                known.add((arrival.path, arrival.id))
                place = self._place.get(arrival.event["id"], -1)
                if place < last.get((arrival.path, job), -1):
                    yield f"{arrival.path}: {arrival.event['type']} of {job} came after a later one"
                last[arrival.path, job] = place

    def _hints(self) -> Iterator[str]:
        """Each is counted once, if at all, and measured where it showed a change."""
        rows = self._home.ask("SELECT job, received_at, changed, ahead FROM hints")
        for (job, received_at), count in Counter(row[:2] for row in rows).items():
            if count > 1:
                yield f"the hint of {job} that came at {received_at} is counted {count} times"
        for job, count in Counter(row[0] for row in rows).items():
            if count > self._account.hinted[job]:
                yield f"{count} hints of {job} are counted, and {self._account.hinted[job]} were taken"
        for job, received_at, changed, ahead in rows:
            if changed and (ahead is None or ahead < 0):
                yield f"by how much the hint of {job} at {received_at} came before its look: {ahead}"


def audited(home: Home) -> list[str]:
    """What the ledger and SQLite find amiss in the database as it lies on the disk."""
    if not home.database.exists():
        return []
    with closing(sqlite3.connect(f"file:{home.database}?mode=ro", uri=True, isolation_level=None)) as db:
        whole = [row[0] for row in db.execute("PRAGMA quick_check")]
        return [*(line for line in whole if line != "ok"), *audit(db).amiss]


def _carried(event: dict) -> list[str]:
    return (
        [one["id"] for one in event["data"]["events"]] if event["type"] == "events.group" else [event["id"]]
    )
