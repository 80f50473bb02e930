"""A receiver that is known by a name, and what that name leads to."""

import socket

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from relay.destinations import TYPES, Dialler, session
from relay.errors import DeliveryFailed

NAME = "receiver.test"


class Resolver(AbstractResolver):
    """Leads every name to the addresses that a test says."""

    def __init__(self, *addresses):
        self.addresses = addresses
        self.asked = 0

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        self.asked += 1
        return [
            {"hostname": host, "host": at, "port": port, "family": family, "proto": 0, "flags": 0}
            for at in self.addresses
        ]

    async def close(self):
        pass


class Place:
    """A receiver on loopback, and a destination that knows it by a name."""

    def __init__(self, clock):
        self.received = []
        self._clock = clock

    async def start(self, serve):
        app = web.Application()
        app.router.add_post("/canary", self._take)
        self.port = (await serve(app, access_log=None)).port
        return self

    async def _take(self, request):
        self.received.append(await request.read())
        answer = web.Response(status=204)
        answer.force_close()
        return answer

    async def send(self, message, resolver, *, dialler=Dialler(), port=None, host=NAME):  # noqa: B008 - it is frozen
        async with session(dialler, resolver=resolver) as http:
            return await self.destination(http, port=port, host=host).send(message)

    def destination(self, http, *, port=None, host=NAME):
        table = {"type": "webhook", "url": f"http://{host}:{port or self.port}/canary"}
        options = TYPES["webhook"].options.model_validate(table)
        return TYPES["webhook"].make(options, session=http, clock=self._clock)

    async def refusal(self, message, resolver, **how):
        with pytest.raises(DeliveryFailed) as caught:
            await self.send(message, resolver, **how)
        return caught.value
