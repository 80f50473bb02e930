"""The words of relay as values. No I/O, no clock of its own."""

import asyncio
import secrets
import time
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import msgspec

OPEN_STATUSES = ("PENDING", "THROTTLED", "DISPATCHED", "RUNNING", "PROCESSING")
"""The open statuses relay knows, in the order of a job's life. Every word not known is open too."""

TERMINAL_STATUSES = frozenset({"COMPLETED", "FAILED", "CANCELLED"})

TROUBLES = ("source.down", "destination.down", "delivery.dead")
"""Types of events by which relay tells of its own troubles."""

Severity = Literal["info", "warning", "error"]

SEVERITIES = ("info", "warning", "error")
"""From the mildest."""

_STAGES = {"PENDING": 0, "THROTTLED": 1, "DISPATCHED": 1, "RUNNING": 2, "PROCESSING": 2}
_UNKNOWN_STAGE, _TERMINAL_STAGE = 3, 4


def is_open(status: str) -> bool:
    return status not in TERMINAL_STATUSES


def stage(status: str) -> int:
    """How far in its life a job of this status is; a word not known stands just before the end."""
    if status in TERMINAL_STATUSES:
        return _TERMINAL_STAGE
    return _STAGES.get(status, _UNKNOWN_STAGE)


class Secret:
    """A string that shows itself only to who asks by `reveal()`; masked in repr, str, format and errors."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(
            self._value.encode(), other._value.encode()
        )

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled")


class Clock(Protocol):
    """The only source of time: seconds since 1970 by the wall, seconds that nobody sets, and how to wait."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...

    async def beat(self, every: float) -> None:
        """Wait up to so many seconds: those who look at something now and then do so at the same moments.

        Most of what an idle relay costs is being woken.
        """


class SystemClock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def beat(self, every: float) -> None:
        await asyncio.sleep(every - time.monotonic() % every)


def utc_text(seconds: float) -> str:
    """`2026-11-22T10:15:30.123Z`; texts of this shape order as the times do."""
    whole, milli = divmod(int(seconds * 1000), 1000)
    return f"{datetime.fromtimestamp(whole, UTC).isoformat()[:19]}.{milli:03d}Z"


def seconds_of(text: str) -> float:
    """The inverse of `utc_text`, for any ISO-8601 text; naive is taken as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def canonical_time(text: str | None) -> str:
    """An API's time as UTC text in microseconds, so that texts order as times do; "" for none or nonsense."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    if moment.tzinfo is not UTC:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else _to_utc(moment)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


_PADDING = {20: ".000000Z", 24: "000Z", 27: "Z"}


def quick_time(text: str | None) -> str:
    """The same as `canonical_time` for every valid time, many times faster for the API's usual shapes.

    Nonsense of such a shape comes out as nonsense: good to compare with, not to keep.
    """
    if text and text[-1] == "Z" and (padding := _PADDING.get(len(text))) and text[10] == "T":
        return text[:-1] + padding
    return canonical_time(text)


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> float:
    """Seconds of `"30s" "5m" "2h" "7d"`. Raises ValueError that names the way out."""
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isascii() and number.isdigit() and len(number) <= 9:
        return float(int(number) * _UNITS[unit])
    raise ValueError('is not a duration: write it as "30s", "5m", "2h" or "7d"')


def new_id(prefix: str) -> str:
    """A text id no one can guess, with 80 bits of randomness.

    It begins with the time, so that the store's indexes grow at their end.
    """
    return f"{prefix}_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


class Job(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One item of a list, as seen. Times are canonical UTC texts, "" where the API gave none."""

    id: str
    status: str
    created_at: str = ""
    updated_at: str = ""
    name: str | None = None
    error: str | None = None
    project_id: str | None = None
    raw: bytes = b"{}"


class EventData(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an event says; the order of the fields is that of a webhook's body."""

    source: str | None
    product: str | None
    kind: str | None
    project_id: str | None = None
    job_id: str | None = None
    name: str | None = None
    status: str | None = None
    previous: str | None = None
    error: str | None = None
    error_kind: str | None = None
    after_outage: bool = False
    severity: Severity = "info"
    url: str | None = None
    outcome: dict[str, Any] | None = None
    job: msgspec.Raw = msgspec.Raw(b"null")


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One job changed its status, or relay itself has news. `timestamp` is when relay saw it."""

    id: str
    type: str
    timestamp: str
    data: EventData

    @property
    def is_own(self) -> bool:
        """Whether it is relay's own news, of a source or a destination."""
        return is_own(self.type)


def is_own(event_type: str) -> bool:
    return event_type.partition(".")[0] in {"source", "destination", "delivery", "relay"}


def severity_of(event_type: str) -> Severity:
    """The severity a type has where no rule sets another (DESIGN §6)."""
    subject, _, what = event_type.rpartition(".")
    if what in {"failed", "down"} or (subject, what) == ("delivery", "dead"):
        return "error"
    return "warning" if what in {"stuck", "vanished", "cancelled"} else "info"
