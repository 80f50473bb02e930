"""What is peculiar to webhooks: Standard Webhooks signatures, the body, what an answer asks for."""

import asyncio
import base64
import json
import time
from email.utils import formatdate

import pytest
from aiohttp import web
from http_receiver import answering
from receivers import SIGNING, WebhookReceiver
from standardwebhooks import Webhook, WebhookVerificationError

from relay.errors import DeliveryFailed

OLD = "whsec_" + base64.b64encode(b"the secret before the rotation").decode()
OTHER = "whsec_" + base64.b64encode(b"a secret of somebody else's...").decode()
DATA_KEYS = """
    source product kind project_id job_id name status previous error error_kind after_outage severity
    url outcome relay rule job
""".split()  # noqa: SIM905 - it reads better


@pytest.fixture
async def receiver(aiohttp_server, session, clock):
    return await WebhookReceiver(aiohttp_server, session, clock).start()


async def refusal(destination, message):
    with pytest.raises(DeliveryFailed) as caught:
        await destination.send(message)
    return caught.value


async def test_the_signature_verifies_with_the_standard_library(receiver, message, clock):
    clock.time = time.time()
    await receiver.destination().send(message(name="Übersicht \u2028.pdf"))
    ((headers, body, _),) = receiver.received
    assert Webhook(SIGNING).verify(body, dict(headers))["id"] == "evt_1"


@pytest.mark.parametrize("secret", [SIGNING, OLD])
async def test_while_a_secret_is_rotated_both_verify(receiver, message, clock, secret):
    clock.time = time.time()
    await receiver.destination(secret=[SIGNING, OLD]).send(message())
    ((headers, body, _),) = receiver.received
    assert Webhook(secret).verify(body, dict(headers))


async def test_a_changed_body_and_a_foreign_secret_do_not_verify(receiver, message, clock):
    clock.time = time.time()
    await receiver.destination().send(message())
    ((headers, body, _),) = receiver.received
    for secret, text in ((SIGNING, body.replace(b"Q4", b"Q3")), (OTHER, body)):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(text, dict(headers))


async def test_without_a_secret_there_is_no_signature(receiver, message):
    await receiver.destination(secret=None).send(message())
    ((headers, _, _),) = receiver.received
    assert "webhook-signature" not in headers
    assert headers["webhook-id"] == "msg_1"


async def test_a_retry_is_the_same_message_with_the_time_of_its_attempt(receiver, message, clock):
    destination, first = receiver.destination(), clock.now()
    receiver.answer = answering(500)
    await refusal(destination, message())
    clock.time += 3600
    await refusal(destination, message())
    (before, body, _), (after, again, _) = receiver.received
    assert (before["webhook-id"], body) == (after["webhook-id"], again)
    assert [before["webhook-timestamp"], after["webhook-timestamp"]] == [
        str(int(first)),
        str(int(first) + 3600),
    ]


async def test_the_body_is_the_event_as_promised_in_this_order(receiver, message):
    await receiver.destination().send(message())
    body = json.loads(receiver.bodies[0])
    assert list(body) == ["id", "type", "timestamp", "data"]
    assert (body["id"], body["type"], body["timestamp"]) == (
        "evt_1",
        "parse.failed",
        "2026-11-22T10:15:30.123Z",
    )
    assert list(body["data"]) == DATA_KEYS


async def test_the_body_adds_relay_rule_and_the_severity_of_the_rule(receiver, message):
    await receiver.destination().send(message(severity="warning"))
    data = json.loads(receiver.bodies[0])["data"]
    assert (data["relay"], data["rule"], data["severity"]) == ("prod", "failures", "warning")


async def test_the_job_is_passed_on_as_it_was_listed(receiver, message):
    job = {"id": "x", "z": [1.0, 1e30, None, {"a": "\u2028é\x00"}], "a": 2**70}
    await receiver.destination().send(message(job=job))
    assert json.loads(receiver.bodies[0])["data"]["job"] == job


async def test_headers_of_the_configuration_are_sent_and_nothing_says_which_library_sends(receiver, message):
    await receiver.destination(headers={"X-Team": "ops", "Authorization": "Basic YQ=="}).send(message())
    ((headers, _, _),) = receiver.received
    assert (headers["X-Team"], headers["Authorization"]) == ("ops", "Basic YQ==")
    assert (headers["Content-Type"], headers["User-Agent"]) == ("application/json", "llamacloud-relay")


async def test_the_url_is_sent_as_it_was_written(receiver, message):
    """One that is signed, or a capability, is another when any of its escapes is changed."""
    target = "/a%2Fb/%7Ec;d?sig=a%2Bb%3D%3D&x=%7E&y=a+b&&z"
    destination = receiver.destination(at=f"http://127.0.0.1:{receiver.server.port}{target}#")
    await destination.send(message())
    assert receiver.received[0][2] == target


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("0", 0.0),
        (" 17 ", 17.0),
        ("999999999", 999_999_999.0),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("nan", None),
        ("soon", None),
        ("٣", None),
        ("9" * 4000, 999_999_999.0),
        ("Fri, 99 Nov 2026 99:99:99 GMT", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
    ],
)
async def test_a_wait_is_taken_from_seconds_that_are_seconds(receiver, message, asked, seconds):
    receiver.answer = answering(503, **{"Retry-After": asked})
    assert (await refusal(receiver.destination(), message())).retry_after == seconds


@pytest.mark.parametrize(("ahead", "seconds"), [(90, 90.0), (-90, 0.0)])
@pytest.mark.parametrize("ending", ["GMT", "-0000", ""])
async def test_a_wait_is_taken_from_a_date(receiver, message, clock, ahead, seconds, ending):
    clock.time = float(int(clock.time))
    date = formatdate(clock.now() + ahead, usegmt=True).replace("GMT", ending).strip()
    receiver.answer = answering(503, **{"Retry-After": date})
    assert (await refusal(receiver.destination(), message())).retry_after == seconds


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
async def test_every_2xx_is_success(receiver, message, status):
    receiver.answer = answering(status, "")
    assert (await receiver.destination().send(message())).status == status


async def test_four_kilobytes_of_an_answer_are_kept_whatever_its_bytes(receiver, message):
    receiver.answer = answering(500, "ä" * 60_000)
    failure = await refusal(receiver.destination(), message())
    assert 4000 < len(failure.answer.encode()) <= 4096
    assert failure.answer.strip("ä\ufffd") == ""


async def test_an_answer_that_is_no_text_is_kept_within_the_same_limit(receiver, message):
    async def noise(_request):
        return web.Response(status=500, body=b"\xff" * 60_000)

    receiver.answer = noise
    assert len((await refusal(receiver.destination(), message())).answer.encode()) <= 4096


async def test_an_answer_is_readable_where_a_receiver_packs_what_it_may(receiver, message):
    async def packed(_request):
        response = web.Response(status=500, text="no such table")
        response.enable_compression()
        return response

    receiver.answer = packed
    assert (await refusal(receiver.destination(), message())).answer == "no such table"


async def test_no_cookie_of_one_answer_goes_into_the_next_request(receiver, message):
    receiver.answer = answering(200, **{"Set-Cookie": "a=b; Path=/"})
    destination = receiver.destination()
    await destination.send(message())
    await destination.send(message())
    assert [headers.get("Cookie") for headers, _, _ in receiver.received] == [None, None]


async def test_a_receiver_that_closes_idle_connections_costs_no_attempt(receiver, message):
    destination = receiver.destination()
    await destination.send(message())
    for connection in receiver.server.runner.server.connections:
        connection.transport.close()
    await asyncio.sleep(0.05)
    assert (await destination.send(message())).status == 200


@pytest.mark.parametrize(
    ("status", "way_out"),
    [(401, "correct secret or headers"), (403, "correct secret or headers"), (404, "correct url")],
)
async def test_a_receiver_that_is_set_up_wrong_comes_with_the_way_out(receiver, message, status, way_out):
    receiver.answer = answering(status)
    failed = await refusal(receiver.destination(), message())
    assert failed.reason.startswith(f"HTTP {status}: ")
    assert failed.reason.endswith(way_out)
