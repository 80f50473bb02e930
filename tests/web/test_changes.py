"""The stream of what changes, as a browser reads it."""

import asyncio
import json

from tests.process.live import until
from tests.web.conftest import a_relay


async def message(stream):
    """The next, as {"event", "data", "id"}; comments are passed over."""
    found = {}
    while True:
        line = (await stream.readline()).decode().rstrip("\r\n")
        if not line and "data" in found:
            return {**found, "data": json.loads(found["data"])}
        name, _, value = line.partition(": ")
        if name in {"event", "data", "id"}:
            found[name] = value


async def test_a_change_is_told_at_once_and_what_was_missed_when_one_comes_back(tmp_path):
    async with a_relay(tmp_path, kinds=("parse",)) as it, asyncio.timeout(20):
        async with it.asking() as session, session.get("/api/v1/changes") as answer:
            assert answer.content_type == "text/event-stream"
            first = await message(answer.content)
            assert (first["event"], first["data"]["relay"]) == ("status", "tested")
            it.simulator.create("parse", id="pjb-new", name="new\r\n\r\nevent: forged", status="FAILED")
            told = await message(answer.content)
            while told["event"] != "event":
                told = await message(answer.content)
            assert told["data"]["job_id"] == "pjb-new"
            assert told["data"]["name"] == "new\r\n\r\nevent: forged"
        before = str(int(told["id"]) - 2)
        async with (
            it.asking(**{"Last-Event-ID": before}) as session,
            session.get("/api/v1/changes") as answer,
        ):
            again = [await message(answer.content) for _ in range(2)]
            assert [m["id"] for m in again] == [str(int(before) + 1), told["id"]]


async def test_open_streams_do_not_hold_up_a_stop(tmp_path):
    async with (
        a_relay(tmp_path, kinds=("parse",)) as it,
        it.asking() as session,
        session.get("/api/v1/changes") as answer,
    ):
        await message(answer.content)
        began = asyncio.get_running_loop().time()
        it.process.terminate()
        assert await asyncio.wait_for(it.process.wait(), 8) == 0
        assert asyncio.get_running_loop().time() - began < 5


async def test_a_reader_that_leaves_a_stream_is_no_fault(tmp_path):
    async with a_relay(tmp_path, kinds=("parse",)) as it, asyncio.timeout(20):
        for n in range(5):
            async with it.asking() as session, session.get("/api/v1/changes") as answer:
                await message(answer.content)
                assert answer.connection is not None
                answer.connection.transport.abort()  # it is gone without a word
            it.simulator.create("parse", id=f"pjb-left-{n}", status="FAILED")
            await until(lambda: it.home.ask("SELECT 1 FROM events WHERE job_id = ?", f"pjb-left-{n}"))  # noqa: B023 - it is over before the next round
        assert (await it.get("/api/v1/status", token=None))["relay"] == "tested"
        log = it.home.log.read_text("utf-8")
        assert "Traceback" not in log
        assert " ERROR " not in log
