import time

import pytest

from relay.simulator import Scenario, Simulator
from relay.simulator.http import app
from tests.process.live import KEY, Home, Receiver, served, until
from tests.process.manager import listening

HOOK = """
[destinations.hook]
type = "webhook"
url = "{url}/hook"
secret = "$WEBHOOK_SECRET"
{more}
[rules.everything]
on = ["*"]
to = ["hook"]
"""


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def simulator():
    return Simulator(Scenario(), now=time.time, seed=1, api_key=KEY)


@pytest.fixture
async def receiver():
    return Receiver()


@pytest.fixture
async def watched(home, simulator, receiver):
    """Watch the simulator's parse jobs from `home` and tell the receiver; `more` is of the destination."""
    async with served(app(simulator)) as api, served(receiver.app()) as url:

        def watch(more: str = "") -> None:
            home.watch(api, HOOK.format(url=url, more=more), kinds=("parse",))

        yield watch
        receiver.go_on()


@pytest.fixture
def looked(home):
    """Wait until each of so many sources has had its first whole look."""

    async def wait(sources: int = 1) -> None:
        await until(lambda: home.sources_seen() == sources)

    return wait


@pytest.fixture
def systemd(tmp_path):
    """It listens for news of a service."""
    with listening(str(tmp_path / "notify")) as manager:
        yield manager
