"""The simulated account: its jobs, and what becomes of them as time passes."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import count
from operator import attrgetter
from random import Random
from types import MappingProxyType
from typing import Any
from uuid import UUID

from relay.simulator.job import BatchFile, Job, micros
from relay.simulator.kinds import ENDPOINTS
from relay.simulator.life import Step, life
from relay.simulator.scenario import Scenario, Stream
from relay.simulator.words import SKIPPED, UNMAPPED, file_name

_PLACE = attrgetter("place")
_DEFAULT = Stream(count=0)
_WITHOUT_A_JOB = 0.03
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class World:
    """All that happens follows from the seed, the times and the calls, not from how often it is looked at.

    What is due happens at its own time, when someone looks next.
    """

    def __init__(self, scenario: Scenario, *, now: Callable[[], float], seed: int) -> None:
        self._scenario = scenario
        self._now = now
        self._random = Random(seed)  # noqa: S311 - a scenario must be repeatable
        self._jobs: dict[tuple[str, str], Job] = {}
        self._shelves: defaultdict[tuple[str, str, str | None], list[Job]] = defaultdict(list)
        self._due: list[tuple[int, int, Callable[[int], None]]] = []
        self._count = count()
        self._batches: dict[Job, Job] = {}  # the batch_v1 that ends with a job
        for kind, stream in scenario.streams.items():
            if stream.count != 0:
                self._at(micros(now()), partial(self._arrive, kind, stream.count))

    def advance(self) -> None:
        now = micros(self._now())
        while self._due and self._due[0][0] <= now:
            at, _, act = heappop(self._due)
            act(at)

    def finished(self) -> bool:
        """Nothing more will come and nothing more will move."""
        self.advance()
        return not self._due

    def find(self, kind: str, job_id: str) -> Job | None:
        return self._jobs.get((kind, job_id))

    def shelf(self, kind: str, project_id: str, status: str | None) -> Sequence[Job]:
        """Find the jobs of a kind, all or those of one status, in the order of their creation."""
        return self._shelves.get((kind, project_id, status), [])

    def create(
        self,
        kind: str,
        *,
        id: str | None = None,  # noqa: A002 - the API's word
        status: str = "PENDING",
        created_at: float | None = None,
        project_id: str | None = None,
        name: str | None = None,
        error: str | None = None,
        makes: str = "parse",
        files: Sequence[BatchFile] = (),
        item: Mapping[str, Any] = _NOTHING,
    ) -> Job:
        """Add a job that stands still until it is moved. `item` is laid over what the API shows of it."""
        self.advance()
        at = micros(self._now() if created_at is None else created_at)
        return self._add(
            Job(
                kind=kind,
                id=id or self._new_id(ENDPOINTS[kind].prefix),
                project_id=project_id or self._scenario.project_id,
                created=at,
                updated=at,
                status=status.upper(),
                name=name,
                error=error,
                makes=makes,
                files=files,
                item=item,
            )
        )

    def move(self, job: Job | str, status: str, error: str | None = None) -> None:
        """Move by hand; what a scenario planned for it still comes. Raises KeyError for an unknown id."""
        self.advance()
        found = job if isinstance(job, Job) else self._by_id(job)
        self._become(found, status.upper(), error, micros(self._now()))

    def _by_id(self, job_id: str) -> Job:
        for kind in ENDPOINTS:
            if job := self.find(kind, job_id):
                return job
        raise KeyError(job_id)

    def _at(self, due: int, act: Callable[[int], None]) -> None:
        heappush(self._due, (due, next(self._count), act))

    def _span(self, seconds: float) -> int:
        return micros(seconds / self._scenario.speed)

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}{UUID(int=self._random.getrandbits(128), version=4)}"

    def _add(self, job: Job) -> Job:
        self._jobs[job.kind, job.id] = job
        insort(self._shelves[job.kind, job.project_id, None], job, key=_PLACE)
        insort(self._shelves[job.kind, job.project_id, job.status], job, key=_PLACE)
        return job

    def _become(self, job: Job, status: str, error: str | None, at: int) -> None:
        shelf = self._shelves[job.kind, job.project_id, job.status]
        del shelf[bisect_left(shelf, job.place, key=_PLACE)]
        job.become(status, error, at)
        insort(self._shelves[job.kind, job.project_id, status], job, key=_PLACE)
        if job.ended is not None and (batch := self._batches.pop(job, None)):
            self._settle(batch, at)

    def _arrive(self, kind: str, left: int | None, at: int) -> None:
        self._begin(kind, at, file_name(self._random))
        if left is None or left > 1:
            rate = self._scenario.streams[kind].rate
            pause = micros(self._random.expovariate(rate)) if rate else 0
            self._at(at + pause, partial(self._arrive, kind, None if left is None else left - 1))

    def _begin(self, kind: str, at: int, name: str, item: Mapping[str, Any] = _NOTHING) -> Job:
        stream = self._scenario.streams.get(kind, _DEFAULT)
        first, *steps = life(kind, stream, self._random)
        job = Job(
            kind=kind,
            id=self._new_id(ENDPOINTS[kind].prefix),
            project_id=self._scenario.project_id,
            created=at,
            updated=at,
            status=first.status,
            error=first.error,
            name=name,
            item=item,
        )
        for step in steps:
            self._at(at + self._span(step.after), partial(self._become, job, step.status, step.error))
        if kind.startswith("batch"):
            self._fill(job, stream, steps)
        return self._add(job)

    def _fill(self, batch: Job, stream: Stream, steps: Sequence[Step]) -> None:
        kinds = ("parse", "extract", "classify") if batch.kind == "batch_v1" else ("parse", "extract")
        batch.makes = self._random.choice(kinds)
        batch.files = [self._new_file() for _ in range(self._random.randint(*stream.files))]
        work = next((step for step in steps if step.status == "RUNNING"), None)
        if work is None:
            return
        last = steps[-1]
        goes_on = last is work
        span = stream.working / 4 if goes_on else last.after - work.after
        for n, file in enumerate(batch.files, 1):
            due = self._span(work.after + span * n / (len(batch.files) + 1))
            self._at(batch.created + due, partial(self._take_up, batch, file, goes_on))

    def _new_file(self) -> BatchFile:
        return BatchFile(id=self._new_id("dfl-"), name=file_name(self._random))

    def _take_up(self, batch: Job, file: BatchFile, followed: bool, at: int) -> None:
        """Make the job of a batch's file; a batch that is followed ends with the last of them."""
        if self._random.random() >= _WITHOUT_A_JOB:
            shown = {} if batch.makes == "parse" else {"file_input": file.id}
            file.job = self._begin(batch.makes, at, file.name, shown)
            if followed:
                self._batches[file.job] = batch
        elif batch.kind == "batch":
            file.error = UNMAPPED
        else:
            file.skip_reason = self._random.choice(SKIPPED)
        if followed:
            self._settle(batch, at)

    def _settle(self, batch: Job, at: int) -> None:
        if all(file.settled for file in batch.files):
            self._at(at + self._span(1), partial(self._become, batch, "COMPLETED", None))
