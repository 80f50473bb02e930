"""What the API answers, and what it may be asked: the same types check what comes and make the document."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

State = Literal["waiting", "delivered", "dead", "superseded"]
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^(?![\s\S]*[\x00-\x1f\x7f])")]
Names = Annotated[list[Name], Meta(max_length=20)]
One = Annotated[list[Name], Meta(max_length=1)]
Limit = Annotated[int, Meta(ge=1, le=200)]


class Query(Struct, kw_only=True, forbid_unknown_fields=True):
    """Parameters of a question; one that is not known is refused."""


class Nothing(Query):
    pass


_NEXT = "`next` of the page before, as it is."
_JOBS_CURSOR = r"^([0-9]{1,18}~[^~]{0,40}~[^~]{0,40}~[\s\S]*)?$"


class Paged(Query):
    """A cursor is only a place in the order of a list: it fits whatever filters."""

    limit: Annotated[Limit, Meta(description="Rows of a page.")] = 50


class JobsQuery(Paged):
    cursor: Annotated[str, Meta(max_length=1200, pattern=_JOBS_CURSOR, description=_NEXT)] = ""
    source: Annotated[Names, Meta(description="Any of these sources.")] = []
    status: Annotated[Names, Meta(description="Any of these statuses.")] = []
    id: Annotated[One, Meta(description="This job, of whatever source.")] = []


class Newest(Paged):
    cursor: Annotated[str, Meta(max_length=18, pattern=r"^([0-9]{1,18})?$", description=_NEXT)] = ""


class EventsQuery(Newest):
    source: Annotated[Names, Meta(description="Any of these sources.")] = []
    type: Annotated[Names, Meta(description="Any of these types, such as parse.failed.")] = []
    job: Annotated[One, Meta(description="Of this job.")] = []


class DeliveriesQuery(Newest):
    destination: Annotated[Names, Meta(description="To any of these destinations.")] = []
    state: Annotated[list[State], Meta(max_length=20, description="In any of these states.")] = []
    event: Annotated[One, Meta(description="Of this event.")] = []


class SeriesQuery(Query):
    what: Annotated[Literal["events", "deliveries"], Meta(description="What is counted.")] = "events"
    step: Annotated[Literal["minute", "hour"], Meta(description="Minutes are kept for two days.")] = "hour"
    points: Annotated[int, Meta(ge=1, le=1000, description="How many, the last one being now.")] = 60


class Source(Struct, kw_only=True):
    """`whole_at`: when the last look that was whole began; `pace`: seconds from look to look."""

    name: str
    kind: str
    product: str
    every: float
    pace: float
    ready: bool
    read_age: float
    open_jobs: dict[str, int]
    budget_per_minute: int
    budget_left: float
    whole_at: str | None = None
    looked_at: str | None = None
    baseline: str | None = None
    failures: int = 0
    trouble: str | None = None
    down_at: str | None = None
    ordering: str | None = None
    requests: float | None = None
    seconds: float | None = None
    items: int | None = None


class Job(Struct, kw_only=True):
    source: str
    kind: str
    id: str
    name: str | None
    status: str
    error: str | None
    created_at: str
    updated_at: str
    changed_at: str
    spell_at: str
    changes: int
    gone_at: str | None


class Event(Struct, kw_only=True):
    """`rules`: of each that matched, the destinations that it sends to."""

    seq: int
    id: str
    type: str
    timestamp: str
    source: str | None
    product: str | None
    kind: str | None
    project_id: str | None
    job_id: str | None
    name: str | None
    status: str | None
    previous: str | None
    error: str | None
    error_kind: str | None
    after_outage: bool
    severity: str
    url: str | None
    rules: dict[str, list[str]]


class Delivery(Struct, kw_only=True):
    """`event`, `type`, `source`, `job` and `name` are of the first of its `events`; a list counts 1000
    of them at most. `held`: what it waits for, whatever its time: an earlier one of its job ("order"), its
    "rule", or to be sent "alone". `replay`: asked for by hand.
    """

    seq: int
    id: str
    destination: str
    rule: str
    severity: str
    state: str
    due_at: str | None
    attempts: int
    created_at: str
    ended_at: str | None
    give_up_at: str
    reason: str | None
    claimed: bool
    settle_until: str | None
    group_key: str | None
    held: str | None
    replay: bool
    events: int
    event: str | None
    type: str | None
    source: str | None
    job: str | None
    name: str | None


class Attempt(Struct, kw_only=True):
    nth: int
    started_at: str
    seconds: float
    outcome: str
    status: int | None
    answer: str
    reason: str | None


class DeliveryWhole(Delivery, kw_only=True):
    """With its last 1000 attempts and its first 100 events."""

    tries: list[Attempt]
    carries: list[Event]


class Told(Struct, kw_only=True):
    """An event, and what became of it."""

    event: Event
    deliveries: list[Delivery]


class EventWhole(Event, kw_only=True):
    """`why`: in words, why it was sent or not; `job` is the item as it was listed."""

    why: list[str]
    outcome: dict[str, Any] | None
    job: msgspec.Raw
    deliveries: list[Delivery]


class File(Struct, kw_only=True):
    place: int
    file: str | None
    kind: str | None
    job: str | None
    name: str | None
    status: str
    error: str | None


class JobWhole(Job, kw_only=True):
    """`timeline`: its last 100 events with what became of each; `files`: of a batch, the first 1000."""

    timeline: list[Told]
    files: list[File]


class Destination(Struct, kw_only=True):
    """`breaker`: an open one leaves the destination alone but for probes, the next at `probe_at`."""

    name: str
    type: str | None
    configured: bool
    waiting: int
    dead: int
    delivered: int
    superseded: int
    oldest: str | None
    next_due: str | None
    breaker: Literal["closed", "open"]
    probe_at: str | None
    down_at: str | None
    reason: str | None


class Rule(Struct, kw_only=True):
    """As read; `match` and `unless` by their fields. `matches`: events since there is a database."""

    name: str
    on: list[str]
    to: list[str]
    match: dict[str, Any]
    unless: dict[str, Any]
    severity: str | None
    stop: bool
    group_by: list[str] | bool | None
    group_wait: float
    group_interval: float
    settle: float | None
    matches: int


class Hint(Struct, kw_only=True):
    """Hints of a source that relay asked for, those that showed a change `first`, and by how many seconds."""

    source: str
    asked: int
    first: int
    seconds: float | None


class Series(Struct, kw_only=True):
    """Counts at `times` (seconds since 1970), by type of event, or by DESTINATION/STATE."""

    step: str
    times: list[int]
    series: dict[str, list[int]]


class Status(Struct, kw_only=True):
    relay: str
    version: str
    now: str
    began: str
    ready: bool
    reasons: list[str]
    open_jobs: dict[str, int]
    waiting: int
    dead: int
    down: list[str]
    last_event: int
    database_bytes: int
    ledger_imbalance: int | None


class Sent(Struct, kw_only=True):
    """What came of a test."""

    delivered: bool
    status: int | None = None
    reason: str | None = None


class ProblemDetails(Struct, kw_only=True):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
