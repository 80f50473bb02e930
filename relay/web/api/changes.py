"""What changes, as it does: a stream of server-sent events."""

import asyncio
from contextlib import suppress

import msgspec
from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from relay.errors import StoreFailed
from relay.web.api import models
from relay.web.api.lists import event_of
from relay.web.api.totals import status
from relay.web.problems import Problem
from relay.web.view import VIEW, View

LOOK_EVERY = 1.0
AT_ONCE = 100
"""Events that one look at the store sends; who missed more is told the newest."""

MOST_LISTENERS = 50


class Listeners:
    """`closing` is set when relay stops, so that no stream holds it up."""

    def __init__(self) -> None:
        self.count = 0
        self.closing = asyncio.Event()


CLOSING = web.AppKey("listeners", Listeners)


async def close(application: web.Application) -> None:
    application[CLOSING].closing.set()


async def changes(request: web.Request) -> web.StreamResponse:
    """`event`: each new event, its sequence as the id, from the one after Last-Event-ID on. `status`: how
    relay stands, whenever the store has changed.
    """
    listeners = request.app[CLOSING]
    if listeners.count >= MOST_LISTENERS:
        raise Problem(503, "too many listen already", {"Retry-After": "30"})
    view = request.app[VIEW]
    listeners.count += 1
    try:
        last = await _last(request, view)
        async with sse_response(request, ping_interval=15, send_timeout=30) as stream:
            with suppress(ConnectionResetError, TimeoutError):
                await _tell(stream, view, last, listeners.closing)
        return stream
    finally:
        listeners.count -= 1


async def _last(request: web.Request, view: View) -> int:
    given = request.headers.get("Last-Event-ID", "")
    newest = await view.store.last_event()
    if given.isascii() and given.isdigit() and len(given) < 19:
        return min(int(given), newest)
    return newest


async def _tell(stream: EventSourceResponse, view: View, last: int, closing: asyncio.Event) -> None:
    version = None
    while not closing.is_set() and stream.is_connected():
        with suppress(StoreFailed):  # it is asked again
            if (now := await view.store.version()) != version:
                version = now
                last = await _tell_events(stream, view, last)
                await stream.send(_text(await status(view, models.Nothing(), {})), event="status")
        with suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), LOOK_EVERY)


async def _tell_events(stream: EventSourceResponse, view: View, last: int) -> int:
    rows = (await view.store.events_page(limit=AT_ONCE)).rows
    for row in reversed([row for row in rows if row["seq"] > last]):
        await stream.send(_text(event_of(row)), id=str(row["seq"]), event="event")
    return max(last, rows[0]["seq"]) if rows else last


def _text(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()
