"""LlamaCloud's job API over a simulated account, without a network."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from itertools import count
from operator import itemgetter
from random import Random
from typing import Any
from urllib.parse import unquote

from relay.simulator.faults import Answer, choose, failure, json_answer, spoil
from relay.simulator.items import files_of, item_of, one_of
from relay.simulator.job import Job
from relay.simulator.kinds import ENDPOINTS, ITEMS_PARAMS, Endpoint
from relay.simulator.lists import BadToken, find, page_by_cursor, page_by_offset
from relay.simulator.log import Shown
from relay.simulator.params import Asked, Invalid, expand_of, read
from relay.simulator.scenario import Fault, Scenario
from relay.simulator.world import World

_DEFAULT_ITEMS = 100
_PAGES = {"cursor": page_by_cursor, "offset": page_by_offset}


@dataclass(frozen=True, kw_only=True)
class Request:
    """`path` is as it stands in the URL, percent-encoded; `query` is decoded."""

    path: str
    method: str = "GET"
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Simulator:
    """With no `api_key` every bearer key is good, but there must be one."""

    def __init__(
        self, scenario: Scenario, *, now: Callable[[], float], seed: int, api_key: str | None = None
    ) -> None:
        self.scenario = scenario
        self.log: list[Shown] = []
        self._now = now
        self._world = World(scenario, now=now, seed=seed)
        # Apart from the world's, so that what happens does not depend on who asks how often.
        self._random = Random(seed)  # noqa: S311 - a scenario must be repeatable
        self._api_key = api_key
        self._faults: list[Fault] = []
        self._numbers = count(1)

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

    def fail_next(self, n: int, fault: Fault) -> None:
        """Spoil the next `n` answers, whatever is asked; calls add up."""
        self._faults += [fault] * n

    def answer(self, request: Request) -> Answer:
        self._world.advance()
        number, now = next(self._numbers), self._now()
        right, shown = self._right(request)
        fault = self._faults.pop(0) if self._faults else choose(self.scenario, self._random)
        answer = spoil(right, fault, self.scenario, self._random) if fault else right
        if fault in {None, "slow"}:
            self._note(number, now, shown)
        return replace(answer, number=number, headers={**answer.headers, **self._date(now)})

    def take_back(self, answer: Answer) -> None:
        """Forget what an answer showed that reached nobody."""
        low = bisect_left(self.log, answer.number, key=itemgetter(0))
        high = bisect_left(self.log, answer.number + 1, key=itemgetter(0))
        del self.log[low:high]

    def _note(self, number: int, now: float, jobs: Iterable[Job]) -> None:
        self.log += [Shown(number, now, job.kind, job.id, job.status, job.created_at) for job in jobs]

    def _date(self, now: float) -> dict[str, str]:
        if not self.scenario.date:
            return {}
        return {"Date": formatdate(now + self.scenario.date_offset, usegmt=True)}

    def _right(self, request: Request) -> tuple[Answer, Sequence[Job]]:
        """Answer as an API that is well does, and name the jobs shown."""
        endpoint, rest = _route(request.path)
        if endpoint is None:
            return failure(404, "Not Found"), ()
        if request.method != "GET":
            return failure(405, "Method Not Allowed", Allow="GET"), ()
        if refusal := self._refusal(request.headers):
            return failure(401, refusal), ()
        try:
            return self._read(endpoint, rest, request.query)
        except Invalid as invalid:
            return failure(422, invalid.detail), ()
        except BadToken:
            return failure(400, "Invalid page token"), ()

    def _refusal(self, headers: Mapping[str, str]) -> str | None:
        given = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
        scheme, _, key = given.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return "Not authenticated"
        return None if self._api_key in {None, key.strip()} else "Invalid API Key"

    def _read(
        self, endpoint: Endpoint, rest: Sequence[str], query: Iterable[tuple[str, str]]
    ) -> tuple[Answer, Sequence[Job]]:
        if not rest:
            return self._list(endpoint, read(query, endpoint.list_params))
        if len(rest) == 1:
            return self._get(endpoint, rest[0], read(query, endpoint.get_params))
        return self._items(endpoint, rest[0], read(query, ITEMS_PARAMS)), ()

    def _list(self, endpoint: Endpoint, asked: Asked) -> tuple[Answer, Sequence[Job]]:
        found = find(self._world, self.scenario, endpoint.kind, self._project(asked), asked)
        page = _PAGES[endpoint.paging](found, asked)
        expand = expand_of(asked)
        envelope = {"items": [item_of(job, expand) for job in page.jobs], **self._total(page.total)}
        if page.token:
            envelope["next_page_token"] = page.token
        return json_answer(200, envelope), page.jobs

    def _get(self, endpoint: Endpoint, job_id: str, asked: Asked) -> tuple[Answer, Sequence[Job]]:
        job = self._find(endpoint, job_id, asked)
        if job is None:
            return failure(404, f"{endpoint.noun} not found"), ()
        return json_answer(200, one_of(job, expand_of(asked))), (job,)

    def _items(self, endpoint: Endpoint, job_id: str, asked: Asked) -> Answer:
        job = self._find(endpoint, job_id, asked)
        if job is None:
            return failure(404, f"{endpoint.noun} not found")
        items = [item for item in files_of(job) if item["status"] == asked.get("status", item["status"])]
        offset = asked.get("offset", 0)
        page = items[offset : offset + asked.get("limit", _DEFAULT_ITEMS)]
        return json_answer(200, {"items": page, **self._total(len(items))})

    def _find(self, endpoint: Endpoint, job_id: str, asked: Asked) -> Job | None:
        job = self._world.find(endpoint.kind, job_id)
        return job if job and job.project_id == self._project(asked) else None

    def _project(self, asked: Asked) -> str:
        return str(asked.get("project_id", self.scenario.project_id))

    def _total(self, total: int) -> dict[str, Any]:
        if self.scenario.total_size == "absent":
            return {}
        return {"total_size": total if self.scenario.total_size == "number" else None}


def _route(path: str) -> tuple[Endpoint | None, Sequence[str]]:
    """Find the endpoint and the segments after its path: none, an id, or an id and "items"."""
    for endpoint in ENDPOINTS.values():
        if path == endpoint.path:
            return endpoint, ()
        if path.startswith(endpoint.path + "/"):
            rest = [unquote(part) for part in path[len(endpoint.path) + 1 :].split("/")]
            return (endpoint, rest) if _is_served(endpoint, rest) else (None, ())
    return None, ()


def _is_served(endpoint: Endpoint, rest: Sequence[str]) -> bool:
    if len(rest) == 2:
        return endpoint.kind == "batch_v1" and rest[1] == "items"
    return len(rest) == 1 and rest[0] != ""
