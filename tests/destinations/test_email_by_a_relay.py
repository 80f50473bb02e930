"""A relay that runs remembers, over a restart, who still has to get a mail."""

import asyncio
import random

import pytest
from http_receiver import refusing_port
from mailserver import PASSWORD, EmailReceiver, authority, parsed
from smtp_session import only

from relay.config import load
from relay.service import running
from tests.deliver.office import Office

CONFIG = """
[relay]
listen = "off"
[llamacloud]
api_key = "llx-1"
base_url = "http://127.0.0.1:{nobody}"
[sources.parse]
[destinations.oncall]
type = "email"
server = "smtp://relay%20user@127.0.0.1:{port}"
password = "$SMTP_PASSWORD"
from = "relay@example.com"
to = ["a@example.com", "b@example.com"]
ca_file = "{ca}"
[rules.all]
on = ["parse.*"]
to = ["oncall"]
"""


@pytest.fixture
async def server(clock):
    server = await EmailReceiver(clock=clock).start()
    yield server
    await server.stop()


async def attempted(office, count):
    async with asyncio.timeout(10):
        while len(await office.attempts()) < count:  # noqa: ASYNC110 - another connection writes them
            await asyncio.sleep(0.02)


async def test_who_got_a_mail_does_not_get_it_again(server, tmp_path):
    with refusing_port() as nobody:
        pass
    path = tmp_path / "rules.toml"
    path.write_text(CONFIG.format(nobody=nobody, port=server.port, ca=authority()[1]))
    config = load(path, environ={"SMTP_PASSWORD": PASSWORD}, secrets=True)
    office = Office(tmp_path / "relay.db")
    await office.happens(to=("oncall",))
    server.answer = {"RCPT": only("b@example.com", "451 4.2.0 busy")}
    async with running(config, clock=office.clock, chance=random.Random(1)):
        await attempted(office, 1)
    server.answer = {}
    office.clock.jump(60)
    async with running(config, clock=office.clock, chance=random.Random(1)):
        await attempted(office, 2)
    (row,) = await office.rows()
    await office.store.close()
    assert row["state"] == "delivered"
    assert [to for to, _ in server.mails] == [("a@example.com",), ("b@example.com",)]
    assert len({parsed(content)["Message-ID"] for content in server.bodies}) == 1
    assert server.connections == 0, "what relay held is let go at its end"
