"""Receivers in virtual time: what came to each, and how it was answered."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import NamedTuple
from zlib import crc32

import msgspec

from relay.destinations import Options, Receipt
from relay.destinations.bodies import FORMATS
from relay.errors import DeliveryFailed
from relay.message import Message

REFUSED_FOR_GOOD = 50
"""Of so many jobs one is of those that a moody receiver will never hear of."""


class Came(NamedTuple):
    """An attempt: when it began by the loop's time, in which life of relay, with what; was it taken."""

    at: float
    life: int
    id: str
    content: bytes
    events: tuple[str, ...]
    took: bool


@dataclass
class Mood:
    """`share` of the attempts go wrong as `fault` says; `wait`: seconds that a 429 asks for."""

    fault: str = ""
    share: float = 1.0
    wait: float = 0.0


FAULTS = ("error", "too_many", "timeout", "drop", "denied", "slow", "cut")


class Post:
    """What a destination sends to, and all that came, whoever sent it."""

    def __init__(self, name: str, options: Options, chance: Random, *, moody: bool) -> None:
        self.name = name
        self.came: list[Came] = []
        self.mood = Mood()
        self._options = options
        self._chance = chance
        self._moody = moody

    def of(self, life: int, sends: Callable[[str], None]) -> "_Door":
        return _Door(self, life, sends)

    async def take(self, message: Message, life: int) -> Receipt:
        place = len(self.came)
        self.came.append(_came(message, life, self._options.type))
        mood = self.mood if self._chance.random() < self.mood.share else Mood()
        await asyncio.sleep(self._seconds(mood.fault))
        self._refuse(message, mood)
        self.came[place] = self.came[place]._replace(took=True)
        if mood.fault == "drop":
            raise DeliveryFailed("the connection broke", status=None)
        return Receipt(status=200, answer="thanks")

    def _seconds(self, fault: str) -> float:
        if fault == "timeout":
            return 2 * self._options.timeout
        return (
            self._chance.uniform(1.0, 0.9 * self._options.timeout)
            if fault == "slow"
            else self._chance.uniform(0, 0.3)
        )

    def _refuse(self, message: Message, mood: Mood) -> None:
        if self.is_refused(message.events[0].data.job_id) and message.group is None:
            raise DeliveryFailed("HTTP 410", permanent=True, status=410)
        if mood.fault in {"error", "cut"}:
            raise DeliveryFailed(
                "HTTP 503" if mood.fault == "error" else "no answer",
                status=503 if mood.fault == "error" else None,
            )
        if mood.fault == "too_many":
            raise DeliveryFailed("HTTP 429", status=429, retry_after=mood.wait)
        if mood.fault == "denied":
            raise DeliveryFailed("HTTP 401", fault="destination", status=401)

    def is_refused(self, job_id: str | None) -> bool:
        return self._moody and job_id is not None and crc32(job_id.encode()) % REFUSED_FOR_GOOD == 0


class _Door:
    """A post as one life of relay has it."""

    def __init__(self, post: Post, life: int, sends: Callable[[str], None]) -> None:
        self._post, self._life, self._sends = post, life, sends

    async def send(self, message: Message) -> Receipt:
        self._sends("begins")
        receipt = await self._post.take(message, self._life)
        self._sends("taken")
        return receipt

    async def close(self) -> None:
        """Nothing is its own."""


def _came(message: Message, life: int, kind: str) -> Came:
    if kind == "webhook":
        content = FORMATS["standard"](message).body
    else:
        content = msgspec.json.encode(msgspec.structs.replace(message, place=None, progress=None))
    events = tuple(event.id for event in message.events)
    return Came(asyncio.get_running_loop().time(), life, message.id, content, events, took=False)
