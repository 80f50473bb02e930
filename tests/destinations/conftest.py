import json
from dataclasses import dataclass

import msgspec
import pytest
from desk import Desk
from receivers import RECEIVERS
from slack_receivers import SlackBotReceiver

from relay.destinations import session as relays_session
from relay.message import Message, Tally, Text, one_line
from relay.model import Event, EventData, utc_text

JOB = {"id": "pjb-1", "status": "FAILED"}


@dataclass
class StillClock:
    time: float = 1_795_342_530.75

    def now(self):
        return self.time

    async def beat(self, every):
        await self.sleep(every)

    async def sleep(self, seconds):
        self.time += seconds


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
async def session():
    """The one that relay itself uses."""
    async with relays_session() as session:
        yield session


@pytest.fixture(params=sorted(RECEIVERS))
async def receiver(request, aiohttp_server, session, clock):
    receiver = await RECEIVERS[request.param](aiohttp_server, session, clock).start()
    yield receiver
    await receiver.stop()


@pytest.fixture
def message():
    def make(*, delivery="msg_1", job=JOB, severity="error", **data):
        told = {
            "source": "acme.parse",
            "product": "parse",
            "kind": "parse",
            "project_id": "p-1",
            "job_id": "pjb-1",
            "name": "Q4 report.pdf",
            "status": "FAILED",
            "previous": "RUNNING",
            "error": "PDF_IS_BROKEN: page 3",
            "error_kind": "PDF_IS_BROKEN: page #",
            "severity": "info",
            "url": "https://cloud.llamaindex.ai/parse",
            "job": msgspec.Raw(json.dumps(job, ensure_ascii=False).encode()),
        } | data
        event = Event(
            id="evt_1", type="parse.failed", timestamp="2026-11-22T10:15:30.123Z", data=EventData(**told)
        )
        return Message(
            id=delivery,
            events=(event,),
            rule="failures",
            relay="prod",
            severity=severity,
            text=Text(title=one_line(told["name"] or "", 150), error=told["error"] or ""),
        )

    return make


@pytest.fixture
async def slack(aiohttp_server, session, clock):
    return await SlackBotReceiver(aiohttp_server, session, clock).start()


@pytest.fixture
def desk(slack, clock):
    return Desk(slack, clock)


@pytest.fixture
def news(message, clock):
    """A group's message of so many events of one kind, seen now."""

    def make(delivery, count, kind="PDF_IS_BROKEN", severity="error", event_type="parse.failed"):
        one = message(delivery=delivery, error=kind, error_kind=kind, severity=severity)
        at = utc_text(clock.now())
        tallies = (Tally(count, event_type, kind),)
        return msgspec.structs.replace(one, group={}, count=count, tallies=tallies, first=at, last=at)

    return make
