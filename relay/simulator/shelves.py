"""The jobs there are, by id and in the order of their creation; and those there were."""

from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Sequence
from copy import copy
from operator import attrgetter

from relay.simulator.job import Job, micros

_PLACE = attrgetter("place")


class Shelves:
    def __init__(self) -> None:
        self._jobs: dict[tuple[str, str], Job] = {}
        self._shelves: defaultdict[tuple[str, str, str | None], list[Job]] = defaultdict(list)

    def find(self, kind: str, job_id: str) -> Job | None:
        return self._jobs.get((kind, job_id))

    def shelf(self, kind: str, project_id: str, status: str | None) -> Sequence[Job]:
        """Find the jobs of a kind, all or those of one status, in the order of their creation."""
        return self._shelves.get((kind, project_id, status), ())

    def put(self, job: Job) -> None:
        self._jobs[job.kind, job.id] = job
        for status in (None, job.status):
            insort(self._shelves[job.kind, job.project_id, status], job, key=_PLACE)

    def take(self, job: Job) -> None:
        """Take away; the job must have the status it was put with."""
        del self._jobs[job.kind, job.id]
        for status in (None, job.status):
            self._drop(job, status)

    def become(self, job: Job, status: str, error: str | None, at: int) -> None:
        self._drop(job, job.status)
        job.become(status, error, at)
        insort(self._shelves[job.kind, job.project_id, status], job, key=_PLACE)

    def _drop(self, job: Job, status: str | None) -> None:
        shelf = self._shelves[job.kind, job.project_id, status]
        del shelf[bisect_left(shelf, job.place, key=_PLACE)]


class Lagging:
    """Shelves as they were `seconds` ago. What became of a batch's files shows at once."""

    def __init__(self, seconds: float) -> None:
        self.shelves = Shelves()
        self._lag = micros(seconds)
        self._coming: deque[tuple[int, Job]] = deque()

    def note(self, job: Job, at: int) -> None:
        """Tell that a job came, moved or went."""
        self._coming.append((at + self._lag, copy(job)))

    def advance(self, now: int) -> None:
        while self._coming and self._coming[0][0] <= now:
            _, job = self._coming.popleft()
            if known := self.shelves.find(job.kind, job.id):
                self.shelves.take(known)
            if job.there:
                self.shelves.put(job)

    @property
    def settled(self) -> bool:
        return not self._coming
