"""A page of a list: which jobs fit, in which order, and how the next page finds its place."""

import binascii
import json
from base64 import b64decode, b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any, Literal

from relay.simulator.items import item_of
from relay.simulator.job import Job, micros_of
from relay.simulator.kinds import PLAIN_FILTERS
from relay.simulator.params import Asked
from relay.simulator.scenario import Fault, Stream
from relay.simulator.shelves import Shelves

# The API publishes neither; its paged lists are said to be safe up to 100.
_DEFAULT_PAGE, _LARGEST_PAGE = 50, 100
_DEFAULT_LIMIT = 50
Place = tuple[int, str]
_START = {"newest": (2**63, ""), "oldest": (-(2**63), ""), "shuffled": (2**63, "")}  # before the first
_PLACE = attrgetter("place")
_SHUFFLED_PLACE = attrgetter("shuffled_place")


class BadToken(Exception):  # noqa: N818 - it is an answer, 400
    pass


@dataclass(frozen=True, kw_only=True)
class Found:
    """The jobs from `low` to `high` that an index gave; `plain` filters are still to be asked."""

    jobs: Sequence[Job]
    low: int
    high: int
    order: Literal["newest", "oldest", "shuffled"]
    plain: Asked

    def walk(self, after: Place | None = None) -> Iterator[Job]:
        start = _START[self.order] if after is None else after
        key = self.place
        if self.order == "oldest":
            places = range(bisect_right(self.jobs, start, self.low, self.high, key=key), self.high)
        else:
            places = range(bisect_left(self.jobs, start, self.low, self.high, key=key) - 1, self.low - 1, -1)
        jobs = (self.jobs[n] for n in places)
        return (job for job in jobs if _fits(job, self.plain)) if self.plain else jobs

    @property
    def place(self) -> Callable[[Job], Place]:
        return _SHUFFLED_PLACE if self.order == "shuffled" else _PLACE

    def total(self) -> int:
        return sum(1 for _ in self.walk()) if self.plain else self.high - self.low


@dataclass(frozen=True, kw_only=True)
class Page:
    jobs: Sequence[Job]
    token: str | None
    total: int


def page_by_cursor(found: Found, asked: Asked, *, cap: int | None, fault: Fault | None, number: int) -> Page:
    """Keep the place by what the last job was, so that a page does not shift. Raises BadToken.

    `number`, the answer's, makes the token of an empty page new each time.
    """
    size = max(1, min(asked.get("page_size", _DEFAULT_PAGE), _LARGEST_PAGE, cap or _LARGEST_PAGE))
    token = asked.get("page_token")
    place = _place(token) if token else _START[found.order]
    if fault == "empty_page":
        return Page(jobs=(), token=_token(place, number), total=found.total())
    jobs = list(islice(found.walk(place), size + 1))
    following = _token(found.place(jobs[size - 1])) if len(jobs) > size else None
    if fault == "repeated_token":
        following = token or _token(place)
    return Page(jobs=jobs[:size], token=following, total=found.total())


def page_by_offset(found: Found, asked: Asked, *, cap: int | None, **_: Any) -> Page:
    """Count from the front, so that pages shift when jobs are added or deleted."""
    offset, limit = asked.get("offset", 0), asked.get("limit", _DEFAULT_LIMIT)
    jobs = list(islice(found.walk(), offset, offset + min(limit, cap or limit)))
    return Page(jobs=jobs, token=None, total=found.total())


def find(shelves: Shelves, stream: Stream, kind: str, project_id: str, asked: Asked) -> Found:
    jobs = _shelf(shelves, kind, project_id, asked)
    low, high = _window(jobs, asked)
    if stream.order == "shuffled":
        jobs = sorted(jobs[low:high], key=_SHUFFLED_PLACE)
        low, high = 0, len(jobs)
    plain = {name: asked[name] for name in PLAIN_FILTERS if name in asked}
    return Found(jobs=jobs, low=low, high=high, order=stream.order, plain=plain)


def _shelf(shelves: Shelves, kind: str, project_id: str, asked: Asked) -> Sequence[Job]:
    status = asked["status"].upper() if "status" in asked else None
    if "job_ids" not in asked:
        return shelves.shelf(kind, project_id, status)
    named = (shelves.find(kind, job_id) for job_id in set(asked["job_ids"]))
    fitting = [j for j in named if j and j.project_id == project_id and status in {None, j.status}]
    return sorted(fitting, key=_PLACE)


def _window(jobs: Sequence[Job], asked: Asked) -> tuple[int, int]:
    """Both ends are inclusive."""
    low, high = 0, len(jobs)
    if "created_at_on_or_after" in asked:
        low = bisect_left(jobs, micros_of(asked["created_at_on_or_after"]), key=_created)
    if "created_at_on_or_before" in asked:
        high = bisect_right(jobs, micros_of(asked["created_at_on_or_before"]), key=_created)
    return low, max(low, high)


def _created(job: Job) -> int:
    return job.created


def _fits(job: Job, plain: Asked) -> bool:
    item = item_of(job)
    return all(_field(item, name) == value for name, value in plain.items())


def _field(item: dict[str, Any], name: str) -> Any:
    if name == "document_input_value":  # the old name
        return item.get("file_input")
    if name == "document_input_type" and name not in item:
        return "parse_job_id" if item["file_input"].startswith("pjb-") else "file_id"
    return item.get(name)


def _token(place: Place, number: int | None = None) -> str:
    at, last_id = place
    more = {} if number is None else {"n": number}
    return b64encode(json.dumps({"last_id": last_id, "last": at, **more}).encode()).decode()


def _place(token: str) -> Place:
    try:
        place = json.loads(b64decode(token, validate=True))
        return int(place["last"]), str(place["last_id"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise BadToken from error
