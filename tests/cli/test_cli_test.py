"""`relay test DESTINATION` sends a sample and says what came of it."""

import pytest

from tests.cli.conftest import THREE
from tests.process.live import SECRET


@pytest.fixture
def configured(home, hook):
    home.watch("http://127.0.0.1:9", THREE.format(url=hook))
    return home


async def test_a_sample_arrives_signed_and_marked_as_a_test(configured, receiver):
    done = await configured.relay("test", "hook")
    assert (done.status, done.out) == (0, "hook: delivered (HTTP 204)\n")
    (arrival,) = receiver.arrivals
    assert arrival.event["type"] == "relay.test"
    data = arrival.event["data"]
    assert (data["name"], data["relay"], data["job"], data["status"]) == ("hook", "tested", None, None)
    assert "test" in data["error"]
    assert not configured.database.exists()


@pytest.mark.parametrize(
    ("destination", "says"),
    [("gone", "gone: not delivered: HTTP 410\n"), ("busy", "busy: not delivered: HTTP 503\n")],
)
async def test_a_refusal_is_told_and_fails(configured, destination, says):
    done = await configured.relay("test", destination)
    assert (done.status, done.out) == (1, says)


async def test_a_receiver_that_hangs_fails_after_the_timeout(configured, receiver):
    receiver.hang()
    text = configured.config.read_text()
    configured.write(text.replace("[destinations.hook]", '[destinations.hook]\ntimeout = "1s"'))
    done = await configured.relay("test", "hook")
    assert (done.status, done.out) == (1, "hook: not delivered: no whole answer within 1 s\n")
    receiver.go_on()


async def test_a_receiver_that_is_not_there_is_told(home):
    home.watch("http://127.0.0.1:9", THREE.format(url="http://127.0.0.1:9/deep-secret-path"))
    done = await home.relay("test", "hook")
    assert done.status == 1
    assert done.out.startswith("hook: not delivered: 127.0.0.1")
    assert "deep-secret-path" not in done.out + done.err


async def test_another_secret_is_another_signature(configured, receiver):
    other = SECRET[:-5] + "AAAA="
    done = await configured.relay("test", "hook", WEBHOOK_SECRET=other)
    assert (done.status, done.out) == (1, "hook: not delivered: HTTP 400\n")
    assert receiver.forged == 1


async def test_a_destination_that_is_not_there_is_wrong_usage(configured):
    done = await configured.relay("test", "hok")
    assert done.status == 2
    assert "There is no destination 'hok'; there are: hook, gone, busy." in done.err


async def test_a_forbidden_address_is_told_before_anything_is_sent(configured):
    text = configured.config.read_text()
    place = text.split("[destinations.hook]")[1].split('url = "')[1].split('"')[0]
    configured.write(text.replace(place, "http://[::ffff:169.254.169.254]/latest", 1))
    done = await configured.relay("test", "hook")
    assert (done.status, done.out) == (2, "")
    assert "destinations.hook.url: is a forbidden address (metadata)" in done.err
