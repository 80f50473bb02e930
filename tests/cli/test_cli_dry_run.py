"""`relay run --dry-run` shows what would be sent, sends nothing and changes nothing."""

import pytest

from tests.cli.conftest import THREE
from tests.cli.test_cli_poll import dump
from tests.process.live import until


@pytest.fixture
def watched(home, api, hook):
    home.watch(api, THREE.format(url=hook))
    return home


async def test_messages_are_printed_and_not_sent(watched, simulator, receiver):
    async with watched.started("run", "--dry-run") as relay:
        await until(lambda: "look source=parse" in watched.log.read_text())
        simulator.create("parse", name="Q4 report.pdf", status="FAILED", error="PDF_IS_BROKEN: page 3")
        await until(lambda: watched.log.read_text().count("── to ") == 3)
        relay.terminate()
        assert await relay.wait() == 0
    said = watched.log.read_text()
    assert "── to hook (webhook), error ─" in said
    assert '\n  "type": "parse.failed",\n' in said
    assert '\n    "error": "PDF_IS_BROKEN: page 3",\n' in said
    assert receiver.arrivals == []
    assert not watched.database.exists()


PEOPLE = """
[destinations.ops]
type = "slack"
url = "http://127.0.0.1:9/hook"
[destinations.oncall]
type = "email"
server = "smtp+plain://127.0.0.1:9"
from = "relay@example.com"
to = ["a@example.com", "b@example.com"]
[rules.failures]
on = ["*.failed"]
to = ["ops", "oncall"]
group_by = false
title = "R&D: {{ name }} failed"
body = "See {{ error }}"
"""


async def test_messages_for_people_are_printed_as_they_would_read_them(home, api, simulator):
    home.watch(api, PEOPLE, kinds=("parse",))
    async with home.started("run", "--dry-run") as relay:
        await until(lambda: "look source=parse" in home.log.read_text())
        simulator.create("parse", name="Q4 <report>.pdf", status="FAILED", error="PDF_IS_BROKEN: page 3")
        await until(lambda: home.log.read_text().count("outcome=delivered") == 2)
        relay.terminate()
        assert await relay.wait() == 0
    said = home.log.read_text()
    assert "── to ops (slack), error ─" in said
    assert "\n┃ 🔴 R&D: Q4 <report>.pdf failed\n┃ See PDF_IS_BROKEN: page 3\n" in said
    assert "── to oncall (email), error ─" in said
    assert "\nTo: a@example.com, b@example.com\nSubject: [tested] R&D: Q4 <report>.pdf failed\n" in said


async def test_what_waits_is_shown_and_still_waits_after(past):
    before = dump(past.database)
    async with past.started("run", "--dry-run") as relay:
        await until(lambda: past.log.read_text().count("── to busy") == 2)
        relay.terminate()
        assert await relay.wait() == 0
    assert dump(past.database) == before
    assert "\x1b" not in past.log.read_text()
