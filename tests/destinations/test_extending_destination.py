"""The destination of `docs/extending.md` does what the page says."""

import json
import re
from pathlib import Path

import pytest
from http_receiver import HttpReceiver, failing

from relay.errors import DeliveryFailed

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text("utf-8")


@pytest.fixture
def module():
    names = {}
    text = re.search(r"<!-- run: destination -->\n```python\n(.*?)\n```", PAGE, re.DOTALL)[1]
    exec(compile(text, "docs/extending.md", "exec"), names)
    return names


@pytest.fixture
async def phone(aiohttp_server, session, clock):
    return await HttpReceiver(aiohttp_server, session, clock).start()


@pytest.fixture
def ntfy(module, phone, session, clock):
    table = {"type": "ntfy", "server": f"http://127.0.0.1:{phone.server.port}/", "topic": "canary-of-topic"}
    return module["Ntfy"](module["NtfyOptions"].model_validate(table), session=session, clock=clock)


async def test_a_message_reaches_a_phone_in_words(ntfy, phone, message):
    receipt = await ntfy.send(message(name="Q4 report.pdf"))
    assert (receipt.status, receipt.answer) == (200, "thanks")
    (said,) = map(json.loads, phone.bodies)
    assert (said["topic"], said["priority"]) == ("canary-of-topic", 5)
    assert "Q4 report.pdf" in said["title"]


@pytest.mark.parametrize(
    "failure",
    [failing(401, fault="destination"), failing(500), failing(429, retry_after=7.0, **{"Retry-After": "7"})],
)
async def test_a_failure_says_what_the_courier_decides_on(ntfy, phone, message, failure):
    phone.answer = failure.answer
    with pytest.raises(DeliveryFailed) as caught:
        await ntfy.send(message())
    failed = caught.value
    assert (failed.status, failed.fault, failed.retry_after) == (
        failure.status,
        failure.fault,
        failure.retry_after,
    )
    assert "canary" not in repr(failed)
