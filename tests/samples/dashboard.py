"""The demo's relay after seventy minutes of virtual time, served for whoever looks."""

import asyncio
import random
import tempfile
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from relay.cli import demo
from relay.cli.serve import on_port
from relay.config import load
from relay.destinations import Receipt
from relay.errors import DeliveryFailed
from relay.model import SystemClock
from relay.service.relay import assembled, measuring
from relay.simulator import Simulator
from relay.simulator import demo as demo_scenario
from relay.store import open_store
from relay.web import View, app
from tests.virtual import START, Api, VirtualClock, VirtualLoop, open_inline

LIVED = 4200.0
SPEED = 0.1
UNHEARD = 900
"""Of so many messages one is refused for good."""

_RULES = Path(demo.__file__).with_name("rules.toml")
_CALM = {'every = "1s"': 'every = "15s"', "requests_per_minute = 6000": "requests_per_minute = 120"}
_ENVIRON = {
    "LLAMA_CLOUD_API_KEY": "llx-demo",
    "LLAMA_CLOUD_URL": "http://api.test",
    "SLACK_BOT_TOKEN": "xoxb-demo",
    "SLACK_URL": "https://slack.test/api/",
    "MAIL_SERVER": "smtp+plain://127.0.0.1:25",
    "WEBHOOK_URL": "http://hook.test/hook",
    "WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


class Someone:
    """Takes nearly everything."""

    def __init__(self):
        self._nth = count(1)

    async def send(self, _message):
        await asyncio.sleep(0.08)
        if next(self._nth) % UNHEARD == 0:
            raise DeliveryFailed("HTTP 410", permanent=True, status=410)
        return Receipt(status=200)

    async def close(self):
        """Nothing is its own."""


@dataclass(frozen=True)
class Standing(SystemClock):
    """A clock that stands."""

    at: float

    def now(self):
        return self.at


def _config(folder):
    text = _RULES.read_text("utf-8")
    for hasty, calm in _CALM.items():
        text = text.replace(hasty, calm)
    path = folder / "rules.toml"
    path.write_text(text, "utf-8")
    return load(path, environ=_ENVIRON, secrets=True)


async def _lived(config):
    """A relay that has."""
    clock, chance = VirtualClock(), random.Random(7)
    simulator = Simulator(demo_scenario(speed=SPEED), now=clock.now, seed=7)
    api = Api(simulator, clock, latency=lambda: chance.uniform(0.05, 0.3))
    store = open_inline(config.database)
    making = assembled(
        config, store=store, clock=clock, chance=chance, transport=api, make=lambda *_, **__: Someone()
    )
    try:
        async with making as assembly:
            running = asyncio.ensure_future(assembly.relay.run())
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(running), LIVED)
            assembly.relay.stop()
            await running
            return assembly.relay
    finally:
        await store.close()


def _in_virtual_time(config):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_lived(config))


@asynccontextmanager
async def served():
    """Yields the URL."""
    with tempfile.TemporaryDirectory(prefix="relay-dashboard-") as folder:
        config = _config(Path(folder))
        relay = await asyncio.to_thread(_in_virtual_time, config)
        store = open_store(config.database)
        clock = Standing(START + LIVED + 1)
        view = View.of(
            config, relay.pollers, relay.courier, store=store, clock=clock, ledger=lambda: relay.ledger
        )
        view.began = START
        try:
            async with on_port(app(view, measuring(config))) as url:
                yield url
        finally:
            await store.close()
