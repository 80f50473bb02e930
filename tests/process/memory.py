"""What a database held before some of it was pruned, and what may be pruned at all."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from relay.model import canonical_time, seconds_of, utc_text
from tests.process.live import Home

DAY = 86400.0
KEPT = 2 * DAY
"""Seconds for which the relays whose database is pruned keep what has ended."""

ENDS = {"COMPLETED", "FAILED", "CANCELLED"}


class Memory:
    """`events` by their sequence, `deliveries` and `jobs` by their ids, as they were last noted."""

    def __init__(self, home: Home) -> None:
        self.events: dict[int, tuple[str, str, Any]] = {}
        self.deliveries: dict[str, tuple[str, str, str | None, int]] = {}
        self.jobs: dict[str, tuple[str, str]] = {}
        self.parts: defaultdict[str, set[int]] = defaultdict(set)
        self._home = home

    def note(self) -> None:
        ask = self._home.ask
        for seq, event, event_type, data in ask("SELECT seq, id, type, data FROM events ORDER BY seq"):
            self.events[seq] = event, event_type, json.loads(data)
        rows = ask("SELECT id, destination, state, ended_at, replay FROM deliveries")
        self.deliveries |= {name: tuple(row) for name, *row in rows}
        self.jobs |= {
            name: (at, status) for name, at, status in ask("SELECT id, created_at, status FROM jobs")
        }
        for delivery, seq in ask("SELECT delivery, event FROM delivery_parts"):
            self.parts[delivery].add(seq)

    def pruned_jobs(self) -> list[str]:
        there = {name for (name,) in self._home.ask("SELECT id FROM jobs")}
        return [name for name in self.jobs if name not in there]

    def amiss(self, now: float) -> Iterator[str]:
        """What is gone and should not be, by relay's clock."""
        before = utc_text(now - KEPT)
        gone = self.deliveries.keys() - {name for (name,) in self._home.ask("SELECT id FROM deliveries")}
        for delivery in gone:
            to, state, ended_at, _ = self.deliveries[delivery]
            if state == "waiting" or not ended_at or ended_at >= before:
                yield f"{delivery} to {to}, {state} ({ended_at}), was pruned"
        there = {seq for (seq,) in self._home.ask("SELECT seq FROM events")}
        for delivery in self.parts.keys() & self.deliveries.keys() - gone:
            if lost := self.parts[delivery] - there and self.deliveries[delivery][1] == "waiting":
                yield f"{delivery} waits, and its events were pruned: {lost}"
        yield from self._marks(before)

    def _marks(self, before: str) -> Iterator[str]:
        """All that is gone was created by `pruned_until`, which is old, and a day before the mark."""
        ((until, mark),) = self._home.ask("SELECT pruned_until, mark FROM sources")
        for job in self.pruned_jobs():
            created_at, status = self.jobs[job]
            if status not in ENDS or created_at > (until or ""):
                yield f"{job} ({status}, of {created_at}) was pruned, and pruned_until is {until}"
        latest = canonical_time(min(before, utc_text(seconds_of(mark) - DAY))) if mark else ""
        if (until or "") > latest:
            yield f"pruned_until is {until}, and nothing after {latest} may go"
