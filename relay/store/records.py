"""What goes into the store and comes out of it."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import msgspec

from relay.diff import Known
from relay.message import Message
from relay.model import Event, Job


@dataclass(frozen=True, kw_only=True)
class SourceRow:
    """What is remembered of a source. Times are texts: of the API, but `…_at`, which are ours.

    `mark`: up to when the list is known; `newest`: the youngest creation seen; `whole_at`: when the last
    look that was whole began; `ordering`: what is known of the order of a list without dates.
    """

    id: int
    seq: int
    baseline: str | None
    mark: str | None
    newest: str | None
    whole_at: str | None
    failures: int
    resynced_at: str | None
    ordering: str | None


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """What only a whole look may conclude. `wants`: the requests it took, with those of following."""

    mark: str | None
    newest: str | None
    whole_at: str
    baseline: str | None
    ordering: str | None
    wants: float


@dataclass(frozen=True, kw_only=True)
class Group:
    """A message for all events of one `key` (JSON): `wait` seconds after the first of them that joins, and
    `interval` seconds after the message before.
    """

    key: str
    wait: float
    interval: float


@dataclass(frozen=True, kw_only=True)
class NewDelivery:
    """What an event owes to a destination: a message of its own, or a place in that of its `group`.

    `settle_until`: what becomes of the job until then decides whether it is sent at all. `replay`: once more,
    by who asked for it: it is no part of what the rules owe, waits for no other, and none for it.
    """

    id: str
    destination: str
    rule: str
    relay: str
    severity: str
    due_at: str
    give_up_at: str
    group: Group | None = None
    settle_until: str | None = None
    replay: bool = False


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event with the number of its job's change, and per rule that matched whom it sends to."""

    event: Event
    job_id: str
    nth: int
    rules: Mapping[str, list[str]]
    deliveries: tuple[NewDelivery, ...]


@dataclass(kw_only=True)
class Changes:
    """What a page changes. `learned` and `moved` are jobs with how many changes each has now had.

    `missed`: asked for and not found; `found`: there again; `gone` and `stuck`: told of, once a spell.
    """

    learned: list[tuple[Job, int]] = field(default_factory=list)
    moved: list[tuple[Known, Job, int]] = field(default_factory=list)
    fresher: list[tuple[Known, Job]] = field(default_factory=list)
    found: list[Known] = field(default_factory=list)
    missed: list[Known] = field(default_factory=list)
    gone: list[Known] = field(default_factory=list)
    stuck: list[Known] = field(default_factory=list)
    follow: bool = False  # whether jobs that end here are batches whose files are still to be told of
    events: list[NewEvent] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def is_empty(self) -> bool:
        return not (
            self.learned
            or self.moved
            or self.fresher
            or self.found
            or self.missed
            or self.stuck
            or self.events
        )


KnownRow = tuple[str, str, str, str, int, int, str, int, str | None]
"""The fields of `Known`, in its order: a page has many, and most are only compared."""

AskRow = tuple[str, str, str, str, str | None, str | None, str | None, int]
"""id, created_at, status, changed_at, missed_at, gone_at, name, told_gone"""

Decide = Callable[[Mapping[str, KnownRow], str], Changes]
"""Of what is known of a page's jobs, and the time up to which those created are known no more."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A batch that has ended, and is followed until its files have, too."""

    id: str
    created_at: str
    status: str
    name: str | None
    error: str | None
    changed_at: str
    changes: int


@dataclass(frozen=True, kw_only=True)
class BatchFile:
    """A file of a batch, at its `place` in the results; `kind` and `job` are those of the job it got, if it
    got one.
    """

    place: int
    file: str | None
    kind: str | None
    job: str | None
    name: str | None
    status: str
    error: str | None


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A delivery under lease. `attempt` is the number of this try: what fences its result. It is 0 where a
    message that has arrived is only to be brought up to date. `is_suspect`: it goes alone. `is_new`: it was
    never sent, and says nothing of its own yet. `ahead_of`: when it was to be tried, where it is a probe
    before that; a failure then changes nothing.
    """

    seq: int
    attempt: int
    failures: int
    give_up_at: str
    message: Message
    is_suspect: bool = False
    is_new: bool = False
    ahead_of: str | None = None

    @property
    def id(self) -> str:
        return self.message.id

    @property
    def is_attempt(self) -> bool:
        return self.attempt > 0

    @property
    def is_own(self) -> bool:
        """Whether it is relay's own news, and nothing else."""
        message = self.message
        return message.count == len(message.events) and all(event.is_own for event in message.events)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of an attempt: delivered, due again at `due_at`, or dead (neither)."""

    claimed: Claimed
    started_at: str
    seconds: float
    delivered: bool
    due_at: str | None = None
    status: int | None = None
    answer: str = ""
    reason: str | None = None
    place: str | None = None

    @property
    def outcome(self) -> Literal["delivered", "failed", "dead"]:
        if self.delivered:
            return "delivered"
        return "dead" if self.due_at is None and self.claimed.is_attempt else "failed"


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A destination went "down", is "up" again, or a delivery to it is "dead": `event` is made once a
    trouble, with the number of it. `reason`: of what is down.
    """

    what: Literal["down", "up", "dead"]
    event: Callable[[int], NewEvent]
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Which deliveries a lane wants: up to `room`, of those due at the lease's begin.

    `probe`: one alone, the least tried, to see whether the destination is well again. `living`: with the
    place of the message that each brings up to date, and, where `begun_by` tells with which delivery that
    began, with the events it told. `tables`: with a group's other events as rows. `idle`: nothing of the lane
    is under way. `rules`: those of the configuration; None for all.
    """

    room: int
    lease_until: float
    probe: bool = False
    living: bool = False
    begun_by: Callable[[str], str | None] = lambda _: None
    tables: bool = False
    idle: bool = True
    rules: Container[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a lane gets from one hop to the store; `next_due` is None where nothing waits for a time. `news`:
    there is something for other lanes. `unread`: claimed, but not to be sent as they are. `tables`: as in
    the claims.
    """

    claimed: tuple[Claimed, ...]
    next_due: str | None
    news: bool = False
    unread: tuple[Claimed, ...] = ()
    tables: bool = False


@dataclass(frozen=True, kw_only=True)
class Replay:
    """An event, by its sequence, that is owed to a destination after all. Where its delivery is no `replay`
    the rule is added to those that took the event, unless the destination has it already.
    """

    event: int
    source: int
    job_id: str
    delivery: NewDelivery


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An event as it stands in the store: by which rules it went where, and who `had` a delivery of it."""

    seq: int
    event: Event
    source: int
    job_id: str
    rules: Mapping[str, list[str]]
    had: frozenset[str]


Place = TypeVar("Place")


@dataclass(frozen=True, kw_only=True)
class Slice(Generic[Place]):
    """What one transaction pruned. The next goes on `after` that place; None: there is no more to look at."""

    after: Place | None
    jobs: int = 0
    events: int = 0


Row = dict[str, Any]
