"""What relay told, beside what happened, whatever it was shown: nothing that lasted is lost, nothing made up.

The limits are wide on purpose: what must have been told is what stood for several whole looks, and as long
as the question for it may be put off. What may have been told is what was so at any time.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from relay.simulator import Happened
from tests.soak.oracle import JobKey, Seen, fits
from tests.soak.record import Looked, Record
from tests.soak.told import Said, Told
from tests.soak.worlds import World

HOUR, DAY = 3600.0, 86400.0
ENDS = {"COMPLETED", "FAILED", "CANCELLED"}
OPEN = {"PENDING", "THROTTLED", "DISPATCHED", "RUNNING", "PROCESSING"}
LOOKS = 5
"""Whole looks within which relay must have come to see what stands."""

RESYNC = 2.5 * HOUR
"""Within it what ended, and turned again, is looked at once more."""


class Spell(NamedTuple):
    """A status from one time to another; None: it was not there."""

    status: str | None
    begin: float
    end: float


class Truth:
    def __init__(self, world: World, record: Record, told: Told) -> None:
        self._world = world
        self._told = told
        self._specs = {spec.kind.name: spec for spec in world.specs}
        self._slack = 10.0 + 4 * world.their_jump
        looks: defaultdict[str, list[Looked]] = defaultdict(list)
        for entry in record.entries:
            if isinstance(entry, Looked) and entry.whole:
                looks[entry.source].append(entry)
        self._looks = {name: sorted(them, key=lambda look: look.began) for name, them in looks.items()}
        self._all = _spells(record.happened)
        self.spells = {key: them for key, them in self._all.items() if key[0] in self._specs}

    def amiss(self) -> Iterator[str]:
        for key, spells in self.spells.items():
            if self._looks.get(key[0]):
                yield from self._of_job(key, spells)
        for key in self._told.changes.keys() - self.spells.keys():
            yield f"{key} was never there"
        yield from _no_turns(self._told.of_sources)

    def _of_job(self, key: JobKey, spells: Sequence[Spell]) -> Iterator[str]:
        must = list(self._must(key, spells))
        said = [status for status in self._statuses(key) if status]
        rows = [
            Seen(status=spell.status, optional=not needed)
            for spell, needed in zip(spells, must, strict=True)
            if spell.status
        ]
        if not fits(said, rows):
            lives = " ".join(f"{row.status}{'?' * row.optional}" for row in rows)
            yield f"{key}: relay knows of {' '.join(said) or 'nothing'}, and what happened is {lives}"
        news = Counter(said.type.partition(".")[2] for said in self._told.news.get(key, ()))
        yield from self._stuck(key, spells, must, news["stuck"])
        yield from self._vanished(key, spells, must, news["vanished"])
        if self._specs[key[0]].kind.product == "batch":
            yield from self._finished(key, spells)

    def _statuses(self, key: JobKey) -> list[str | None]:
        """All that relay knows of, what it learned in silence too."""
        changes = self._told.changes.get(key)
        if not changes:
            return [self._told.snapshot.get(key)]
        return [changes[0][0], *(now for _, now in changes)]

    def _must(self, key: JobKey, spells: Sequence[Spell]) -> Iterator[bool]:
        """Whether relay must know of each. Before the baseline, what was is history."""
        history = datetime.fromisoformat(self._told.baselines[key[0]]).timestamp() + self._slack
        known, since = 0, spells[0].begin  # from which on no spell is sure, and since when
        for n, spell in enumerate(spells):
            before = {earlier.status for earlier in spells[known:n]}
            wait = self._longest_wait(key[0], before, min(spell.end, self._end) - since)
            needed = (
                spell.status is not None
                and spell.begin > history
                and self._stood(key[0], spell.begin + self._lag(key[0]), spell.end, wait)
            )
            if needed:
                known, since = n, spell.begin
            yield needed

    def _longest_wait(self, kind: str, before: Iterable[str | None], idle: float) -> float:
        """How long the question for a job may be put off that relay has not seen to change for so long."""
        idle = max(0.0, idle) + 2 * self._world.our_jump + abs(self._world.our_offset)
        if any(status not in OPEN and status not in ENDS and status for status in before) and idle > DAY / 2:
            return 2 * DAY
        if ENDS & set(before):
            return RESYNC if idle < DAY else float("inf")
        walks = kind == "batch_v1"  # one page out of order, and the whole list is walked at resync's pace
        return max(RESYNC if walks else 0.0, min(DAY, idle / 20))

    def _lag(self, kind: str) -> float:
        return (
            self._world.scenario.streams[kind].lag + self._slack
            if kind in self._world.scenario.streams
            else 0
        )

    def _stood(self, source: str, begin: float, end: float, wait: float, *, looks: int = LOOKS) -> bool:
        """Whether it stood for so many whole looks, and for `wait`."""
        them = self._looks[source]
        first = bisect_left(them, begin, key=lambda look: look.began)
        last = first + looks - 1
        while last < len(them) and them[last].ended <= end - self._slack:
            if them[last].ended - them[first].began >= wait:
                return True
            last += 1
        return False

    def _stuck(self, key: JobKey, spells: Sequence[Spell], must: Sequence[bool], told: int) -> Iterator[str]:
        after = self._specs[key[0]].stuck_after
        if after is None:
            if told:
                yield f"{key}: told stuck, and no one asked for it"
            return
        late = self._slack + self._lag(
            key[0]
        )  # a hint may have seen it begin long before a list shows its end
        may = sum(length >= after - late for length in _lengths(spells, must))
        long = [
            spell
            for spell, needed in zip(spells, must, strict=True)
            if needed and spell.status not in ENDS and self._stays(key[0], spell, after)
        ]
        if not len(long) <= told <= (told if self._timeless(key[0]) else may):
            yield f"{key}: told {told} times that it is stuck, not {len(long)} to {may} times"

    def _timeless(self, kind: str) -> bool:
        """Whether a job and the first answer after a start may both be without a time: then ours counts."""
        scenario = self._world.scenario
        dateless = any(t.share > 0 for t in scenario.script if t.fault in {"no_date", "old_date"})
        return dateless and kind in scenario.streams and bool(scenario.streams[kind].odd_dates)

    def _stays(self, kind: str, spell: Spell, after: float) -> bool:
        wait = self._longest_wait(kind, {spell.status}, after + 2 * HOUR)
        begin = spell.begin + after + self._lag(kind) + wait + LOOKS * 2 * self._specs[kind].every
        return self._stood(kind, begin, spell.end, wait, looks=2 * LOOKS)

    def _vanished(
        self, key: JobKey, spells: Sequence[Spell], must: Sequence[bool], told: int
    ) -> Iterator[str]:
        gaps = [
            (spell, gap, needed)
            for (spell, gap), needed in zip(pairwise(spells), must, strict=False)
            if gap.status is None
        ]
        long = [
            gap
            for spell, gap, needed in gaps
            if needed and spell.status in OPEN and self._stays_away(key[0], spell, gap)
        ]
        if told > len(gaps) or (long and not told):
            yield f"{key}: told {told} times that it vanished, of {len(gaps)} times, {len(long)} of them long"

    def _stays_away(self, kind: str, spell: Spell, gap: Spell) -> bool:
        wait = self._longest_wait(kind, {spell.status}, gap.begin - spell.begin + 2 * HOUR)
        return self._stood(kind, gap.begin + self._lag(kind), gap.end, 2 * wait + HOUR, looks=15)

    def _finished(self, key: JobKey, spells: Sequence[Spell]) -> Iterator[str]:
        changes = self._told.changes.get(key, ())
        told = {said.nth: said for said in self._told.news[key] if said.type == "batch.finished"}
        for nth, said in told.items():
            if not (0 < nth <= len(changes) and changes[nth - 1][1] == said.data["status"] in ENDS):
                yield f"{key}: finished as {said.data['status']} after change {nth} of {changes}"
            yield from self._outcome(key, said)
        if changes and changes[-1][1] in ENDS and len(changes) not in told and self._is_over(key, spells):
            yield f"{key}: {changes[-1][1]}, and never finished"

    def _is_over(self, key: JobKey, spells: Sequence[Spell]) -> bool:
        """With all its files, for long."""
        files = [self._all[file] for file in self._told.files[key]]
        if any(file[-1].status not in {None, *ENDS} for file in files):
            return False
        begin = max(them[-1].begin for them in (spells, *files))
        return self._stood(key[0], begin + 27 * HOUR, self._end, 0.0)

    @cached_property
    def _end(self) -> float:
        return max(look.ended for them in self._looks.values() for look in them)

    def _outcome(self, key: JobKey, said: Said) -> Iterator[str]:
        outcome = said.data["outcome"]
        parts = sum(outcome[word] for word in ("completed", "failed", "skipped", "cancelled", "unknown"))
        if outcome["total"] not in {None, parts}:
            yield f"{key}: an outcome that does not add up: {outcome}"
        if outcome["failed"] != len(outcome["failures"]) + outcome["failures_omitted"]:
            yield f"{key}: failures that are not named: {outcome}"


def untrue(world: World, record: Record, told: Told) -> Iterator[str]:
    return Truth(world, record, told).amiss()


def _spells(happened: Iterable[Happened]) -> Mapping[JobKey, list[Spell]]:
    """Of each job, what it was from when to when; the last for ever."""
    spells: defaultdict[JobKey, list[Spell]] = defaultdict(list)
    for event in happened:
        them, at = spells[event.kind, event.job_id], event.at
        if them:
            at = max(at, them[-1].begin)  # a clock may have jumped
            them[-1] = them[-1]._replace(end=at)
        them.append(Spell(event.status, at, float("inf")))
    return spells


def _lengths(spells: Sequence[Spell], must: Sequence[bool]) -> Iterator[float]:
    """For how long each open spell may have seemed to last, where no one need have seen what was between."""
    for n, spell in enumerate(spells):
        if spell.status is not None and spell.status not in ENDS:
            first, last = n, n
            for m in range(n - 1, -1, -1):
                if spells[m].status == spell.status:
                    first = m
                elif must[m]:
                    break
            for m in range(n + 1, len(spells)):
                if spells[m].status == spell.status:
                    last = m
                elif must[m]:
                    break
            yield spells[last].end - spells[first].begin


def _no_turns(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A trouble begins, and ends, and only then another begins."""
    last: dict[str, str] = {}
    for name, event_type in told:
        if last.get(name, "source.up") == event_type:
            yield f"{name}: twice {event_type}, and nothing between"
        last[name] = event_type
