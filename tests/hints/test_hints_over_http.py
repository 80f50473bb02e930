"""What is posted to /hints/{source}, over real HTTP: a job is asked for, or nothing is."""

import asyncio
import gzip

import pytest
from hints.conftest import SECRET, body_of, signed
from hypothesis import given
from hypothesis import strategies as st

from relay.model import Secret
from relay.poll import LARGEST_BODY, is_signed, job_named


async def served(it, client, *posts, wait=0.5):
    """Post while the hints are at work; the answers' statuses."""
    tasks = [asyncio.create_task(poller.hints.run()) for poller in it.relay.pollers]
    statuses = []
    for source, body, headers in posts:
        async with client.post(f"/hints/{source}", data=body, headers=headers) as answer:
            statuses.append(answer.status)
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    await asyncio.sleep(wait)
    for task in tasks:
        task.cancel()
    return statuses


async def test_a_signed_hint_is_accepted_and_its_event_comes_before_the_next_look(door):
    it, client = await door()
    job = it.simulator.create("parse", id="pjb-1", status="RUNNING")
    await it.look(after=1.1)
    it.simulator.move(job, "COMPLETED")
    assert await served(it, client, ("parse", body_of(), signed(body_of()))) == [202]
    told = await it.told()
    assert told[-1] == ("pjb-1", "COMPLETED", "RUNNING")
    await it.look()
    assert await it.told() == told


@pytest.mark.parametrize("body", [body_of("pjb-1"), b'{"data":{"id":"pjb-1"}}'])
async def test_a_job_never_seen_before_is_asked_for_too(door, body):
    it, client = await door()
    await asyncio.sleep(1.1)  # the baseline is a second after the first answer
    it.simulator.create("parse", id="pjb-1", status="FAILED")
    assert await served(it, client, ("parse", body, signed(body))) == [202]
    assert await it.told() == [("pjb-1", "FAILED", None)]
    await it.look()
    assert len(await it.told()) == 1


GARBAGE = {
    "no JSON": b"hello",
    "no object": b"[1, 2]",
    "no data": b'{"event_type": "parse.success"}',
    "no id": b'{"data": {}}',
    "an id that is no text": b'{"data": {"job_id": 7}}',
    "an id of control characters": b'{"data": {"job_id": "a\\u0000b"}}',
    "an endless id": body_of("x" * 201),
    "deep": b"[" * 100_000,
    "broken text": b'{"data": {"job_id": "\xff"}}',
    "half a pair": b'{"data": {"job_id": "\\ud800"}}',
    "nothing": b"",
}
_BODY = body_of()
FORGED = {
    "unsigned": {},
    "another secret": signed(_BODY, "guessed"),
    "of another body": signed(_BODY + b" "),
    "empty": {"LC-Signature": ""},
    "without its prefix": {"LC-Signature": signed(_BODY)["LC-Signature"].removeprefix("sha256=")},
    "another header": {"X-Signature": signed(_BODY)["LC-Signature"]},
    "no ASCII": {"LC-Signature": "sha256=\u00e9\u2028"},
}


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED)
async def test_a_forged_hint_is_refused_and_costs_no_request(door, headers):
    it, client = await door()
    it.simulator.create("parse", id="pjb-1")
    asked = len(it.api.asked)
    assert await served(it, client, ("parse", _BODY, headers)) == [401]
    assert (len(it.api.asked), await it.told()) == (asked, [])


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
async def test_a_signed_body_that_names_no_job_is_refused_and_costs_no_request(door, body):
    it, client = await door()
    asked = len(it.api.asked)
    assert await served(it, client, ("parse", body, signed(body))) == [400]
    assert len(it.api.asked) == asked


async def test_a_signature_of_any_bytes_is_an_answer_not_a_fault(door):
    _, client = await door()
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(
        b"POST /hints/parse HTTP/1.1\r\nHost: x\r\nLC-Signature: sha256=\xff\xfe\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )
    assert (await reader.readline()).split()[1] in {b"400", b"401"}
    writer.close()
    await writer.wait_closed()


async def test_sources_that_take_no_hints_are_not_found(door):
    it, client = await door()
    body = body_of()
    assert await served(it, client, ("split", body, signed(body)), ("..%2Fparse", body, signed(body))) == [
        404,
        404,
    ]
    async with client.get("/hints/parse") as answer:
        assert answer.status == 405


@pytest.mark.parametrize("zipped", [False, True])
async def test_a_huge_body_is_refused(door, zipped):
    _, client = await door()
    body = b" " * (LARGEST_BODY * 40) if zipped else b" " * (LARGEST_BODY + 1)
    headers = signed(body) | ({"Content-Encoding": "gzip"} if zipped else {})
    async with client.post(
        "/hints/parse", data=gzip.compress(body) if zipped else body, headers=headers
    ) as a:
        assert a.status in {400, 413}


async def test_a_replayed_hint_costs_one_request_between_two_looks(door):
    it, client = await door()
    it.simulator.create("parse", id="pjb-1")
    await it.look(after=1.1)
    asked = len(it.api.asked)
    post = ("parse", body_of(), signed(body_of()))
    assert await served(it, client, *[post] * 20) == [202] * 20
    assert len(it.api.asked) - asked == 1


async def test_hints_for_jobs_unknown_cost_no_more_than_their_share(door):
    it, client = await door(requests_per_minute=200)
    asked = len(it.api.asked)
    bodies = [body_of(f"pjb-{n}") for n in range(100)]
    assert set(await served(it, client, *[("parse", body, signed(body)) for body in bodies], wait=2)) == {202}
    assert 5 <= len(it.api.asked) - asked <= 7  # a quarter of a minute's tenth
    assert await it.events() == []


async def test_a_job_of_another_project_is_nobodys_news(door):
    it, client = await door(project_id="11111111-2222-3333-4444-555555555555")
    await asyncio.sleep(1.1)
    it.simulator.create("parse", id="pjb-1", project_id="99999999-2222-3333-4444-555555555555")
    assert await served(it, client, ("parse", body_of(), signed(body_of()))) == [202]
    assert await it.events() == []


@given(st.binary(max_size=200))
def test_any_body_names_a_job_or_none(body):
    named = job_named(body)
    assert named is None or 0 < len(named) <= 200


@given(st.binary(max_size=50), st.text(max_size=80))
def test_any_signature_is_right_or_wrong(body, signature):
    secret = Secret(SECRET)
    assert is_signed(body, signature, secret) == (signature.strip() == signed(body)["LC-Signature"])
