"""What becomes of a batch and its files."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any, Protocol

from relay.simulator.job import BatchFile, Job
from relay.simulator.life import Life, Step, again
from relay.simulator.scenario import Scenario, Stream
from relay.simulator.timeline import Timeline
from relay.simulator.words import SKIPPED, UNMAPPED, file_name

_DEFAULT = Stream(count=0)


class Begin(Protocol):
    def __call__(
        self, kind: str, at: int, stream: Stream, name: str, *, item: Mapping[str, Any] = ...
    ) -> Job: ...


class Batches:
    def __init__(
        self,
        scenario: Scenario,
        timeline: Timeline,
        random: Random,
        *,
        begin: Begin,
        become: Callable[[Job, str, str | None, int], None],
        new_id: Callable[[str], str],
    ) -> None:
        self._scenario = scenario
        self._timeline = timeline
        self._random = random
        self._begin = begin
        self._become = become
        self._new_id = new_id
        self._of: dict[Job, Job] = {}  # the batch_v1 that ends with a job

    def fill(self, batch: Job, stream: Stream, lives: Life) -> None:
        kinds = ("parse", "extract", "classify") if batch.kind == "batch_v1" else ("parse", "extract")
        batch.makes = self._random.choice(kinds)
        batch.files = [self._new_file() for _ in range(self._random.randint(*stream.files))]
        if batch.kind == "batch" and self._random.random() < stream.no_results:
            batch.item = {**batch.item, "results": None}
        at_work = next((n for n, step in enumerate(lives.steps) if step.status == "RUNNING"), None)
        if at_work is None:
            return
        work, *after_it = lives.steps[at_work : at_work + 2]
        span = after_it[0].after - work.after if after_it else stream.working / 4
        for n, file in enumerate(batch.files, 1):
            after = work.after + span * n / (len(batch.files) + 1)
            self._timeline.after(
                batch.created, after, partial(self._take_up, batch, stream, file, lives.followed)
            )
        if lives.followed and not batch.files:
            self._timeline.after(batch.created, work.after, partial(self._settle, batch, stream))

    def ended(self, job: Job, at: int) -> None:
        """Tell that a job has ended for the first time."""
        if batch := self._of.pop(job, None):
            self._settle(batch, self._scenario.streams.get("batch_v1", _DEFAULT), at)

    def _new_file(self) -> BatchFile:
        return BatchFile(id=self._new_id("dfl-"), name=file_name(self._random))

    def _take_up(self, batch: Job, stream: Stream, file: BatchFile, followed: bool, at: int) -> None:
        """Make the job of a batch's file; a batch that is followed ends with the last of them."""
        if self._random.random() >= stream.unmapped:
            shown = {} if batch.makes == "parse" else {"file_input": file.id}
            file.job = self._begin(
                batch.makes, at, self._stream_of_files(batch, stream), file.name, item=shown
            )
            if followed and not file.job.settled:
                self._of[file.job] = batch
        elif batch.kind == "batch":
            file.error = UNMAPPED
        else:
            file.skip_reason = self._random.choice(SKIPPED)
        if followed:
            self._settle(batch, stream, at)

    def _stream_of_files(self, batch: Job, stream: Stream) -> Stream:
        own = self._scenario.streams.get(batch.makes, _DEFAULT)
        failed = own.failed if stream.file_failed is None else stream.file_failed
        cancelled = own.cancelled if stream.file_cancelled is None else stream.file_cancelled
        return replace(own, failed=failed, cancelled=cancelled)

    def _settle(self, batch: Job, stream: Stream, at: int) -> None:
        if not all(file.settled for file in batch.files):
            return
        end = Step(1, "COMPLETED")
        for step in (end, *again(end, batch.kind, stream, self._random)):
            self._timeline.after(at, step.after, partial(self._become, batch, step.status, step.error))
