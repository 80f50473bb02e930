import asyncio
import shutil
import time

import pytest

from relay.simulator import Scenario, Simulator
from relay.simulator.http import app
from tests.process.conftest import home, simulator  # noqa: F401 - the same as there
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
async def api(simulator):  # noqa: F811 - the fixture from there
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
    folder = tmp_path_factory.mktemp("history")
    asyncio.run(_live(Home(folder)))
    return folder


@pytest.fixture
def past(history, tmp_path):
    """A copy of that history, to read and to change."""
    return Home(shutil.copytree(history, tmp_path / "past"))


async def _live(relayed):
    """Three jobs are news: `good` ends well, `bad` fails, and one with an evil name and error fails.

    `hook` got all of it; what failed is dead for `gone` and waits for `busy`.
    """
    account = Simulator(Scenario(), now=time.time, seed=1, api_key=KEY)
    receiver = Receiver(lambda arrival, _: _ANSWERS[arrival.path])
    async with served(app(account)) as api, served(receiver.app()) as url:
        relayed.watch(api, THREE.format(url=url), kinds=("parse", "split"))
        async with relayed.started("run") as relay:
            await until(lambda: relayed.sources_seen() == 2)
            account.create("parse", id="pjb-good", name="good.pdf", status="RUNNING")
            await until(lambda: len(relayed.ask("SELECT 1 FROM events")) == 1)
            account.move("pjb-good", "COMPLETED")
            account.create("parse", id="pjb-bad", name="bad.pdf", status="FAILED", error="PDF_IS_BROKEN")
            account.create("parse", id="pjb-evil", name=EVIL, status="FAILED", error=EVIL)
            await until(lambda: relayed.ask("SELECT count(*) FROM attempts") >= [(8,)])
            relay.terminate()
            assert await relay.wait() == 0
    relayed.log.unlink()
