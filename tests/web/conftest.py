"""A real relay process that has seen something, and those who ask it over HTTP."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from threading import Event, Thread

import aiohttp
import pytest

from relay.simulator import Scenario, Simulator
from relay.simulator.http import app
from tests.process.live import KEY, Home, Receiver, served, until

TOKEN = "a-token-that-nobody-guesses"
PLACE = """
[relay]
name = "tested"
database = "relay.db"
listen = "127.0.0.1:{port}"
{more}
"""
RULES = """
[destinations.hook]
type = "webhook"
url = "{url}/hook"
secret = "$WEBHOOK_SECRET"
[destinations.gone]
type = "webhook"
url = "{url}/gone"
secret = "$WEBHOOK_SECRET"
[destinations.busy]
type = "webhook"
url = "{url}/busy"
secret = "$WEBHOOK_SECRET"
[rules.everything]
on = ["parse.*"]
to = ["hook"]
[rules.failures]
on = ["*.failed"]
match = {{ name = "b*" }}
to = ["gone", "busy"]
"""
ANSWERS = {"/hook": 204, "/gone": 410, "/busy": 503}
EVIL = "\x1b[31m<script>alert(1)</script>\r\n\u202e.pdf"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@dataclass
class Served:
    """A relay at `url`, and its world."""

    url: str
    home: Home
    simulator: Simulator
    receiver: Receiver
    process: asyncio.subprocess.Process

    def asking(self, token=TOKEN, **headers):
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return aiohttp.ClientSession(self.url, headers=headers)

    async def get(self, path, *, token=TOKEN, expect=200, **params):
        async with self.asking(token) as session, session.get(path, params=params) as answer:
            assert answer.status == expect, await answer.text()
            return await answer.json(content_type=None)

    async def post(self, path, *, token=TOKEN, status=200):
        async with self.asking(token) as session, session.post(path) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json(content_type=None)


@asynccontextmanager
async def a_relay(folder, *, more="", kinds=("parse", "batch"), answers=ANSWERS):
    """It has seen three jobs: `good` ends well, `bad` fails, and one has an evil name and error.

    `answers`: what destinations say, by their path.
    """
    home, port = Home(folder), free_port()
    simulator = Simulator(Scenario(), now=time.time, seed=1, api_key=KEY)
    receiver = Receiver(lambda arrival, _: answers.get(arrival.path, 204))
    async with served(app(simulator)) as api, served(receiver.app()) as hook:
        place = PLACE.format(port=port, more=more.format(hook=hook))
        home.watch(api, RULES.format(url=hook), place=place, kinds=kinds)
        async with home.started("run") as process:
            await until(lambda: home.sources_seen() == len(kinds))
            await asyncio.sleep(1.1)
            simulator.create("parse", id="pjb-good", name="good.pdf", status="RUNNING")
            await until(lambda: len(home.ask("SELECT 1 FROM events")) == 1)
            simulator.move("pjb-good", "COMPLETED")
            simulator.create("parse", id="pjb-bad", name="bad.pdf", status="FAILED", error="PDF_IS_BROKEN")
            simulator.create("parse", id="pjb/odd %2F", name=EVIL, status="FAILED", error=EVIL)
            await until(lambda: home.ask("SELECT count(*) FROM attempts") >= [(6,)])
            yield Served(f"http://127.0.0.1:{port}", home, simulator, receiver, process)
            if process.returncode is None:
                process.terminate()
            assert await asyncio.wait_for(process.wait(), 10) == 0


@contextmanager
def in_a_thread(folder, **how):
    """A relay with a token, in a thread with a loop of its own."""
    up, down, it = Event(), Event(), []

    async def live():
        async with a_relay(folder, more=f'token = "{TOKEN}"', **how) as relay:
            it.append(relay)
            up.set()
            await asyncio.to_thread(down.wait)

    thread = Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert up.wait(40), "relay did not start"
    try:
        yield it[0]
    finally:
        down.set()
        thread.join(20)


@pytest.fixture(scope="package")
def running(tmp_path_factory):
    """One for all that only read."""
    with in_a_thread(tmp_path_factory.mktemp("served")) as relay:
        yield relay
