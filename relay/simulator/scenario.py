"""What a simulated account does: jobs that come and move, and an API that is not always well."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["error", "too_many", "too_many_wait", "html", "broken", "cut", "slow", "drop"]
"""`too_many_wait` is a 429 with Retry-After, `broken` a JSON that ends early, `cut` a body that does."""

PROJECT = "6b1d3e52-0f5c-4c1a-9a57-2f6f0f6b7a10"


@dataclass(frozen=True, kw_only=True)
class Stream:
    """The jobs of one kind. Times are means in seconds before `Scenario.speed`, shares are parts of 1."""

    count: int | None = None  # how many come in all; None: without end
    rate: float | None = None  # how many come a second; None: all of `count` at the start
    waiting: float = 5.0  # in each status before the work begins
    working: float = 20.0
    failed: float = 0.08
    cancelled: float = 0.02
    cached: float = 0.05  # are COMPLETED the moment they are created; batches never are
    throttled: float = 0.2  # where the kind has this status
    files: tuple[int, int] = (2, 6)  # of a batch, at least and at most
    order: Literal["newest", "shuffled"] = "newest"

    def __post_init__(self) -> None:
        if self.count is None and not self.rate:
            raise ValueError("a stream without a count needs a rate")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    streams: Mapping[str, Stream] = field(default_factory=dict)  # by kind; one not named has no jobs
    speed: float = 1.0  # durations are divided by it; arrivals are not
    project_id: str = PROJECT  # of the key: what a list shows that names no project
    total_size: Literal["number", "null", "absent"] = "number"
    faults: Mapping[Fault, float] = field(default_factory=dict)  # the share of answers that go wrong so
    retry_after: int = 3  # seconds, of `too_many_wait`
    slow: float = 5.0  # seconds that a `slow` answer takes
    date: bool = True
    date_offset: float = 0.0  # seconds that the API's clock is ahead of `now()`, in the header only


def demo(*, speed: float = 3.0) -> Scenario:
    """All six kinds, each from the first second on; a few jobs a second, some of which fail."""
    return Scenario(
        speed=speed,
        streams={
            "parse": Stream(rate=0.5, failed=0.15),
            "classify": Stream(rate=0.2, working=10),
            "extract": Stream(rate=0.2, failed=0.12),
            "split": Stream(rate=0.15),
            "batch": Stream(rate=0.05, working=15, failed=0.05),
            "batch_v1": Stream(rate=0.05, working=15, failed=0.05),
        },
    )
