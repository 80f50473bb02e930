import json
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web

from relay.model import Secret
from relay.sources import KINDS, Budget, Client, SourceSpec


@dataclass
class Clock:
    """Sleeps at once, and remembers for how long."""

    time: float = 1_795_000_000.0
    slept: list[float] = field(default_factory=list)

    def now(self):
        return self.time

    def monotonic(self):
        return self.time

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds


@dataclass
class Api:
    """A server that gives one answer after another, the last again and again, and keeps what it was asked."""

    answers: list = field(default_factory=list)
    requests: list = field(default_factory=list)

    async def handle(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request) if callable(answer) else answer


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def spec():
    def make(kind="parse", **changes):
        values = {
            "base_url": "http://api.test",
            "api_key": Secret("llx-key-of-tests"),
            "name": kind,
        } | changes
        return SourceSpec(kind=values.pop("of", KINDS[kind]), **values)

    return make


@pytest.fixture
async def client(clock):
    """Open a client over a function from request to response, or over the network."""
    async with AsyncExitStack() as stack:

        async def open_client(answer=None, *, specs=(), **options):
            return await stack.enter_async_context(
                Client(
                    clock=clock,
                    random=random.Random(1),
                    budget=Budget(clock, specs),
                    transport=httpx.MockTransport(answer) if answer else None,
                    **options,
                )
            )

        yield open_client


@pytest.fixture
async def api(aiohttp_server):
    api = Api()
    app = web.Application()
    app.router.add_get("/{path:.*}", api.handle)
    api.url = str((await aiohttp_server(app)).make_url("/"))
    return api


@pytest.fixture
def page():
    def make(ids=(), token=None, status="PENDING", **more):
        items = [{"id": job_id, "status": status} for job_id in ids]
        return json.dumps({"items": items, "next_page_token": token, **more})

    return make
