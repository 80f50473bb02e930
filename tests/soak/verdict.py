"""What relay told, beside what it was shown and what arrived."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from relay.simulator import Shown, changes
from tests.process.live import Arrival, Home, Receiver
from tests.soak.oracle import Excuses, JobKey, fits, sightings

_ADDED = {"relay", "rule", "severity"}  # to the data of a stored event when it is sent


class Told(NamedTuple):
    """An event of relay's database."""

    id: str
    type: str
    data: dict[str, Any]

    @property
    def key(self) -> JobKey:
        return self.data["kind"], self.data["job_id"]

    @property
    def is_change(self) -> bool:
        """A change of status, and no other news, such as that a batch is finished."""
        return self.type.endswith(f".{str(self.data['status']).lower()}")


@dataclass(frozen=True)
class Verdict:
    numbers: dict[str, object]
    amiss: list[str]


def judge(
    *, log: Sequence[Shown], old: set[JobKey], home: Home, receiver: Receiver, excuses: Excuses
) -> Verdict:
    everything = list(_events(home))
    events = [event for event in everything if event.is_change]
    told: defaultdict[JobKey, list[Told]] = defaultdict(list)
    for event in events:
        told[event.key].append(event)
    shown = changes(log)
    learned = _learned_in_silence(home)
    amiss = [
        *_false_news(old, told),
        *_unlike_what_was_shown(log, learned, told, excuses),
        *_broken_chains(learned, told),
        *_arrivals(receiver, "/all", everything),
        *_arrivals(receiver, "/failed", [event for event in events if event.type.endswith(".failed")]),
        *_out_of_order(receiver, everything),
        *([f"{receiver.forged} webhooks with a wrong signature"] if receiver.forged else []),
    ]
    changed = sum(map(len, shown.values()))
    numbers = {
        "jobs": f"{len(shown)}, {dict(Counter(kind for kind, _ in shown))}",
        "items shown": len(log),
        "statuses shown": changed,
        "of them known before the baseline": len(learned),
        "events": len(events),
        "statuses left out, as they may be": changed - len(learned) - len(events),
        "types": dict(Counter(event.type for event in events).most_common()),
        "webhooks": dict(Counter(arrival.path for arrival in receiver.arrivals)),
        "of them doubles": len(receiver.arrivals) - len({(a.path, a.id) for a in receiver.arrivals}),
    }
    return Verdict(numbers, amiss)


def _events(home: Home) -> Iterator[Told]:
    for event_id, event_type, data in home.ask("SELECT id, type, data FROM events ORDER BY seq"):
        yield Told(event_id, event_type, json.loads(data))


def _learned_in_silence(home: Home) -> dict[JobKey, str]:
    """The first status of jobs that need not be news, being no younger than the baseline."""
    rows = home.ask("""
        SELECT s.kind, j.id, CASE changes WHEN 0 THEN status ELSE (
            SELECT data ->> 'previous' FROM events e
            WHERE e.source = s.id AND e.job_id = j.id AND nth = 1) END
        FROM jobs j JOIN sources s ON s.id = j.source WHERE j.created_at <= s.baseline""")
    return {(kind, job_id): status for kind, job_id, status in rows if status is not None}


def _false_news(old: set[JobKey], told: Mapping[JobKey, Sequence[Told]]) -> Iterator[str]:
    for key in old & told.keys():
        yield f"{key} has not moved, and relay told {[event.type for event in told[key]]}"


def _unlike_what_was_shown(
    log: Sequence[Shown],
    learned: Mapping[JobKey, str],
    told: Mapping[JobKey, Sequence[Told]],
    excuses: Excuses,
) -> Iterator[str]:
    seen = sightings(log, excuses)
    for key in told.keys() - seen.keys():
        yield f"{key} was never shown"
    for key, rows in seen.items():
        statuses = [event.data["status"] for event in told.get(key, ())]
        before = [learned[key]] if key in learned else []
        if not fits([*before, *statuses], rows):
            shown = [f"{row.status}{'?' * row.optional}" for row in rows]
            yield f"{key} relay told {statuses} of {list(dict.fromkeys(shown))}"


def _broken_chains(learned: Mapping[JobKey, str], told: Mapping[JobKey, Sequence[Told]]) -> Iterator[str]:
    for key, events in told.items():
        expected = [learned.get(key), *(event.data["status"] for event in events)]
        if [event.data["previous"] for event in events] != expected[:-1]:
            yield f"{key}: what an event says was before is not what the one before said"


def _arrivals(receiver: Receiver, path: str, wanted: Sequence[Told]) -> Iterator[str]:
    """Each wanted event arrived, as one message however often, that says what is stored; and no other did."""
    messages: defaultdict[str, set[tuple[str, bytes]]] = defaultdict(set)
    for arrival in receiver.arrivals:
        if arrival.path == path:
            messages[arrival.event["id"]].add((arrival.id, arrival.body))
    for event in wanted:
        came = messages.pop(event.id, set())
        if len(came) != 1:
            yield f"{path}: {event.id} ({event.type}) came as {len(came)} different messages"
        for webhook_id, body in came:
            if not _says(body, event):
                yield f"{path}: {webhook_id} does not say what {event.id} does"
    for event_id in messages:
        yield f"{path}: {event_id} came, and no rule wanted it"


def _says(body: bytes, event: Told) -> bool:
    sent = json.loads(body)
    same = {name: value for name, value in sent["data"].items() if name not in _ADDED}
    stored = {name: value for name, value in event.data.items() if name not in _ADDED}
    return sent["type"] == event.type and same == stored


def _out_of_order(receiver: Receiver, events: Sequence[Told]) -> Iterator[str]:
    """First attempts of a job's events come in the order of the events."""
    place = {event.id: n for n, event in enumerate(events)}
    last: dict[JobKey, int] = {}
    for arrival in _firsts(receiver):
        event = arrival.event
        key = event["data"]["kind"], event["data"]["job_id"]
        n = place.get(event["id"], -1)
        if n < last.get(key, -1):
            yield f"{key}: {event['type']} came after a later event"
        last[key] = n


def _firsts(receiver: Receiver) -> Iterator[Arrival]:
    known = set[str]()
    for arrival in receiver.arrivals:
        if arrival.path == "/all" and arrival.id not in known:
            known.add(arrival.id)
            yield arrival
