"""Messages that are kept current in place, judged by what stands in the channel: one each, and up to date."""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.soak.befalls import Befell
from tests.soak.channel import Call, Channel

HOUR, DAY = 3600.0, 86400.0

SETTLED = 5.0
"""Seconds within which what came of a send is noted."""

SAID = {
    "batch.completed": "completed: every file has its job",
    "batch.failed": "Batch failed (",
    "batch.cancelled": "Batch was cancelled (",
    "batch.running": "Batch is running (",
    "batch.pending": "Batch is pending (",
    "batch.throttled": "Batch is throttled (",
    "batch.vanished": "Batch vanished (",
    "batch.stuck": "Batch is stuck in ",
}
"""What the message of a batch says first, by its latest event; of another status "is now" and that."""

_FINISHED = ("Batch finished: ", "Batch failed: ", "Batch was cancelled: ")
_AND = re.compile(r"([\d,]+) failures? and ([\d,]+) other events?")
_AFTER = re.compile(r", after ([\d,]+) other events?$")
_FIRST = re.compile(r"[\d,]+")

Key = tuple[str | None, ...]


class Part(NamedTuple):
    seq: int
    type: str
    source: str | None
    job: str
    product: str | None
    status: str | None

    @property
    def batch(self) -> Key | None:
        return ("batch", self.source, self.job) if self.product == "batch" and self.job else None


class Line(NamedTuple):
    """A message in a channel: what made it, and what changed it, in their order. `earlier`: that which it
    stands for, since people deleted that.
    """

    calls: list[Call]
    earlier: "Line | None"

    @property
    def ts(self) -> str:
        return self.calls[0].ts

    def told(self) -> list[Call]:
        return [*(self.earlier.told() if self.earlier else ()), *self.calls]


class Living:
    def __init__(self, database: Path, channels: Mapping[str, Channel], befell: Befell) -> None:
        self._channels, self._befell = channels, befell
        self._parts: defaultdict[str, list[Part]] = defaultdict(list)
        with closing(sqlite3.connect(database)) as db:
            self._groups = {
                row[0]: row[1:] for row in db.execute("SELECT id, rule, group_key FROM deliveries")
            }
            rows = db.execute("""SELECT p.delivery, e.seq, e.type, e.data ->> 'source', e.job_id,
                e.data ->> 'product', e.data ->> 'status'
                FROM delivery_parts p JOIN events e ON e.seq = p.event ORDER BY p.event""")
            for delivery, *part in rows:
                self._parts[delivery].append(Part(*part))
            rows = db.execute("""SELECT s.name, batch, sum(status IN
                ('COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED', 'UNKNOWN')), count(*)
                FROM batch_files f JOIN sources s ON s.id = f.source GROUP BY f.source, batch""")
            self._files = {(source, batch): numbers for source, batch, *numbers in rows}
            self._waits = db.execute("""SELECT destination, key FROM slack_messages
                WHERE due_at IS NOT NULL""").fetchall()

    def numbers(self) -> Counter[str]:
        calls = [call for channel in self._channels.values() for call in channel.calls if call.ts]
        methods = Counter(call.method for call in calls)
        return Counter(
            {
                "messages in place": methods["post"],
                "of them begun anew": sum(len(lines) - 1 for lines in self._lines.values()),
                "changes of them": methods["update"],
                "of these for mere progress": sum(call.only_progress for call in calls),
                "replies": methods["reply"],
            }
        )

    def amiss(self) -> Iterator[str]:
        for destination, key in self._waits:
            yield f"{destination}: the message of {key} waits to be changed after all"
        for name, channel in self._channels.items():
            for call in channel.calls:
                if call.only_progress and call.method != "update":
                    yield f"{name}: {call.delivery} made a {call.method} of mere progress"
        for (name, *key), lines in self._lines.items():
            for before, after in pairwise(lines):
                if not self._may_be_twice(name, tuple(key), before, after):
                    yield f"{name}: {key} was posted as {before.ts}, and again as {after.ts}"
            for line in lines:
                yield from self._latest(name, tuple(key), line)

    @cached_property
    def _lines(self) -> Mapping[Key, Sequence[Line]]:
        """By destination, and what the message is about."""
        lines: defaultdict[Key, list[Line]] = defaultdict(list)
        for name, channel in self._channels.items():
            by_ts: dict[str, Line] = {}
            refused = None
            for call in channel.calls:
                if call.method == "post" and call.ts and call.delivery in self._groups:
                    is_anew = refused and (refused.life, refused.delivery) == (call.life, call.delivery)
                    line = by_ts[call.ts] = Line([call], by_ts.get(refused.of) if is_anew else None)
                    lines[name, *self._key(call.delivery)].append(line)
                elif call.method == "update" and call.ts in by_ts:
                    by_ts[call.ts].calls.append(call)
                refused = call if call.of in channel.deleted else None
        return lines

    def _key(self, delivery: str) -> Key:
        """That of its batch, of its group, or itself."""
        rule, group = self._groups[delivery]
        batches = {part.batch for part in self._parts[delivery]}
        if len(batches) == 1 and (batch := batches.pop()):
            return batch
        return ("one", delivery) if group is None else ("group", rule, group)

    def _may_be_twice(self, name: str, key: Key, before: Line, after: Line) -> bool:
        """No one knew of the first, or it was there no more; a group's is over after an hour of rest."""
        first, again = before.calls[0], after.calls[0].at
        if not self._is_noted(first) or before.ts in self._channels[name].deleted:
            return True
        rested = again - max(call.at for call in before.calls if call.at <= again and self._is_noted(call))
        over = rested > HOUR or again - first.at > DAY or self._befell.jumped(first.at, again) > 0
        return key[0] == "group" and over

    def _is_noted(self, call: Call) -> bool:
        """Not if relay never knew of it, or ended before it must have noted it; a full disk puts that off."""
        if call.done is None:
            return False
        full = [end for begin, end in self._befell.full if begin <= call.done + SETTLED and end >= call.done]
        end = max([call.done, *full]) + SETTLED
        ends = [self._befell.deaths[call.life], *(self._befell.reloads if full else ())]
        return not any(call.done <= at <= end for at in ends)

    def _latest(self, name: str, key: Key, line: Line) -> Iterator[str]:
        """What it says is what has been told in it, no more and no less."""
        last, told = line.calls[-1], line.told()
        sure = {call.delivery for call in told if self._is_noted(call)}
        maybe = {call.delivery for call in told if call.done is not None}
        head = last.shows.partition("\n")[0]
        if key[0] == "group":
            least, most = (self._events(of | {last.delivery}) for of in (sure, maybe))
            if most > 1 and not least <= _number(head) <= most:
                yield f"{name}: {line.ts} says {head!r}, of {least} to {most} events"
        elif key[0] == "batch":
            yield from self._batch(name, key, line, sure | {last.delivery})

    def _events(self, deliveries: set[str]) -> int:
        return len({part.seq for delivery in deliveries for part in self._parts[delivery]})

    def _batch(self, name: str, key: Key, line: Line, told: set[str]) -> Iterator[str]:
        last = line.calls[-1]
        latest = max(part for delivery in told for part in self._parts[delivery])
        head = last.shows.partition("\n")[0]
        if not any(_says(head, part) for part in self._since(name, latest, last)):
            yield f"{name}: {line.ts} says {last.shows!r} after {latest}"
        is_last = line is self._lines[name, *key][-1] and line.ts not in self._channels[name].deleted
        files = self._files.get((key[1], key[2]))
        if is_last and files and not any(words in head for words in _FINISHED):
            ended, total = files
            if f"{ended} of {total} file{'s' * (total != 1)} ended" not in last.shows:
                yield f"{name}: {line.ts} says {last.shows!r}, and {ended} of {total} have ended"

    def _since(self, name: str, latest: Part, last: Call) -> Iterator[Part]:
        """The latest, and what of its batch is later and was told here by then, be it in another message."""
        yield latest
        told = {
            call.delivery
            for call in self._channels[name].calls
            if call.done is not None and call.done < last.at
        }
        for delivery in told:
            for part in self._parts[delivery]:
                if part.batch == latest.batch and part.seq > latest.seq:
                    yield part


def _says(head: str, latest: Part) -> bool:
    if latest.type == "batch.finished":
        return any(words in head for words in _FINISHED)
    words = SAID.get(latest.type, f"Batch is now {latest.status}")
    return words in head


def _number(head: str) -> int:
    """Of how many events it speaks."""
    if found := _AND.search(head):
        return sum(map(_int, found.groups()))
    if found := _AFTER.search(head):
        return _int(found[1]) + 1
    found = _FIRST.search(head)
    return _int(found[0]) if found else 0


def _int(text: str) -> int:
    return int(text.replace(",", ""))
