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


class Life(NamedTuple):
    steps: tuple[Step, ...]  # from the creation on
    followed: bool = False  # its files end it


def life(kind: str, stream: Stream, random: Random) -> Life:
    end = _end(kind, stream, random)
    if end.status == "COMPLETED" and not kind.startswith("batch") and random.random() < stream.cached:
        return Life((end, *again(end, kind, stream, random)))
    steps = tuple(_timed(_open_statuses(kind, stream, end, random), end, stream, random))
    if random.random() < stream.stuck:
        return Life(steps[: random.randint(1, len(steps) - 1)])
    if (kind, end.status) == ("batch_v1", "COMPLETED"):
        return Life(steps[:-1], followed=True)
    return Life((*steps, *again(steps[-1], kind, stream, random)))


def again(end: Step, kind: str, stream: Stream, random: Random) -> Iterator[Step]:
    """Draw what comes after an end, most often nothing."""
    draw = random.random()
    if draw >= stream.flips + stream.reruns:
        return
    after = end.after + _about(stream.flip_after, random)
    if draw >= stream.flips:
        yield Step(after, _OPEN[kind][-1])
        after += _about(stream.working, random)
    other = "FAILED" if end.status == "COMPLETED" else "COMPLETED"
    yield Step(after, other, failure(kind, random) if other == "FAILED" else None)


def _end(kind: str, stream: Stream, random: Random) -> Step:
    draw = random.random()
    if draw < stream.failed:
        return Step(0, "FAILED", failure(kind, random))
    if draw < stream.failed + stream.cancelled:
        return Step(0, "CANCELLED")
    return Step(0, stream.strange_end_word if random.random() < stream.strange_end else "COMPLETED")


def _open_statuses(kind: str, stream: Stream, end: Step, random: Random) -> list[str]:
    statuses = [s for s in _OPEN[kind] if s != "THROTTLED" or random.random() < stream.throttled]
    if random.random() < stream.strange:
        statuses.insert(1, stream.strange_word)
    early = end.status == "CANCELLED" and random.random() < 0.5
    return statuses[:1] if early else statuses


def _timed(statuses: list[str], end: Step, stream: Stream, random: Random) -> Iterator[Step]:
    after = 0.0
    for status in statuses:
        yield Step(after, status)
        after += _about(stream.working if status in _WORKING else stream.waiting, random)
    yield end._replace(after=after)


def _about(seconds: float, random: Random) -> float:
    return random.uniform(0.5, 1.5) * seconds
