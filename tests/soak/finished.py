"""Batches and what became of their files, judged by what the simulated account knows of them."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from relay.model import seconds_of
from relay.simulator import Happened, Request, Simulator
from tests.soak.befalls import Befell
from tests.virtual import START

ENDS = {"COMPLETED", "FAILED", "CANCELLED"}
HOUR = 3600.0
TOLD_WITHIN = 2.5 * HOUR
"""Of a batch's end and its files': what can't be had is waited for an hour."""

_PATH, _KEY = "/api/v2/batches", {"authorization": "Bearer llx-one"}

PARTS = ("completed", "failed", "skipped", "cancelled", "unknown")


class File(NamedTuple):
    id: str
    job: str | None
    error: str | None


class Told(NamedTuple):
    nth: int
    type: str
    status: str
    at: float  # by relay's clock
    outcome: dict[str, Any] | None


class Finished:
    """`happened`: to all jobs; `files`: of each batch that is there at the end, None where none are shown."""

    def __init__(
        self,
        database: Path,
        happened: Sequence[Happened],
        files: Mapping[str, list[File] | None],
        befell: Befell,
    ) -> None:
        self._files, self._befell = files, befell
        self._spells: defaultdict[str, list[tuple[float, str | None]]] = defaultdict(list)
        for one in happened:
            self._spells[one.job_id].append((one.at - START, one.status))
        self._batches = {one.job_id for one in happened if one.kind == "batch"}
        self._told: defaultdict[str, list[Told]] = defaultdict(list)
        with closing(sqlite3.connect(database)) as db:
            rows = db.execute("""SELECT job_id, nth, type, timestamp, data FROM events
                WHERE type LIKE 'batch.%' AND job_id <> '' ORDER BY seq""")
            for job, nth, event_type, timestamp, text in rows:
                data = msgspec.json.decode(text)
                told = Told(nth, event_type, data["status"], seconds_of(timestamp), data["outcome"])
                self._told[job].append(told)

    def numbers(self) -> Counter[str]:
        finished = [told for them in self._told.values() for told in them if told.outcome is not None]
        known = [one for one in finished if one.outcome and one.outcome["total"] is not None]
        return Counter({"batches finished": len(finished), "of them with their files": len(known)})

    def amiss(self) -> Iterator[str]:
        for batch in sorted(self._batches | self._told.keys()):
            yield from self._of(batch, self._told[batch])

    def _of(self, batch: str, told: Sequence[Told]) -> Iterator[str]:
        changes = {one.nth: one for one in told if one.type == f"batch.{one.status.lower()}"}
        finished = [one for one in told if one.type == "batch.finished"]
        for one in finished:
            change = changes.get(one.nth)
            if change is None or change.status != one.status or one.status not in ENDS:
                yield f"{batch}: finished as {one.status} with change {one.nth}, which is {change}"
            yield from self._outcome(batch, one)
        if twice := [nth for nth, count in Counter(one.nth for one in finished).items() if count > 1]:
            yield f"{batch}: finished twice with change {twice}"
        last = changes[max(changes)] if changes else None
        is_over = last is not None and last.status in ENDS and self._is_long_over(batch, last.at - START)
        if is_over and last.nth not in {one.nth for one in finished}:
            yield f"{batch}: {last.status}, and never finished"

    def _is_long_over(self, batch: str, told_at: float) -> bool:
        """With all its files, it was told, and it is still there; clocks that jump put it off.

        That an ended batch went back to work is found by a resync, which an API in trouble puts off as well.
        """
        if batch not in self._files:
            return False
        spells = [self._spells[name] for name in (batch, *self._jobs(batch))]
        over = max(told_at, *(them[-1][0] for them in spells))
        ended = all(them[-1][1] in {None, *ENDS} for them in spells)
        away = self._befell.away
        return ended and over + TOLD_WITHIN + self._befell.jumped(over, away) <= away

    def _jobs(self, batch: str) -> list[str]:
        return [file.job for file in self._files[batch] or () if file.job]

    def _outcome(self, batch: str, told: Told) -> Iterator[str]:
        outcome = told.outcome
        counts = tuple(outcome[part] for part in PARTS)
        if outcome["total"] is None:
            if any(counts) or not self._may_be_hidden(batch, told):
                yield f"{batch}: {told.status}, and nothing is known of its files: {outcome}"
            return
        if sum(counts) != outcome["total"]:
            yield f"{batch}: an outcome that does not add up: {outcome}"
        files = self._files.get(batch)
        if files is None:
            return  # it has another status by now, and shows none
        may = [self._may_be(batch, file, told) for file in files]
        named = {failure["file_id"] for failure in outcome["failures"]}
        must_be = {file.id for file, ways in zip(files, may, strict=True) if ways == {"failed"}}
        can_be = {file.id for file, ways in zip(files, may, strict=True) if "failed" in ways}
        if counts not in _sums(may) or not must_be <= named <= can_be:
            ways = dict(zip((file.id for file in files), may, strict=True))
            yield f"{batch}: its files came to {ways}, told was {outcome}"

    def _may_be_hidden(self, batch: str, told: Told) -> bool:
        """No one shows the files of one that failed, nor of some; nor of one that was deleted meanwhile."""
        statuses = {status for _, status in self._spells[batch]}
        return self._is_late(batch, told) and (
            bool(statuses & {"FAILED", None}) or self._files.get(batch) is None
        )

    def _is_late(self, batch: str, told: Told) -> bool:
        """An hour after its end, by a clock that may have jumped."""
        end = min(at for at, status in self._spells[batch] if status in ENDS)
        jumped = self._befell.jumped(0.0, self._befell.away)
        return told.at - START - end + 2 * jumped >= HOUR

    def _may_be(self, batch: str, file: File, told: Told) -> set[str]:
        if file.job is None:
            return {"failed" if file.error else "unknown"}
        jumped = self._befell.jumped(0.0, self._befell.away)
        until = told.at - START + jumped
        had = [status for at, status in self._spells[file.job] if at <= until]
        ways = {status.lower() for status in had if status in ENDS}
        is_new = self._spells[file.job][0][0] > told.at - START - jumped  # the batch went to work once more
        if is_new or (None in had and self._is_late(batch, told)):
            ways.add("unknown")
        return ways


def files_of(simulator: Simulator, happened: Sequence[Happened]) -> dict[str, list[File] | None]:
    """Of each batch that is still there, as the account shows them; nothing goes wrong any more."""
    simulator.scenario = replace(simulator.scenario, faults={})
    found: dict[str, list[File] | None] = {}
    for batch in dict.fromkeys(one.job_id for one in happened if one.kind == "batch"):
        asked = Request(path=f"{_PATH}/{batch}", query=(("expand", "results"),), headers=_KEY)
        answer = simulator.answer(asked)
        if answer.status == 200:
            results = msgspec.json.decode(answer.body)["results"]
            found[batch] = None if results is None else [_file(result) for result in results]
    return found


def _file(result: dict[str, Any]) -> File:
    job = result["job_reference"]
    return File(result["source_directory_file_id"], job and job["id"], result["error_message"])


def _sums(may: Sequence[set[str]]) -> set[tuple[int, ...]]:
    """All counts that the files may come to."""
    return {tuple(Counter(ways)[part] for part in PARTS) for ways in product(*may)}
