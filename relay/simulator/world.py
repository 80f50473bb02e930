"""The simulated account: its jobs, and what becomes of them as time passes."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from relay.model import TERMINAL_STATUSES
from relay.simulator.batches import Batches
from relay.simulator.job import BatchFile, Job, micros
from relay.simulator.kinds import ENDPOINTS
from relay.simulator.life import Life, life
from relay.simulator.log import Happened
from relay.simulator.scenario import OddDates, Scenario, Stream
from relay.simulator.shelves import Lagging, Shelves
from relay.simulator.timeline import Timeline
from relay.simulator.words import file_name

_DEFAULT = Stream(count=0)
_RECENT = 20
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class World:
    """All that happens follows from the seed, the times and the calls, not from how often it is looked at.

    What is due happens at its own time, when someone looks next. `now` is the API's clock.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        now: Callable[[], float],
        seed: int,
        happened: Callable[[Happened], None] = lambda _: None,
    ) -> None:
        self.live = Shelves()
        self._happened = happened
        self._scenario = scenario
        self._random = Random(seed)  # noqa: S311 - a scenario must be repeatable
        self._now = now
        self._start = micros(now())
        self._lagging = {kind: Lagging(s.lag) for kind, s in scenario.streams.items() if s.lag}
        self._timeline = Timeline(speed=scenario.speed)
        self._ended: deque[tuple[int, Job]] = deque()  # what is to be forgotten
        self._recent: deque[tuple[str, str]] = deque(maxlen=_RECENT)  # ids that another kind may take
        self._batches = Batches(
            scenario,
            self._timeline,
            self._random,
            begin=self._begin,
            become=self._become,
            new_id=self._new_id,
        )
        for kind, stream in scenario.streams.items():
            if stream.count != 0:
                self._timeline.at(self._start, partial(self._arrive, kind, stream.count))

    def advance(self) -> None:
        now = micros(self._now())
        for at, act in self._timeline.until(now):
            self._forget(at)
            act(at)
        self._forget(now)
        for lagging in self._lagging.values():
            lagging.advance(now)

    def finished(self) -> bool:
        """Nothing more will come and nothing more will move; old jobs may still be forgotten."""
        self.advance()
        return self._timeline.ended and all(lagging.settled for lagging in self._lagging.values())

    def lists(self, kind: str) -> Shelves:
        """Find what a list of this kind may show: where it lags, what was."""
        lagging = self._lagging.get(kind)
        return lagging.shelves if lagging else self.live

    @property
    def project_id(self) -> str:
        return self._project(micros(self._now()))

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
        dates: Literal["utc", "null", "missing", "naive"] = "utc",
    ) -> Job:
        """Add a job that stands still until it is moved. `item` is laid over what the API shows of it."""
        self.advance()
        at = micros(self._now() if created_at is None else created_at)
        job = Job(
            kind=kind,
            id=id or self._new_id(ENDPOINTS[kind].prefix),
            project_id=project_id or self.project_id,
            created=at,
            updated=at,
            status=status.upper(),
            ends=_ends(self._scenario.streams.get(kind, _DEFAULT)),
            name=name,
            error=error,
            makes=makes,
            files=files,
            item=item,
            dates=dates,
        )
        return self._add(job, micros(self._now()))

    def move(self, job: Job | str, status: str, error: str | None = None) -> None:
        """Move by hand; what a scenario planned for it still comes. Raises KeyError for an unknown id."""
        self.advance()
        self._become(self._given(job), status.upper(), error, micros(self._now()))

    def vanish(self, job: Job | str) -> Job:
        """Delete by hand, whatever its status. Raises KeyError for an unknown id."""
        self.advance()
        found = self._given(job)
        self._hide(found, micros(self._now()))
        return found

    def bring_back(self, job: Job) -> None:
        """Undo `vanish`: it is back in the status that it has come to meanwhile."""
        self.advance()
        self._return(job, micros(self._now()))

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}{UUID(int=self._random.getrandbits(128), version=4)}"

    def _become(self, job: Job, status: str, error: str | None, at: int) -> None:
        settled = job.settled
        if job.there:
            self.live.become(job, status, error, at)
            self._note(job, at)
        else:
            job.become(status, error, at)
        self._remember_end(job)
        if job.settled and not settled:
            self._batches.ended(job, at)

    def _begin(
        self, kind: str, at: int, stream: Stream, name: str, *, item: Mapping[str, Any] = _NOTHING
    ) -> Job:
        """Make a job that lives as the stream says."""
        lives = life(kind, stream, self._random)
        first = lives.steps[0]
        job = Job(
            kind=kind,
            id=self._shared_id(kind) or self._own_id(kind),
            project_id=self._project(at),
            created=at,
            updated=at,
            status=first.status,
            ends=_ends(stream),
            error=first.error,
            name=name,
            item=item,
            dates=self._dates(stream),
        )
        self._plan(job, stream, lives)
        if kind.startswith("batch"):
            self._batches.fill(job, stream, lives)
        return self._add(job, at)

    def _plan(self, job: Job, stream: Stream, lives: Life) -> None:
        for step in lives.steps[1:]:
            self._timeline.after(job.created, step.after, partial(self._become, job, step.status, step.error))
        if self._random.random() < stream.vanish:
            after = self._random.uniform(0, lives.steps[-1].after or stream.working)
            self._timeline.after(job.created, after, partial(self._vanish_open, job, stream))

    def _given(self, job: Job | str) -> Job:
        if isinstance(job, Job):
            return job
        for kind in ENDPOINTS:
            if found := self.live.find(kind, job):
                return found
        raise KeyError(job)

    def _project(self, at: int) -> str:
        change = self._scenario.other_project_at
        other = change is not None and at >= self._start + micros(change)
        return self._scenario.other_project_id if other else self._scenario.project_id

    def _own_id(self, kind: str) -> str:
        job_id = self._new_id(ENDPOINTS[kind].prefix)
        if self._scenario.shared_ids:
            self._recent.append((kind, job_id))
        return job_id

    def _shared_id(self, kind: str) -> str | None:
        """Take the id of a recent job of another kind, each of them once."""
        foreign = [recent for recent in self._recent if recent[0] != kind]
        if not foreign or self._random.random() >= self._scenario.shared_ids:
            return None
        taken = self._random.choice(foreign)
        self._recent.remove(taken)
        return taken[1]

    def _dates(self, stream: Stream) -> OddDates | Literal["utc"]:
        draw = self._random.random()
        for dates, share in stream.odd_dates.items():
            if draw < share:
                return dates
            draw -= share
        return "utc"

    def _add(self, job: Job, at: int) -> Job:
        self.live.put(job)
        self._note(job, at)
        self._remember_end(job)
        return job

    def _note(self, job: Job, at: int) -> None:
        self._happened(Happened(at / 1_000_000, job.kind, job.id, job.status if job.there else None))
        if lagging := self._lagging.get(job.kind):
            lagging.note(job, at)

    def _arrive(self, kind: str, left: int | None, at: int) -> None:
        stream = self._scenario.streams[kind]
        self._begin(kind, at, stream, file_name(self._random))
        if left is None or left > 1:
            pause = micros(self._random.expovariate(stream.rate)) if stream.rate else 0
            self._timeline.at(at + pause, partial(self._arrive, kind, None if left is None else left - 1))

    def _vanish_open(self, job: Job, stream: Stream, at: int) -> None:
        if job.ended is not None:
            return
        self._hide(job, at)
        if self._random.random() < stream.back:
            pause = self._random.uniform(0.5, 1.5) * stream.back_after
            self._timeline.after(at, pause, partial(self._return, job))

    def _hide(self, job: Job, at: int) -> None:
        if job.there:
            self.live.take(job)
            job.there = False
            self._note(job, at)

    def _return(self, job: Job, at: int) -> None:
        if not job.there:
            job.there = True
            self._add(job, at)

    def _remember_end(self, job: Job) -> None:
        if self._scenario.forget_after is not None and job.ended is not None:
            self._ended.append((job.ended, job))

    def _forget(self, now: int) -> None:
        """Delete what ended long enough ago, and is in that end still."""
        if not self._ended or self._scenario.forget_after is None:
            return
        span = micros(self._scenario.forget_after)
        while self._ended and self._ended[0][0] + span <= now:
            ended, job = self._ended.popleft()
            if job.ended == ended:
                self._hide(job, ended + span)


def _ends(stream: Stream) -> frozenset[str]:
    return TERMINAL_STATUSES | {stream.strange_end_word} if stream.strange_end else TERMINAL_STATUSES
