"""`docs/webhooks.md` shows what is sent, and its snippets verify it."""

import json
import re
import time
from pathlib import Path

import msgspec
import pytest
from receivers import SIGNING, CloudEventsReceiver, LlamaCloudReceiver, WebhookReceiver

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
PROJECT = "11111111-2222-3333-4444-555555555555"
RECEIVERS = {
    "standard": WebhookReceiver,
    "group": WebhookReceiver,
    "cloudevents": CloudEventsReceiver,
    "llamacloud": LlamaCloudReceiver,
}


def block(kind, name):
    return re.search(rf"<!-- {kind}: {name} -->\n```\w+\n(.*?)\n```", PAGE, re.DOTALL)[1]


@pytest.fixture
def sample(message):
    """What all examples tell of."""
    made = message(
        source="parse",
        project_id=PROJECT,
        job_id="pjb-8f14e45f",
        url=f"https://cloud.llamaindex.ai/project/{PROJECT}/parse",
        severity="error",
        job={"id": "pjb-8f14e45f", "status": "FAILED", "tier": "agentic"},
    )
    event = msgspec.structs.replace(
        made.events[0],
        id="evt_019aab3c5d2e7f00112233445566",
        data=msgspec.structs.replace(made.events[0].data, severity="error"),
    )
    return msgspec.structs.replace(made, id="msg_019aab3c9f1d00aabbccddeeff00", events=(event,))


@pytest.fixture
def examples(sample):
    grouped = {"count": 1270, "group": {"source": "parse"}, "title": "1270 files failed"}
    first, last = sample.events[0].timestamp, "2026-11-22T10:15:31.900Z"
    group = msgspec.structs.replace(sample, first=first, last=last, **grouped)
    return dict.fromkeys(RECEIVERS, sample) | {"group": group}


@pytest.mark.parametrize("name", RECEIVERS)
async def test_an_example_is_what_is_sent(aiohttp_server, session, clock, examples, name):
    receiver = await RECEIVERS[name](aiohttp_server, session, clock).start()
    await receiver.destination().send(examples[name])
    shown, sent = json.loads(block("example", name)), json.loads(receiver.bodies[0])
    assert shown == sent
    assert json.dumps(shown) == json.dumps(sent), "in this order"


@pytest.mark.parametrize("name", ["standard", "llamacloud"])
async def test_a_snippet_verifies_what_is_sent_and_refuses_what_is_changed(
    aiohttp_server, session, clock, sample, name
):
    clock.time = time.time()
    receiver = await RECEIVERS[name](aiohttp_server, session, clock).start()
    await receiver.destination().send(sample)
    ((headers, body, _),) = receiver.received
    namespace = {}
    exec(block("snippet", name).replace("whsec_…", SIGNING), namespace)
    assert namespace["verified"](headers, body) == json.loads(body)
    with pytest.raises(Exception, match=r"forged|[Nn]o matching signature"):
        namespace["verified"](headers, body.replace(b"pjb-8", b"pjb-9"))
