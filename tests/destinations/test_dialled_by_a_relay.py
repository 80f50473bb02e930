"""A relay that runs dials by its configuration: what one destination denies is not denied to another."""

import asyncio
import random

import pytest
from http_receiver import refusing_port
from places import NAME, Place, Resolver

from relay.config import load
from relay.service import running
from tests.deliver.office import Office

CONFIG = """
[relay]
listen = "127.0.0.1:{own}"
[llamacloud]
api_key = "llx-1"
base_url = "http://127.0.0.1:{own}"
[sources.parse]
[destinations.free]
type = "webhook"
url = "http://{name}:{port}/canary"
[destinations.denying]
type = "webhook"
url = "http://{name}:{port}/canary"
deny = ["127.0.0.0/8", "::1"]
[destinations.looping]
type = "webhook"
url = "http://{name}:{own}/canary"
[rules.all]
on = ["parse.*"]
to = ["free"]
"""


@pytest.fixture
async def place(aiohttp_server, clock):
    return await Place(clock).start(aiohttp_server)


async def attempted(office, count):
    async with asyncio.timeout(10):
        while len(await office.attempts()) < count:  # noqa: ASYNC110 - another connection writes them
            await asyncio.sleep(0.02)


async def test_a_relay_sends_to_what_is_allowed_and_tells_of_the_rest(place, tmp_path):
    with refusing_port() as own:
        pass
    path = tmp_path / "rules.toml"
    path.write_text(CONFIG.format(own=own, port=place.port, name=NAME))
    office = Office(tmp_path / "relay.db")
    await office.happens(to=("free", "denying", "looping"))
    config = load(path, environ={}, secrets=True)
    async with running(config, clock=office.clock, chance=random.Random(1), resolver=Resolver("127.0.0.1")):
        await attempted(office, 3)
    told = {row["destination"]: (row["state"], row["reason"]) for row in await office.rows()}
    await office.store.close()
    assert told == {
        "free": ("delivered", None),
        "denying": ("waiting", f"{NAME}: could not connect (forbidden address 127.0.0.1 (denied))"),
        "looping": ("waiting", f"{NAME}: could not connect (forbidden address 127.0.0.1 (relay's own))"),
    }
    assert len(place.received) == 1
