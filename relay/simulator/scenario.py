"""What a simulated account does: jobs that come and move, and an API that is not always well."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from relay.model import parse_duration

Lost = Literal[
    "error",
    "unavailable",
    "too_many",
    "too_many_wait",
    "denied",
    "forbidden",
    "absent",
    "gone",
    "invalid",
    "html",
    "broken",
    "cut",
    "drop",
]
"""With these nothing of a page arrives."""
LOST: frozenset[str | None] = frozenset(get_args(Lost))

Fault = Literal[
    Lost,
    # A page arrives, and what it shows is shown.
    "slow",
    "no_date",
    "old_date",
    "no_page",
    "empty_page",
    "repeated_token",
    "garbled",
    "twice",
]
"""What goes wrong with one answer; docs/scenarios.md says what each is."""

KINDS = ("parse", "classify", "extract", "split", "batch", "batch_v1")
OddDates = Literal["null", "missing", "naive"]

PROJECT = "6b1d3e52-0f5c-4c1a-9a57-2f6f0f6b7a10"
OTHER_PROJECT = "0c9e2f8a-7f41-4d0e-8b63-5d1f3b7c9e22"


def _seconds(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def _kind(value: str) -> str:
    if value not in KINDS:
        raise ValueError(f"there is no such kind: known are {', '.join(KINDS)}")
    return value


# What these say holds for files; data made in Python is taken as it is.
Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
Offset = Annotated[float, BeforeValidator(_seconds)]
KindName = Annotated[str, AfterValidator(_kind)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Some = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(ge=0)]
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True)
class Stream:
    """The jobs of one kind. Times are means in seconds before `Scenario.speed`, shares are parts of 1."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    count: Count | None = None  # how many come in all; None: without end
    rate: Rate | None = None  # how many come a second; None: all of `count` at the start
    waiting: Seconds = 5.0  # in each status before the work begins
    working: Seconds = 20.0
    failed: Share = 0.08
    cancelled: Share = 0.02
    cached: Share = 0.05  # are COMPLETED the moment they are created; batches never are
    throttled: Share = 0.2  # where the kind has this status
    stuck: Share = 0.0  # never leave one of their open statuses
    strange: Share = 0.0  # pass through `strange_word`
    strange_word: str = "QUEUED"
    strange_end: Share = 0.0  # end in `strange_end_word` where they would have been COMPLETED
    strange_end_word: str = "PARTIAL_SUCCESS"
    flips: Share = 0.0  # end again, otherwise, `flip_after` their end: FAILED as COMPLETED and the reverse
    reruns: Share = 0.0  # go back to work `flip_after` their end, and end again
    flip_after: Seconds = 5.0
    vanish: Share = 0.0  # are deleted while they are open
    back: Share = 0.0  # of those that vanished, come back `back_after` that, moved or not
    back_after: Seconds = 60.0
    odd_dates: Mapping[OddDates, Share] = field(default_factory=dict)  # of created_at and updated_at
    files: tuple[Count, Count] = (2, 6)  # of a batch, at least and at most
    unmapped: Share = 0.03  # of a batch's files: get no job (batch_v1 skips them)
    file_failed: Share | None = None  # of a batch's files; None: as the stream of their kind
    file_cancelled: Share | None = None
    no_results: Share = 0.0  # of batches: `results` stay null
    order: Literal["newest", "oldest", "shuffled"] = "newest"
    page_cap: Some | None = None  # the largest page served, whatever is asked for
    lag: Seconds = 0.0  # lists show what was so long ago (not before `speed`); GET of one shows what is
    lag_share: Share = 1.0  # of the list answers that lag

    def __post_init__(self) -> None:
        if self.count is None and not self.rate:
            raise ValueError("a stream without a count needs a rate")
        if self.files[0] > self.files[1]:
            raise ValueError("files are [at least, at most]")


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A fault by script, for as long or as often as it says, else for good."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    fault: Fault
    at: Seconds = 0.0  # after the start
    lasts: Seconds | None = None
    count: Some | None = None  # of answers
    share: Share = 1.0  # of the answers meanwhile
    kind: KindName | None = None  # only its endpoint
    path: str | None = None  # a glob
    status: str | None = None  # only lists asked for this status; case does not count


@dataclass(frozen=True, kw_only=True)
class Scenario:
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    streams: Mapping[KindName, Stream] = field(default_factory=dict)  # one not named has no jobs
    speed: Annotated[float, Field(gt=0)] = 1.0  # durations of streams are divided by it; arrivals are not
    project_id: str = PROJECT  # of the key: what a list shows that names no project
    other_project_at: Seconds | None = None  # from when on the key belongs to another, as do new jobs
    other_project_id: str = OTHER_PROJECT
    shared_ids: Share = 0.0  # of the jobs: have the id of a job of another kind
    forget_after: Seconds | None = None  # jobs are deleted so long after their end
    total_size: Literal["number", "null", "absent", "wrong"] = "number"
    faults: Mapping[Fault, Share] = field(default_factory=dict)  # the share of answers that go wrong so
    script: tuple[Trouble, ...] = ()  # goes before `faults`; the first that fits counts
    retry_after: Count = 3  # seconds, of `too_many_wait`
    slow: Seconds = 5.0  # seconds that a `slow` answer takes
    clock_offset: Offset = 0.0  # seconds that the API's clock is ahead of `now()`, in all that it says
    date: bool = True
    date_offset: Offset = 0.0  # seconds that the header is ahead of the API's clock


def demo(*, speed: float = 3.0) -> Scenario:
    """All six kinds, each from the first second on; a job or two a second, some of which fail."""
    return Scenario(
        speed=speed,
        streams={
            "parse": Stream(rate=0.3, failed=0.2),
            "classify": Stream(rate=0.1, working=10),
            "extract": Stream(rate=0.1, failed=0.15),
            "split": Stream(rate=0.1),
            "batch": Stream(rate=0.03, working=15, failed=0.05),
            "batch_v1": Stream(rate=0.03, working=15, failed=0.05),
        },
    )
