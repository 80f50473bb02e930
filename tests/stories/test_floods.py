"""Ten thousand failures in one look: people get a few messages whose numbers add up, machines get each."""

import asyncio
import random
from contextlib import asynccontextmanager
from datetime import UTC

import pytest
from virtual import Api, Inbox, VirtualClock, open_inline

from relay.config import load
from relay.render import text_of
from relay.service import assembled
from relay.simulator import Scenario, Simulator

RULES = """
[relay]
name = "test"
[llamacloud]
api_key = "llx-flood"
base_url = "http://api.test"
requests_per_minute = 100000
[sources.parse]
[destinations.chat]
type = "slack"
url = "http://127.0.0.1:9/hook"
[destinations.bot]
type = "slack"
token = "xoxb-1"
channel = "#ops"
[destinations.hook]
type = "webhook"
url = "http://127.0.0.1:9/hook"
[rules.people]
on = ["*.failed"]
to = ["chat", "bot"]
[rules.machines]
on = ["*.failed"]
to = ["hook"]
"""
JOBS = 10_000
KINDS = [f"E{n}_BROKEN: page {{}} of the file" for n in range(7)]


@asynccontextmanager
async def flooded(folder):
    """A relay that has looked once, and then sees all its jobs fail; its inboxes by their names."""
    path = folder / "rules.toml"
    path.write_text(RULES)
    config = load(path, environ={}, secrets=True)
    clock, chance = VirtualClock(), random.Random(1)
    simulator = Simulator(Scenario(), now=clock.now, seed=1)
    inboxes = {name: Inbox() for name in config.destinations}
    store = open_inline(folder / "relay.db")
    try:
        async with assembled(
            config,
            store=store,
            clock=clock,
            chance=chance,
            transport=Api(simulator, clock),
            make=lambda name, _options, **_: inboxes[name],
        ) as assembly:
            relay = assembly.relay
            (poller,) = relay.pollers
            await poller.look()
            for n in range(JOBS):
                error = KINDS[n % 7].format(n)
                simulator.create("parse", id=f"pjb-{n}", name=f"{n}.pdf", status="FAILED", error=error)
            await clock.sleep(15)
            yield relay, store, clock, inboxes
    finally:
        await store.close()


async def delivering(relay, clock, seconds):
    task = asyncio.ensure_future(relay.courier.run())
    await clock.sleep(seconds)
    relay.courier.stop()
    await task


def summed(message):
    return sum(tally.count for tally in message.tallies)


async def test_ten_thousand_failures_are_few_messages_to_people_and_each_one_to_machines(tmp_path):
    async with flooded(tmp_path) as (relay, store, clock, inboxes):
        await relay.pollers[0].look()
        await delivering(relay, clock, 120)
        for people in ("chat", "bot"):
            messages = inboxes[people].messages
            assert 1 <= len(messages) <= 3
            assert sum(message.count for message in messages) == JOBS
            assert all(summed(message) == message.count for message in messages)
            assert all(len(message.tallies) == 7 for message in messages)
        assert len(inboxes["hook"].messages) == JOBS
        assert (await store.audit()).amiss == ()


@pytest.mark.parametrize("people", ["chat", "bot"])
async def test_what_people_read_of_it_adds_up(tmp_path, people):
    async with flooded(tmp_path) as (relay, _, clock, inboxes):
        await relay.pollers[0].look()
        await delivering(relay, clock, 30)
        (message,) = inboxes[people].messages
        text = text_of(message, zone=UTC)
        assert text.title.startswith("10,000 failures")
        assert len(text.lines) == 7
