"""As much of Slack as relay's bot asks: messages are posted, and changed in place."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from aiohttp import web

Payload = Mapping[str, Any]


class Slack:
    """`seen(before, payload)` is told of each message that came, and of what stood there before it."""

    def __init__(self, token: str, seen: Callable[[Payload | None, Payload], None]) -> None:
        self._token = token
        self._seen = seen
        self._stamps = (f"1795342530.{n:06}" for n in count(1))
        self._standing: dict[str, Payload] = {}

    def app(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/api/chat.postMessage", self._post)
        application.router.add_post("/api/chat.update", self._update)
        return application

    async def _post(self, request: web.Request) -> web.Response:
        return await self._stands(request, next(self._stamps))

    async def _update(self, request: web.Request) -> web.Response:
        ts = (await request.json()).get("ts")
        return await self._stands(request, ts) if ts in self._standing else _refused("message_not_found")

    async def _stands(self, request: web.Request, ts: str) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return _refused("invalid_auth")
        payload = await request.json()
        self._seen(self._standing.get(ts), payload)
        self._standing[ts] = payload
        return web.json_response({"ok": True, "channel": "C0123456789", "ts": ts})


def _refused(word: str) -> web.Response:
    return web.json_response({"ok": False, "error": word})
