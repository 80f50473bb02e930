"""The simulator on a real socket."""

import asyncio
import gzip
import json

import aiohttp
import pytest

from relay.simulator import Request, Scenario
from relay.simulator.http import app
from tests.process.live import served

HEADERS = {"Authorization": "Bearer llx-test"}


@pytest.fixture
def serve(open_account, aiohttp_client):
    async def client_of(scenario=None):
        account = open_account(scenario)
        client = await aiohttp_client(app(account.simulator), headers=HEADERS, auto_decompress=False)
        return account.simulator, client

    return client_of


async def test_what_is_served_is_what_the_simulator_answers(serve, open_account):
    simulator, client = await serve()
    simulator.create("parse", id="a b", name="r\u00e9sum\u00e9")
    query = [("job_ids", "x"), ("job_ids", "a b"), ("created_at_on_or_after", "2026-09-21T16:13:20+02:00")]
    answer = await client.get("/api/v2/parse", params=query)
    pure = simulator.answer(Request(path="/api/v2/parse", query=query, headers=HEADERS))
    assert (answer.status, await answer.read()) == (200, pure.body)
    assert len(json.loads(pure.body)["items"]) == 1
    assert (await client.get("/api/v2/parse/a%20b")).status == 200


async def test_the_date_is_the_simulators(serve):
    _, client = await serve(Scenario(date_offset=60))
    answer = await client.get("/api/v2/parse")
    assert answer.headers["Date"] == "Mon, 21 Sep 2026 14:14:20 GMT"


async def test_there_may_be_no_date(serve):
    _, client = await serve(Scenario(date=False))
    assert "Date" not in (await client.get("/api/v2/parse")).headers


async def test_errors_keep_their_status_and_headers(serve):
    simulator, client = await serve()
    simulator.fail_next(1, "too_many_wait")
    answer = await client.get("/api/v2/parse")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
    assert (await client.post("/api/v2/parse")).status == 405
    assert (await client.get("/")).status == 404


async def test_a_large_body_is_packed_for_who_takes_it(serve):
    simulator, client = await serve()
    for _ in range(50):
        simulator.create("parse")
    packed = await client.get("/api/v2/parse", headers={"Accept-Encoding": "gzip, deflate"})
    plain = await client.get("/api/v2/parse", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(await packed.read()) == await plain.read()


async def test_a_dropped_connection_gives_no_answer(serve):
    simulator, client = await serve()
    simulator.fail_next(1, "drop")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.get("/api/v2/parse")
    assert (await client.get("/api/v2/parse")).status == 200


async def test_a_cut_body_ends_before_its_length(serve):
    simulator, client = await serve()
    for _ in range(5):
        simulator.create("parse")
    simulator.fail_next(1, "cut")
    answer = await client.get("/api/v2/parse")
    assert answer.status == 200
    with pytest.raises(aiohttp.ClientPayloadError):
        await answer.read()


async def test_a_slow_answer_that_nobody_waited_for_was_not_shown(serve):
    simulator, client = await serve(Scenario(slow=0.5))
    simulator.create("parse")
    simulator.fail_next(2, "slow")
    with pytest.raises(TimeoutError):
        await client.get("/api/v2/parse", timeout=aiohttp.ClientTimeout(total=0.2))
    assert (await client.get("/api/v2/parse")).status == 200
    assert [row.answer for row in simulator.log] == [2]


async def test_a_client_that_leaves_before_its_answer_is_no_error(open_account, caplog):
    simulator = open_account(Scenario(slow=0.2)).simulator
    simulator.fail_next(1, "slow")
    async with served(app(simulator)) as url, aiohttp.ClientSession(url, headers=HEADERS) as session:
        with pytest.raises(TimeoutError):
            await session.get("/api/v2/parse", timeout=aiohttp.ClientTimeout(total=0.05))
        await asyncio.sleep(0.3)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
