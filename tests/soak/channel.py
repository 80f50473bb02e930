"""Slack in virtual time, as a bot of relay's finds it: what was posted and changed, and what then stands."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from relay.destinations import Receipt
from relay.destinations.slack import Slack
from relay.message import Message
from relay.model import Clock
from tests.soak.posts import Came, Mood, Post

DELETED = 0.02
"""Of the changes: the message was deleted by then."""


class Call(NamedTuple):
    """A request of a bot's: for which delivery, in which life of relay. `ts`: of the message that it made or
    changed, "" where it was not taken; `of`: that it is to change; `shows`: what that says then. `done`: when
    relay knew of all of the attempt that it was well. `only_progress`: as relay means it.
    """

    at: float
    life: int
    method: str
    delivery: str
    only_progress: bool
    of: str = ""
    ts: str = ""
    shows: str = ""
    done: float | None = None


class Channel(Post):
    """A place of a bot's. `deleted`: the messages that people deleted."""

    def __init__(self, *args: Any, clock: Clock, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calls: list[Call] = []
        self.deleted: set[str] = set()
        self._clock = clock

    def of(self, life: int, sends: Callable[[str], None]) -> "_Door":
        return _Door(self, life, sends)

    def slack(self, session: Any) -> Slack:
        return Slack(self._options, session=session, clock=self._clock)

    def came_as(self, message: Message, life: int) -> int | None:
        """Where it is noted, unless it is owed to no one. What it says changes with what it is added to."""
        if message.only_progress:
            return None
        events = () if message.group is not None else tuple(event.id for event in message.events)
        self.came.append(Came(_now(), life, message.id, b"", events, took=False))
        return len(self.came) - 1

    async def hear(self, payload: dict[str, Any], call: Call, sends: Callable[[str], None]) -> "_Answer":
        """It is taken at some time between its begin and the answer."""
        place = len(self.calls)
        self.calls.append(call)
        mood = self.mood if self._chance.random() < self.mood.share else Mood()
        seconds = self._seconds(mood.fault)
        before = self._chance.random() * seconds
        await asyncio.sleep(before)
        sends("arrives")
        if refused := _refusal(mood):
            return refused
        ts = self._ts(payload, place)
        if not ts:
            return _said({"ok": False, "error": "message_not_found"})
        self.calls[place] = call._replace(ts=ts, shows="\n".join(_texts(payload)))
        await asyncio.sleep(seconds - before)
        if mood.fault == "drop":
            raise aiohttp.ServerDisconnectedError
        return (
            _Answer(200, b"<html>") if mood.fault == "cut" else _said({"ok": True, "channel": "C1", "ts": ts})
        )

    def _ts(self, payload: dict[str, Any], place: int) -> str:
        """The message that it makes, or changes; "" where that is deleted."""
        if "ts" not in payload:
            return f"{place + 1}.0"
        if self._chance.random() < DELETED:
            self.deleted.add(payload["ts"])
        return "" if payload["ts"] in self.deleted else payload["ts"]

    def well(self, calls: slice, place: int | None) -> None:
        """Relay knows that all of this attempt was well."""
        self.calls[calls] = [call._replace(done=_now()) for call in self.calls[calls]]
        if place is not None:
            self.came[place] = self.came[place]._replace(took=True)


class _Door:
    """A channel as one life of relay has it: relay's own bot, but for the network."""

    def __init__(self, channel: Channel, life: int, sends: Callable[[str], None]) -> None:
        self._channel, self._life, self._sends = channel, life, sends
        self._slack = channel.slack(self)

    async def send(self, message: Message) -> Receipt:
        self._message = message
        place, begin = self._channel.came_as(message, self._life), len(self._channel.calls)
        receipt = await self._slack.send(message)
        self._channel.well(slice(begin, len(self._channel.calls)), place)
        return receipt

    @asynccontextmanager
    async def request(self, _: str, url: URL, *, json: dict[str, Any], **__: Any):
        """In place of a session of aiohttp's."""
        method = "update" if url.name == "chat.update" else "reply" if "thread_ts" in json else "post"
        message = self._message
        self._sends("begins")
        of = json.get("ts", "")
        call = Call(_now(), self._life, method, message.id, message.only_progress, of)
        answer = await self._channel.hear(json, call, self._sends)
        self._sends("taken")
        yield answer

    async def close(self) -> None:
        """Nothing is its own."""


class _Answer:
    def __init__(self, status: int, body: bytes, **headers: str) -> None:
        self.status, self.headers, self.content = status, headers, self
        self._body = body

    async def iter_chunked(self, _: int):
        yield self._body

    def close(self) -> None:
        """It has come whole."""


def _said(words: dict[str, Any]) -> _Answer:
    return _Answer(200, json.dumps(words).encode())


def _refusal(mood: Mood) -> _Answer | None:
    if mood.fault == "error":
        return _Answer(503, b"")
    if mood.fault == "too_many":
        return _Answer(429, b"", **({"Retry-After": f"{mood.wait:.0f}"} if mood.wait else {}))
    if mood.fault == "denied":
        return _said({"ok": False, "error": "invalid_auth"})
    return None


def _texts(value: Any) -> Iterator[str]:
    """All that people read, in its order."""
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        text = value.get("text")
        if isinstance(text, str) and "blocks" not in value:
            yield text
        for key in ("blocks", "elements", "fields", "text"):
            if not isinstance(value.get(key), str):
                yield from _texts(value.get(key))


def _now() -> float:
    return asyncio.get_running_loop().time()
