"""An answer, and the ways in which one goes wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal
from uuid import UUID

import msgspec

from relay.simulator.scenario import Fault, Scenario

_JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`delay` is in seconds. A fault means that the body does not go out whole, or nothing at all does."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": _JSON})
    delay: float = 0.0
    fault: Literal["drop", "cut"] | None = None
    number: int = 0  # of the answers of one simulator, from 1


def json_answer(status: int, content: Any, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, body=msgspec.json.encode(content), headers={"Content-Type": _JSON, **named})


def failure(status: int, detail: Any, **headers: str) -> Answer:
    return json_answer(status, {"detail": detail}, **headers)


def choose(scenario: Scenario, random: Random) -> Fault | None:
    """Draw the fault of one answer by the scenario's rates."""
    draw = random.random() if scenario.faults else 1.0
    for fault, share in scenario.faults.items():
        if draw < share:
            return fault
        draw -= share
    return None


def spoil(answer: Answer, fault: Fault | None, scenario: Scenario, random: Random) -> Answer:
    """Do to an answer what the fault does; those that make a page odd have done it."""
    turn = _FAULTS.get(fault) if fault else None
    return turn(answer, scenario, random) if turn else answer


def _error(_: Answer, __: Scenario, random: Random) -> Answer:
    correlation = UUID(int=random.getrandbits(128), version=4)
    return failure(
        500,
        "Oops! Something went wrong on our end. If it goes on, write to support,"
        f" providing this correlation ID: {correlation}",
    )


def _too_many(_: Answer, __: Scenario, ___: Random) -> Answer:
    return failure(429, "Rate limit exceeded. Maximum 20 requests per minute.")


def _too_many_wait(_: Answer, scenario: Scenario, ___: Random) -> Answer:
    return failure(429, "Rate limit exceeded.", Retry_After=str(scenario.retry_after))


def _refused(status: int, detail: Any) -> Callable[[Answer, Scenario, Random], Answer]:
    return lambda _, __, ___: failure(status, detail)


def _html(_: Answer, __: Scenario, ___: Random) -> Answer:
    page = b"<!DOCTYPE html><html><body><h1>We will be back soon</h1></body></html>"
    return Answer(status=200, body=page, headers={"Content-Type": "text/html; charset=utf-8"})


def _broken(answer: Answer, _: Scenario, __: Random) -> Answer:
    return replace(answer, body=answer.body[: max(1, len(answer.body) * 2 // 3)])


def _cut(answer: Answer, _: Scenario, __: Random) -> Answer:
    return replace(answer, fault="cut")


def _slow(answer: Answer, scenario: Scenario, _: Random) -> Answer:
    return replace(answer, delay=scenario.slow)


def _drop(answer: Answer, _: Scenario, __: Random) -> Answer:
    return replace(answer, fault="drop")


_NOT_TAKEN = [
    {
        "type": "literal_error",
        "loc": ["query", "status"],
        "msg": "Input should be another status",
        "input": "",
        "ctx": {"expected": "another status"},
    }
]
_FAULTS: Mapping[Fault, Callable[[Answer, Scenario, Random], Answer]] = {
    "error": _error,
    "unavailable": _refused(503, "Service Unavailable"),
    "denied": _refused(401, "Invalid API Key"),
    "forbidden": _refused(403, "Not allowed to access this project"),
    "absent": _refused(404, "Not Found"),
    "gone": _refused(410, "This endpoint was removed"),
    "invalid": _refused(422, _NOT_TAKEN),
    "too_many": _too_many,
    "too_many_wait": _too_many_wait,
    "html": _html,
    "broken": _broken,
    "cut": _cut,
    "slow": _slow,
    "drop": _drop,
}
