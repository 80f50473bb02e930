"""How a job of a kind lives: drawn once, when it is created."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from relay.simulator.scenario import Stream
from relay.simulator.words import failure

_OPEN = {
    "parse": ("PENDING", "RUNNING"),
    "classify": ("PENDING", "RUNNING"),
    "extract": ("PENDING", "THROTTLED", "RUNNING"),
    "split": ("PENDING", "PROCESSING"),
    "batch": ("PENDING", "THROTTLED", "RUNNING"),
    "batch_v1": ("PENDING", "DISPATCHED", "RUNNING"),
}
_WORKING = {"RUNNING", "PROCESSING"}


class Step(NamedTuple):
    after: float  # seconds since the creation, before the scenario's speed
    status: str
    error: str | None = None


def life(kind: str, stream: Stream, random: Random) -> tuple[Step, ...]:
    """Draw the steps from the creation on. A batch_v1 that goes well has no last one: its files end it."""
    end = _end(kind, stream, random)
    if end.status == "COMPLETED" and not kind.startswith("batch") and random.random() < stream.cached:
        return (end,)
    steps = tuple(_timed(_open_statuses(kind, stream, end, random), end, stream, random))
    return steps[:-1] if (kind, end.status) == ("batch_v1", "COMPLETED") else steps


def _end(kind: str, stream: Stream, random: Random) -> Step:
    draw = random.random()
    if draw < stream.failed:
        return Step(0, "FAILED", failure(kind, random))
    return Step(0, "CANCELLED" if draw < stream.failed + stream.cancelled else "COMPLETED")


def _open_statuses(kind: str, stream: Stream, end: Step, random: Random) -> list[str]:
    statuses = [s for s in _OPEN[kind] if s != "THROTTLED" or random.random() < stream.throttled]
    early = end.status == "CANCELLED" and random.random() < 0.5
    return statuses[:1] if early else statuses


def _timed(statuses: list[str], end: Step, stream: Stream, random: Random) -> Iterator[Step]:
    after = 0.0
    for status in statuses:
        yield Step(after, status)
        after += random.uniform(0.5, 1.5) * (stream.working if status in _WORKING else stream.waiting)
    yield end._replace(after=after)
