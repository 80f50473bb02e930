import asyncio
import shutil
import time

import pytest

from relay.simulator import Scenario, Simulator
from relay.simulator.http import app
from tests.process.live import KEY, Home, Receiver, served, until

EVIL = "\x1b[31mred\x1b[0m\x07\r\n\x9b2Jbidi\u202egpj.pdf\u2028"
"""A name that would colour, ring, clear and turn a terminal that took it as it is."""

THREE = """
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
to = ["gone", "busy"]
"""
_ANSWERS = {"/hook": 204, "/gone": 410, "/busy": 503}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def simulator():
    return Simulator(Scenario(), now=time.time, seed=1, api_key=KEY)


@pytest.fixture
async def api(simulator):
    async with served(app(simulator)) as url:
        yield url


@pytest.fixture
async def receiver():
    return Receiver(lambda arrival, _: _ANSWERS[arrival.path])


@pytest.fixture
async def hook(receiver):
    async with served(receiver.app()) as url:
        yield url


@pytest.fixture(scope="session")
def history(tmp_path_factory):
    """The folder of a relay that has run for a while: see `_live` for what happened."""
    home = Home(tmp_path_factory.mktemp("history"))
    asyncio.run(_live(home))
    return home.folder


@pytest.fixture
def past(history, tmp_path):
    """A copy of that history, to read and to change."""
    return Home(shutil.copytree(history, tmp_path / "past"))


async def _live(home):
    """Three jobs are news: `good` ends well, `bad` fails, and one with an evil name and error fails.

    `hook` got all of it; what failed is dead for `gone` and waits for `busy`.
    """
    simulator = Simulator(Scenario(), now=time.time, seed=1, api_key=KEY)
    receiver = Receiver(lambda arrival, _: _ANSWERS[arrival.path])
    async with served(app(simulator)) as api, served(receiver.app()) as url:
        home.watch(api, THREE.format(url=url), kinds=("parse", "split"))
        async with home.started("run") as relay:
            await until(lambda: home.sources_seen() == 2)
            simulator.create("parse", id="pjb-good", name="good.pdf", status="RUNNING")
            await until(lambda: len(home.ask("SELECT 1 FROM events")) == 1)
            simulator.move("pjb-good", "COMPLETED")
            simulator.create("parse", id="pjb-bad", name="bad.pdf", status="FAILED", error="PDF_IS_BROKEN")
            simulator.create("parse", id="pjb-evil", name=EVIL, status="FAILED", error=EVIL)
            await until(lambda: home.ask("SELECT count(*) FROM attempts") >= [(8,)])
            relay.terminate()
            assert await relay.wait() == 0
    home.log.unlink()
