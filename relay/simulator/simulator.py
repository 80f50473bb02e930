"""LlamaCloud's job API over a simulated account, without a network."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import count
from operator import itemgetter
from random import Random
from typing import Any

from relay.simulator.api import Api, Route, Told, route
from relay.simulator.faults import Answer, choose, spoil
from relay.simulator.job import Job
from relay.simulator.log import Drained, Happened, Missed, Shown
from relay.simulator.scenario import LOST, Fault, Scenario
from relay.simulator.script import Script
from relay.simulator.world import World


@dataclass(frozen=True, kw_only=True)
class Request:
    """`path` is as it stands in the URL, percent-encoded; `query` is decoded."""

    path: str
    method: str = "GET"
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Simulator:
    """Without `api_key` any bearer key is good, but there must be one. `happened` hears all that happens."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        now: Callable[[], float],
        seed: int,
        api_key: str | None = None,
        happened: Callable[[Happened], None] = lambda _: None,
    ) -> None:
        self.scenario = scenario
        self.log: list[Shown] = []
        self.missed: list[Missed] = []
        self._now = now
        self._start = now()
        self._world = World(scenario, now=lambda: now() + scenario.clock_offset, seed=seed, happened=happened)
        # Apart from the world's, so that what happens does not depend on who asks how often.
        self._random = Random(seed)  # noqa: S311 - a scenario must be repeatable
        self._api = Api(self._world, scenario, random=self._random, api_key=api_key)
        self._script = Script(scenario.script, random=self._random)
        self._faults: list[Fault] = []
        self._numbers = count(1)
        self._second = (-1, "")  # the last Date told

    def advance(self) -> None:
        self._world.advance()

    def finished(self) -> bool:
        """All jobs of a scenario with an end have come, and have moved to their end."""
        return self._world.finished()

    def create(self, kind: str, **fields: Any) -> Job:
        """By hand, see `World.create`; it stands still until it is moved."""
        return self._world.create(kind, **fields)

    def move(self, job: Job | str, status: str, error: str | None = None) -> None:
        self._world.move(job, status, error)

    def vanish(self, job: Job | str) -> Job:
        """Delete a job, from the list and from GET of one."""
        return self._world.vanish(job)

    def bring_back(self, job: Job) -> None:
        self._world.bring_back(job)

    def fail_next(self, n: int, fault: Fault) -> None:
        """Spoil the next `n` answers, whatever is asked; calls add up, and go before script and rates."""
        self._faults += [fault] * n

    def answer(self, request: Request) -> Answer:
        self._world.advance()
        number, now = next(self._numbers), self._now()
        where = route(request.path)
        fault = self._fault(request, where, now)
        told = self._api.tell(
            where, request.method, request.query, request.headers, fault=fault, number=number
        )
        answer = spoil(told.answer, fault, self.scenario, self._random)
        if fault not in LOST:
            self._note(number, now, told, answer.delay)
        return Answer(
            status=answer.status,
            body=answer.body,
            headers={**answer.headers, **self._date(now, fault)},
            delay=answer.delay,
            fault=answer.fault,
            number=number,
        )

    def take_back(self, answer: Answer) -> None:
        """Forget what an answer told that reached nobody."""
        logs: tuple[list[Any], ...] = (self.log, self.missed)
        for log in logs:
            low = bisect_left(log, answer.number, key=itemgetter(0))
            high = bisect_left(log, answer.number + 1, key=itemgetter(0))
            del log[low:high]

    def drain(self) -> Drained:
        """Give what was told since the last time, and forget it: nothing else bounds these lists."""
        drained = Drained(self.log, self.missed)
        self.log, self.missed = [], []
        return drained

    def _fault(self, request: Request, where: Route, now: float) -> Fault | None:
        if self._faults:
            return self._faults.pop(0)
        if self.scenario.script:
            kind = where.endpoint.kind if where.endpoint else None
            status = next((text.upper() for name, text in request.query if name == "status"), None)
            since = now - self._start
            if fault := self._script.fault(since, kind=kind, path=request.path, status=status):
                return fault
        return choose(self.scenario, self._random)

    def _note(self, number: int, now: float, told: Told, delay: float) -> None:
        kind, by_id = told.kind, told.by_id
        self.log += [
            Shown(
                *(number, now, kind, job.id, job.status),
                *(job.shown_created_at, by_id, delay, job.shown_updated_at),
            )
            for job in told.shown
        ]
        self.missed += [Missed(number, now, kind, job_id, by_id) for job_id in told.missed]

    def _date(self, now: float, fault: Fault | None) -> dict[str, str]:
        if not self.scenario.date or fault == "no_date":
            return {}
        if fault == "old_date":
            return {"Date": formatdate(0, usegmt=True)}
        second = int(now + self.scenario.clock_offset + self.scenario.date_offset)
        if second != self._second[0]:
            self._second = second, formatdate(second, usegmt=True)
        return {"Date": self._second[1]}
