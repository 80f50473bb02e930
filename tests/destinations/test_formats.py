"""What a webhook says in each format, read as receivers read it: by libraries that know nothing of relay."""

import hashlib
import hmac
import json
import re
import time
import uuid
from typing import get_type_hints

import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from llama_cloud.types.webhook_config_create_params import WebhookConfigCreateParams
from receivers import SIGNING, CloudEventsReceiver, LlamaCloudReceiver, WebhookReceiver
from standardwebhooks import Webhook as Standard
from svix.webhooks import Webhook as Svix

from relay.destinations.bodies import LARGEST_GROUP, llamacloud_name
from relay.errors import DeliveryFailed
from relay.model import Event, Secret
from relay.poll.hints import is_signed, job_named

FIRST, LAST = "2026-11-22T10:15:30.123Z", "2026-11-22T10:15:39.000Z"


@pytest.fixture
async def standard(aiohttp_server, session, clock):
    return await WebhookReceiver(aiohttp_server, session, clock).start()


@pytest.fixture
async def cloudevents(aiohttp_server, session, clock):
    return await CloudEventsReceiver(aiohttp_server, session, clock).start()


@pytest.fixture
async def llamacloud(aiohttp_server, session, clock):
    return await LlamaCloudReceiver(aiohttp_server, session, clock).start()


@pytest.fixture
def group(message):
    """A message of so many events; `shown` of them are in it."""

    def make(count=3, *, shown=None, size=0, keys=None, **told):
        single = message(job={"id": "x" * size}, severity="warning", **told)
        events = tuple(
            msgspec.structs.replace(single.events[0], id=f"evt_{n}") for n in range(min(shown or count, 100))
        )
        return msgspec.structs.replace(
            single,
            events=events,
            count=count,
            group={"source": "acme.parse"} if keys is None else keys,
            first=FIRST,
            last=LAST,
        )

    return make


async def sent(receiver, message):
    """Headers and body of what arrived."""
    await receiver.destination().send(message)
    headers, body, _ = receiver.received[-1]
    return headers, body


async def said(receiver, message):
    return json.loads((await sent(receiver, message))[1])


def of_type(message, event_type, **data):
    (event,) = message.events
    told = msgspec.structs.replace(event.data, **data)
    event = Event(id=event.id, type=event_type, timestamp=event.timestamp, data=told)
    return msgspec.structs.replace(message, events=(event,))


def parsed(headers, body):
    return from_structured_event(HTTPMessage(headers=dict(headers), body=body), JSONFormat())


# Standard


async def test_a_group_says_how_many_and_shows_each_event_as_it_would_come_alone(standard, group, message):
    body = await said(standard, group())
    data = body["data"]
    assert (body["id"], body["type"], body["timestamp"]) == ("msg_1", "events.group", LAST)
    assert list(data) == ["rule", "relay", "group", "count", "omitted", "first", "last", "severity", "events"]
    assert (data["group"], data["count"], data["omitted"]) == ({"source": "acme.parse"}, 3, 0)
    assert (data["first"], data["last"], data["severity"]) == (FIRST, LAST, "warning")
    alone = await said(standard, message(job={"id": ""}, severity="info"))
    assert [event.pop("id") for event in data["events"]] == ["evt_0", "evt_1", "evt_2"]
    alone.pop("id")
    assert data["events"] == [alone] * 3


async def test_a_group_of_one_is_a_group_to_its_receiver(standard, group):
    body = await said(standard, group(1, keys={}))
    assert (body["type"], body["data"]["count"], body["data"]["group"]) == ("events.group", 1, {})


async def test_of_a_thousand_events_the_first_hundred_are_shown_and_the_rest_counted(standard, group):
    data = (await said(standard, group(1000)))["data"]
    assert (data["count"], data["omitted"], len(data["events"])) == (1000, 900, 100)


async def test_large_events_are_shown_fewer_so_that_the_body_is_taken(standard, group):
    _, body = await sent(standard, group(100, size=64_000))
    data = json.loads(body)["data"]
    assert 10 < len(data["events"]) < 16
    assert data["omitted"] == 100 - len(data["events"])
    assert len(body) < 2**20


async def test_one_event_is_shown_however_large_it_is(standard, group):
    data = (await said(standard, group(2, size=LARGEST_GROUP)))["data"]
    assert (len(data["events"]), data["omitted"]) == (1, 1)


@pytest.mark.parametrize("of", ["event", "group"])
async def test_what_a_rule_says_stands_in_the_data_and_only_then(standard, message, group, of):
    plain = message() if of == "event" else group()
    assert not {"title", "body"} & (await said(standard, plain))["data"].keys()
    titled = await said(standard, msgspec.structs.replace(plain, title="Q4 failed"))
    assert (titled["data"]["title"], "body" in titled["data"]) == ("Q4 failed", False)
    both = await said(standard, msgspec.structs.replace(plain, title="", body="two\nlines"))
    assert (both["data"]["title"], both["data"]["body"]) == ("", "two\nlines")


# CloudEvents


async def test_an_event_is_a_cloudevent_to_their_library(cloudevents, message):
    event = parsed(*await sent(cloudevents, message(name="Übersicht.pdf")))
    assert event.get_specversion() == "1.0"
    assert (event.get_id(), event.get_type()) == ("evt_1", "parse.failed")
    assert event.get_source() == "/llamacloud-relay/prod/acme.parse"
    assert event.get_subject() == "pjb-1"
    assert event.get_time().isoformat() == "2026-11-22T10:15:30.123000+00:00"
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data()["name"] == "Übersicht.pdf"


async def test_its_data_is_what_the_standard_format_says(cloudevents, standard, message, group):
    for one in (message(), group()):
        assert (await said(cloudevents, one))["data"] == (await said(standard, one))["data"]


async def test_a_group_is_one_cloudevent_without_a_subject(cloudevents, group):
    event = parsed(*await sent(cloudevents, group()))
    assert (event.get_id(), event.get_type(), event.get_subject()) == ("msg_1", "events.group", None)
    assert event.get_source() == "/llamacloud-relay/prod"
    assert event.get_time().isoformat() == "2026-11-22T10:15:39+00:00"


async def test_relays_own_news_has_a_source_and_a_subject_too(cloudevents, message):
    own = of_type(message(), "destination.down", source=None, job_id=None, name="ops", status=None)
    event = parsed(*await sent(cloudevents, own))
    assert (event.get_source(), event.get_subject()) == ("/llamacloud-relay/prod", "ops")


@pytest.mark.parametrize("name", ["a b/../c?d#e", "ü\u202e\r\n", "%2F"])
async def test_a_relays_name_is_one_segment_of_the_source(cloudevents, message, name):
    odd = msgspec.structs.replace(message(), relay=name)
    source = (await said(cloudevents, odd))["source"]
    assert source.count("/") == 3
    assert source.isascii() and " " not in source and "?" not in source


# LlamaCloud's own


async def test_a_receiver_written_for_llamacloud_understands_it(llamacloud, message):
    headers, body = await sent(llamacloud, message())
    told = json.loads(body)
    assert list(told) == ["event_id", "event_type", "timestamp", "data"]
    assert (told["event_type"], told["timestamp"]) == ("parse.error", 1_795_342_530.123)
    assert told["data"] == {"id": "pjb-1", "job_id": "pjb-1"}
    assert str(uuid.UUID(told["event_id"])) == told["event_id"]
    assert headers["X-Webhook-Event-ID"] == told["event_id"]
    assert headers["X-Webhook-Event-Type"] == told["event_type"]
    assert (headers["Content-Type"], headers["User-Agent"]) == (
        "application/json",
        "llamaindex-webhook-service/1.0",
    )


async def test_an_event_keeps_its_id_there_over_attempts_and_destinations(llamacloud, message):
    first = await said(llamacloud, message(delivery="msg_1"))
    again = await said(llamacloud, message(delivery="msg_2"))
    assert first == again


async def test_of_a_batch_its_status_is_told_as_llamacloud_does(llamacloud, message):
    batch = of_type(message(), "batch.completed", product="batch", kind="batch", status="COMPLETED")
    told = await said(llamacloud, batch)
    assert (told["event_type"], told["data"]["status"]) == ("batch.success", "COMPLETED")


NAMES = [
    ("parse", "parse.completed", "parse.success"),
    ("parse", "parse.running", "parse.running"),
    ("classify", "classify.partial_success", "classify.partial_success"),
    ("extract", "extract.failed", "extract.error"),
    ("extract", "extract.cancelled", "extract.cancelled"),
    ("split", "split.processing", "split.processing"),
    ("batch", "batch.pending", "batch.pending"),
    (None, "relay.test", "unmapped_event"),
    ("extract", "extract.running", None),
    ("extract", "extract.throttled", None),
    ("parse", "parse.stuck", None),
    ("parse", "parse.vanished", None),
    ("parse", "parse.processing", None),
    ("batch", "batch.finished", None),
    ("batch_v1", "batch.completed", None),
    ("parse", "source.down", None),
    (None, "delivery.dead", None),
    (None, "pending", None),
]


@pytest.mark.parametrize(("kind", "event_type", "name"), NAMES)
async def test_each_type_has_the_name_that_llamacloud_gives_it_or_is_not_sent(
    llamacloud, message, kind, event_type, name
):
    destination, event = llamacloud.destination(), of_type(message(), event_type, kind=kind)
    assert llamacloud.options().takes(event_type, kind) == (name is not None)
    if name:
        await destination.send(event)
        assert json.loads(llamacloud.bodies[0])["event_type"] == name
    else:
        with pytest.raises(DeliveryFailed, match=f"has no name for {event_type}") as caught:
            await destination.send(event)
        assert caught.value.permanent and not llamacloud.received


def test_the_names_are_those_of_the_official_sdk():
    hints = get_type_hints(WebhookConfigCreateParams)
    known = set(re.findall(r"'([a-z_.]+)'", str(hints["webhook_events"])))
    products = {kind for kind, _, _ in NAMES if kind}
    theirs = {name for name in known if name.partition(".")[0] in products}
    assert len(theirs) == 27
    assert {llamacloud_name(name, name.partition(".")[0]) for name in theirs} == theirs
    assert {name for _, _, name in NAMES if name} <= known


async def test_a_group_cannot_be_said_there(llamacloud, standard, group):
    assert (llamacloud.options().can_group, standard.options().can_group) == (False, True)
    with pytest.raises(DeliveryFailed, match="can't hold a group") as caught:
        await llamacloud.destination().send(group())
    assert caught.value.permanent and not llamacloud.received


async def test_a_test_says_there_that_it_is_one(llamacloud, message):
    told = await said(llamacloud, of_type(message(), "relay.test", kind=None, job_id=None))
    assert told["data"] == {"id": "relay.test", "job_id": "relay.test"}


# Signatures


@pytest.mark.parametrize("receiver", ["webhook", "webhook-cloudevents"], indirect=True)
@pytest.mark.parametrize("library", [Standard, Svix])
async def test_the_signature_verifies_with_both_libraries(receiver, library, message, group, clock):
    clock.time = time.time()
    for one in (message(name="Übersicht \u2028.pdf"), group()):
        headers, body = await sent(receiver, one)
        assert library(SIGNING).verify(body, dict(headers)) == json.loads(body)


@pytest.mark.parametrize("secret", [SIGNING, "any text, as LlamaCloud takes it: ü"])
async def test_the_signature_of_llamacloud_is_of_the_raw_body_under_the_secret_as_written(
    llamacloud, message, secret
):
    await llamacloud.destination(secret=secret).send(message())
    ((headers, body, _),) = llamacloud.received
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["LC-Signature"] == f"sha256={digest}"
    assert "webhook-signature" not in headers


async def test_the_signature_of_llamacloud_opens_relays_own_door_for_hints(llamacloud, message):
    headers, body = await sent(llamacloud, message())
    assert is_signed(body, headers["LC-Signature"], Secret(SIGNING))
    assert job_named(body) == "pjb-1"


async def test_without_a_secret_nothing_is_signed(llamacloud, message):
    await llamacloud.destination(secret=None).send(message())
    assert "LC-Signature" not in llamacloud.received[0][0]
