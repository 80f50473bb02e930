"""A relay that runs keeps one message current in Slack, over a restart, and one for each batch."""

import asyncio
import random
import time
from contextlib import asynccontextmanager

import pytest
from slack_receivers import SlackBotReceiver

from relay.config import load
from relay.destinations.slack import shown
from relay.model import SystemClock
from relay.service import running
from relay.simulator import BatchFile, Scenario, Simulator
from relay.simulator.http import app
from tests.process.live import served

CONFIG = """
[relay]
name = "prod"
listen = "off"
[llamacloud]
api_key = "llx-1"
base_url = "{api}"
every = "1s"
requests_per_minute = 100000
[sources.parse]
[sources.classify]
[sources.batch]
[destinations.ops]
type = "slack"
token = "xoxb-canary"
channel = "#ops"
api_url = "{slack}/api/"
rate = "10/s"
[rules.failures]
on = ["parse.failed"]
to = ["ops"]
group_wait = "0s"
group_interval = "0s"
[rules.named]
on = ["classify.failed"]
to = ["ops"]
title = "Unclassified"
body = "{{% for e in events %}}{{{{ e.name }}}}, {{% endfor %}}"
group_wait = "0s"
group_interval = "0s"
[rules.batches]
on = ["batch.*"]
to = ["ops"]
group_by = false
"""


@pytest.fixture
async def slack(aiohttp_server, session, clock):
    return await SlackBotReceiver(aiohttp_server, session, clock).start()


@pytest.fixture
def simulator():
    return Simulator(Scenario(), now=time.time, seed=1)


@pytest.fixture
async def relay(slack, simulator, tmp_path):
    """Start a relay on the same database, as often as wanted."""
    async with served(app(simulator)) as api:
        path = tmp_path / "rules.toml"
        path.write_text(CONFIG.format(api=api, slack=f"http://127.0.0.1:{slack.server.port}"))
        config = load(path, environ={}, secrets=True)

        @asynccontextmanager
        async def started():
            async with running(config, clock=SystemClock(), chance=random.Random(1)) as it:
                await until(lambda: all(poller._ingest.row.whole_at for poller in it.relay.pollers))
                yield it

        yield started


async def until(condition):
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


def messages(slack):
    return [shown(payload) for payload in slack.posted.values()]


def says(slack, words):
    return lambda: any(words in message for message in messages(slack))


async def test_failures_are_added_to_one_message_over_a_restart(relay, slack, simulator):
    async with relay():
        for n in range(3):
            simulator.create("parse", name=f"a-{n}.pdf", status="FAILED", error="PDF_IS_BROKEN: page 3")
        await until(says(slack, "3 failures"))
    async with relay():
        for n in range(4):
            simulator.create("parse", name=f"b-{n}.pdf", status="FAILED", error="PDF_IS_PROTECTED")
        await until(says(slack, "7 failures"))
    message, reply = messages(slack)
    assert "New: 4 × parse failed: PDF_IS_PROTECTED" in reply
    assert message.count("failed (parse): PDF_IS_PROTECTED") == 4
    assert message.count("failed (parse): PDF_IS_BROKEN: page 3") == 3
    assert "chat.update" in slack.methods


async def test_a_template_sees_all_that_its_message_tells(relay, slack, simulator):
    async with relay():
        simulator.create("classify", id="cls-a", status="FAILED")
        await until(says(slack, "Unclassified"))
    async with relay():
        simulator.create("classify", id="cls-b", status="FAILED")
        await until(says(slack, "2 events: Unclassified"))
    (message,) = messages(slack)
    assert "cls-a, cls-b," in message


async def test_each_batch_has_a_message_that_goes_along_with_it(relay, slack, simulator):
    async with relay():
        for name in ("bat-one", "bat-two"):
            simulator.create("batch", id=name, status="RUNNING")
        await until(lambda: len(slack.posted) == 2)
        simulator.move("bat-one", "COMPLETED")
        await until(says(slack, "finished"))
        assert len(slack.posted) == 2
    told = sorted("bat-one" in message for message in messages(slack))
    assert told == [False, True]


async def test_how_far_a_batch_has_come_is_shown_without_delay(relay, slack, simulator):
    async with relay():
        jobs = [simulator.create("parse", id=f"pjb-{n}", status="RUNNING") for n in range(4)]
        files = [BatchFile(id=f"file-{n}", name=f"{n}.pdf", job=job) for n, job in enumerate(jobs)]
        simulator.create("batch", id="bat-one", status="COMPLETED", makes="parse", files=files)
        await until(says(slack, "every file has its job"))
        simulator.move("pjb-1", "COMPLETED")
        await until(says(slack, "25 %"))


async def test_a_batchs_bad_end_is_said_once_in_its_thread_too(relay, slack, simulator):
    async with relay():
        simulator.create("batch", id="bat-one", status="RUNNING")
        await until(lambda: len(slack.posted) == 1)
        simulator.move("bat-one", "FAILED")
        await until(lambda: len(slack.posted) == 2)
        await asyncio.sleep(4)
    first, reply = slack.posted.values()
    assert len(slack.posted) == 2
    assert reply["thread_ts"] in slack.posted
    assert "thread_ts" not in first
