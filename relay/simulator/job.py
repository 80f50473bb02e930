"""A job as the simulator keeps it. Statuses are upper case here, times are microseconds since 1970."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zlib import crc32

from relay.model import TERMINAL_STATUSES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


def micros(seconds: float) -> int:
    return round(seconds * 1_000_000)


def micros_of(moment: datetime) -> int:
    """Count a naive moment as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def time_text(at: int) -> str:
    """As the API writes times; such texts order as the times do."""
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(slots=True, eq=False, kw_only=True)
class BatchFile:
    """A file of a batch, and the job that was made for it, if it got one."""

    id: str
    name: str
    job: "Job | None" = None
    error: str | None = None  # why no job could be made for it
    skip_reason: str | None = None  # batch_v1 only

    @property
    def settled(self) -> bool:
        return self.skip_reason is not None or (self.job is not None and self.job.ended is not None)


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    kind: str
    id: str
    project_id: str
    created: int
    updated: int
    status: str
    name: str | None = None
    error: str | None = None
    started: int | None = None  # when it was first seen beyond waiting
    ended: int | None = None  # None while open, also after a terminal status was left again
    makes: str = "parse"  # the kind of job a batch makes of its files
    files: Sequence[BatchFile] = ()
    item: Mapping[str, Any] = field(default_factory=_nothing)  # laid over the item that the API shows
    created_at: str = ""

    def __post_init__(self) -> None:
        self.created_at = time_text(self.created)
        self._mark(self.created)

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands in a list that is in order."""
        return self.created, self.id

    @property
    def spin(self) -> int:
        """A number that looks random and stays."""
        return crc32(self.id.encode())

    @property
    def shuffled_place(self) -> tuple[int, str]:
        return self.spin, self.id

    def become(self, status: str, error: str | None, at: int) -> None:
        self.status, self.error, self.updated = status, error, at
        self._mark(at)

    def _mark(self, at: int) -> None:
        if self.started is None and self.status not in {"PENDING", "THROTTLED", "DISPATCHED"}:
            self.started = at
        self.ended = at if self.status in TERMINAL_STATUSES else None
