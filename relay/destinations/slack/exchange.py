"""How slack-sdk reaches the network: by relay's session and rules, not its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import msgspec
from yarl import URL

from relay.destinations.http import read


class Exchange:
    """One request and its answer, in place of a session of the SDK's.

    That would follow redirects, take proxies from the environment and read answers without end: here only
    what to send where is taken from it, and at most `limit` bytes are read.
    """

    closed = False

    def __init__(self, session: aiohttp.ClientSession, limit: int) -> None:
        self._session = session
        self._limit = limit
        self._answer: _Answer | None = None

    def as_session(self) -> aiohttp.ClientSession:
        return cast("aiohttp.ClientSession", self)

    def heard(self) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body."""
        assert self._answer is not None
        return self._answer.status, self._answer.headers, self._answer.body

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        data: Any = None,
        json: Any = None,
        **_: Any,
    ) -> AsyncIterator["_Answer"]:
        own = {name: value for name, value in headers.items() if name.lower() != "user-agent"}
        async with self._session.request(
            method,
            URL(url, encoded=True),
            headers={**own, "Accept-Encoding": "identity"},
            data=data,
            json=json,
            allow_redirects=False,
        ) as answer:
            self._answer = _Answer(answer.status, answer.headers, await read(answer, self._limit))
            yield self._answer


class _Answer:
    """As much of an aiohttp response as the SDK looks at; one that is no JSON object is an empty one."""

    content_type = "application/json"

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    async def text(self) -> str:
        return self.body.decode(errors="replace")

    async def json(self) -> dict[str, Any]:
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError):
            return {}
