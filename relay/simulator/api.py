"""What the API answers when nothing keeps it from answering."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple
from urllib.parse import unquote

from relay.simulator.faults import Answer, failure, json_answer
from relay.simulator.items import files_of, one_of
from relay.simulator.job import Job
from relay.simulator.kinds import ENDPOINTS, ITEMS_PARAMS, PLAIN_FILTERS, Endpoint
from relay.simulator.lists import BadToken, Page, find, page_by_cursor, page_by_offset
from relay.simulator.oddities import items_of
from relay.simulator.params import Asked, Invalid, expand_of, read
from relay.simulator.scenario import Fault, Scenario, Stream
from relay.simulator.world import World

_DEFAULT_ITEMS = 100
_DEFAULT = Stream(count=0)
_PAGES = {"cursor": page_by_cursor, "offset": page_by_offset}
_FILTERS = {*PLAIN_FILTERS, "status", "created_at_on_or_after", "created_at_on_or_before", "page_token"}


class Route(NamedTuple):
    """An endpoint and the segments after its path: none, an id, or an id and "items"."""

    endpoint: Endpoint | None
    rest: tuple[str, ...] = ()


class Told(NamedTuple):
    """An answer, and what it says of which jobs."""

    answer: Answer
    kind: str = ""
    shown: Sequence[Job] = ()
    missed: Sequence[str] = ()
    by_id: bool = False


class Api:
    def __init__(self, world: World, scenario: Scenario, *, random: Random, api_key: str | None) -> None:
        self._world = world
        self._scenario = scenario
        self._random = random
        self._api_key = api_key

    def tell(
        self,
        route: Route,
        method: str,
        query: Iterable[tuple[str, str]],
        headers: Mapping[str, str],
        *,
        fault: Fault | None,
        number: int,
    ) -> Told:
        """Answer; of the faults only those that make a page odd are seen to."""
        if route.endpoint is None:
            return Told(failure(404, "Not Found"))
        if method != "GET":
            return Told(failure(405, "Method Not Allowed", Allow="GET"))
        if refusal := self._refusal(headers):
            return Told(failure(401, refusal))
        try:
            return self._read(route.endpoint, route.rest, query, fault, number)
        except Invalid as invalid:
            return Told(failure(422, invalid.detail))
        except BadToken:
            return Told(failure(400, "Invalid page token"))

    def _refusal(self, headers: Mapping[str, str]) -> str | None:
        given = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        scheme, _, key = given.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return "Not authenticated"
        return None if self._api_key in {None, key.strip()} else "Invalid API Key"

    def _read(
        self,
        endpoint: Endpoint,
        rest: Sequence[str],
        query: Iterable[tuple[str, str]],
        fault: Fault | None,
        number: int,
    ) -> Told:
        if not rest:
            return self._list(endpoint, read(query, endpoint.list_params), fault, number)
        if len(rest) == 1:
            return self._get(endpoint, rest[0], read(query, endpoint.get_params))
        return Told(self._items(endpoint, rest[0], read(query, ITEMS_PARAMS)))

    def _list(self, endpoint: Endpoint, asked: Asked, fault: Fault | None, number: int) -> Told:
        stream = self._scenario.streams.get(endpoint.kind, _DEFAULT)
        lags = stream.lag and (stream.lag_share >= 1 or self._random.random() < stream.lag_share)
        shelves = self._world.lists(endpoint.kind) if lags else self._world.live
        found = find(shelves, stream, endpoint.kind, self._project(asked), asked)
        turn = _PAGES[endpoint.paging]
        page = turn(found, asked, cap=stream.page_cap, fault=fault, number=number)
        if fault == "no_page":
            return Told(json_answer(200, {}))
        items, shown = items_of(page.jobs, expand_of(asked), fault, self._random)
        envelope = {"items": items, **self._total(page.total)}
        if page.token:
            envelope["next_page_token"] = page.token
        missed = () if fault in {"empty_page", "garbled"} else _missed(asked, page)
        return Told(json_answer(200, envelope), endpoint.kind, shown, missed)

    def _get(self, endpoint: Endpoint, job_id: str, asked: Asked) -> Told:
        job = self._find(endpoint, job_id, asked)
        if job is None:
            answer = failure(404, f"{endpoint.noun} not found")
            return Told(answer, endpoint.kind, missed=(job_id,), by_id=True)
        return Told(json_answer(200, one_of(job, expand_of(asked))), endpoint.kind, (job,), by_id=True)

    def _items(self, endpoint: Endpoint, job_id: str, asked: Asked) -> Answer:
        job = self._find(endpoint, job_id, asked)
        if job is None:
            return failure(404, f"{endpoint.noun} not found")
        items = [item for item in files_of(job) if item["status"] == asked.get("status", item["status"])]
        offset = asked.get("offset", 0)
        page = items[offset : offset + asked.get("limit", _DEFAULT_ITEMS)]
        return json_answer(200, {"items": page, **self._total(len(items))})

    def _find(self, endpoint: Endpoint, job_id: str, asked: Asked) -> Job | None:
        job = self._world.live.find(endpoint.kind, job_id)
        return job if job and job.project_id == self._project(asked) else None

    def _project(self, asked: Asked) -> str:
        return str(asked["project_id"]) if "project_id" in asked else self._world.project_id

    def _total(self, total: int) -> dict[str, Any]:
        if self._scenario.total_size == "absent":
            return {}
        if self._scenario.total_size == "wrong":
            return {"total_size": self._random.randint(0, 2 * total + 1)}
        return {"total_size": total if self._scenario.total_size == "number" else None}


def route(path: str) -> Route:
    for endpoint in ENDPOINTS.values():
        if path == endpoint.path:
            return Route(endpoint)
        if path.startswith(endpoint.path + "/"):
            rest = tuple(unquote(part) for part in path[len(endpoint.path) + 1 :].split("/"))
            return Route(endpoint, rest) if _is_served(endpoint, rest) else Route(None)
    return Route(None)


def _is_served(endpoint: Endpoint, rest: Sequence[str]) -> bool:
    if len(rest) == 2:
        return endpoint.kind == "batch_v1" and rest[1] == "items"
    return len(rest) == 1 and rest[0] != ""


def _missed(asked: Asked, page: Page) -> Sequence[str]:
    """Which of the ids asked for are not there, where the page alone can tell."""
    if "job_ids" not in asked or page.token or not _FILTERS.isdisjoint(asked):
        return ()
    there = {job.id for job in page.jobs}
    return [job_id for job_id in dict.fromkeys(asked["job_ids"]) if job_id not in there]
