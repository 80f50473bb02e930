"""What goes to Slack over the wire."""

from datetime import UTC

import msgspec
import pytest
from http_receiver import answering, refusing_port
from receivers import RECEIVERS

from relay.destinations.slack import shown
from relay.render import text_of

REFUSED = '{"ok":false,"error":"invalid_blocks"}'


@pytest.fixture(params=["slack", "slack-bot"])
async def slack(request, aiohttp_server, session, clock):
    return await RECEIVERS[request.param](aiohttp_server, session, clock).start()


@pytest.fixture
def failed(message):
    one = message(name="<!channel>.pdf")
    return msgspec.structs.replace(one, text=text_of(one, zone=UTC))


async def test_a_person_reads_what_happened(slack, failed):
    await slack.destination().send(failed)
    (payload,) = slack.payloads
    assert shown(payload).splitlines()[0] == "┃ 🔴 <!channel>.pdf failed (parse)"
    assert payload["text"].startswith("🔴 &lt;!channel&gt;.pdf failed (parse)")


async def test_the_environment_has_no_say(slack, failed, monkeypatch):
    with refusing_port() as port:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        assert (await slack.destination().send(failed)).status == 200


async def test_nothing_tells_which_machine_sends(slack, failed):
    await slack.destination().send(failed)
    ((headers, _, _),) = slack.received
    assert headers["User-Agent"] == "llamacloud-relay"
    assert headers["Accept-Encoding"] == "identity"


async def test_a_layout_that_slack_refuses_goes_out_without_one(slack, failed):
    well = slack.answer
    refusals = {"slack": answering(400, "invalid_blocks"), "slack-bot": answering(200, REFUSED)}
    refusal = next(refusals[name] for name, kind in RECEIVERS.items() if kind is type(slack))

    async def answer(request):
        return await (refusal if "blocks" in await request.json() else well)(request)

    slack.answer = answer
    assert (await slack.destination().send(failed)).status == 200
    payload = slack.payloads[-1]
    assert "blocks" not in payload
    assert payload["text"].splitlines()[0] == "🔴 &lt;!channel&gt;.pdf failed (parse)"
