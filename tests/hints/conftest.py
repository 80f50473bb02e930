import asyncio
import hashlib
import hmac
import json

import pytest
from aiohttp.test_utils import TestClient, TestServer
from looking import served_by
from stories.conftest import story  # noqa: F401 - the same relay, in virtual time or in ours
from virtual import VirtualLoop

from relay.model import Secret


def pytest_asyncio_loop_factories(item):
    """Sockets need real time."""
    real = item.path.name.endswith("_http.py")
    return {"real": asyncio.SelectorEventLoop} if real else {"virtual": VirtualLoop}


SECRET = "a-signing-secret"


def body_of(job_id="pjb-1", **changes):
    message = {"event_id": "e-1", "event_type": "parse.success", "timestamp": 1.5, "data": {"job_id": job_id}}
    return json.dumps(message | changes).encode()


def signed(body, secret=SECRET):
    return {"LC-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


@pytest.fixture
async def door(story):  # noqa: F811 - the fixture from above
    """A relay that has looked once, and what it serves on a real socket."""
    clients = []

    async def begin(**spec):
        it = await story(signing_secret=Secret(SECRET), **spec)
        await it.look()
        client = TestClient(TestServer(served_by(it)))
        await client.start_server()
        clients.append(client)
        return it, client

    yield begin
    for client in clients:
        await client.close()
