"""How a real relay process starts and ends under a supervisor."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from tests.process.live import KEY, SECRET, until
from tests.process.manager import listening


async def ended(process, *, within=10.0):
    """Its exit status and how long it took."""
    began = time.monotonic()
    status = await asyncio.wait_for(process.wait(), within)
    return status, time.monotonic() - began


async def test_systemd_hears_when_relay_is_ready_and_when_it_stops(home, watched, systemd):
    watched()
    async with home.started("run", NOTIFY_SOCKET=systemd.path) as relay:
        assert await systemd.hears() == "READY=1"
        relay.terminate()
        assert await systemd.hears("STOPPING") == "STOPPING=1"
        assert await relay.wait() == 0


async def test_systemd_hears_of_an_abstract_socket(home, watched):
    watched()
    with listening(f"@relay-{time.monotonic_ns()}") as systemd:
        async with home.started("run", NOTIFY_SOCKET=systemd.path):
            assert await systemd.hears() == "READY=1"


async def test_ready_is_said_when_the_api_is_down(home, systemd):
    home.watch("http://127.0.0.1:9", "", kinds=("parse",))
    async with home.started("run", NOTIFY_SOCKET=systemd.path) as relay:
        assert await systemd.hears() == "READY=1"
        relay.terminate()
        assert (await ended(relay))[0] == 0


async def test_a_supervisor_that_does_not_listen_harms_nothing(home, watched, looked, tmp_path):
    watched()
    async with home.started("run", NOTIFY_SOCKET=str(tmp_path / "nobody")) as relay:
        await looked()
        relay.terminate()
        assert (await ended(relay))[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_an_idle_relay_soon(home, watched, looked, number):
    watched()
    async with home.started("run") as relay:
        await looked()
        relay.send_signal(number)
        status, seconds = await ended(relay)
    assert status == 0
    assert seconds < 3


async def test_sigterm_ends_within_ten_seconds_while_a_receiver_hangs(
    home, watched, looked, simulator, receiver
):
    watched("concurrency = 2")
    receiver.hang()
    async with home.started("run") as relay:
        await looked()
        for _ in range(9):
            simulator.create("parse")
        await until(lambda: receiver.hanging == 2)
        await until(lambda: len(home.ask("SELECT 1 FROM deliveries")) == 9)
        relay.terminate()
        status, _ = await ended(relay)
    assert status == 0
    claimed = home.ask("SELECT state, owner, due_at <= strftime('%Y-%m-%dT%H:%M:%fZ') FROM deliveries")
    assert claimed == [("waiting", None, 1)] * 9


async def test_what_was_given_back_arrives_under_its_old_id_after_the_next_start(
    home, watched, looked, simulator, receiver
):
    watched("concurrency = 1")
    receiver.hang()
    async with home.started("run") as relay:
        await looked()
        for _ in range(3):
            simulator.create("parse")
        await until(lambda: receiver.arrivals)
        relay.terminate()
        await ended(relay)
    receiver.go_on()
    first = receiver.arrivals[0]
    async with home.started("run"):
        await until(lambda: len({arrival.id for arrival in receiver.arrivals}) == 3)
        await until(lambda: not home.ask("SELECT 1 FROM deliveries WHERE state <> 'delivered'"))
    assert {arrival.body for arrival in receiver.arrivals if arrival.id == first.id} == {first.body}
    assert home.ask("SELECT sum(attempts) FROM deliveries") == [(len(receiver.arrivals),)]


async def test_sigterm_in_the_middle_of_a_look_ends_relay(home, simulator, receiver, watched):
    watched()
    simulator.fail_next(100, "slow")
    async with home.started("run") as relay:
        await until(lambda: home.ask("SELECT 1 FROM sources"))
        await asyncio.sleep(0.3)
        relay.terminate()
        status, seconds = await ended(relay)
    assert status == 0
    assert seconds < 5


async def test_neither_key_nor_secret_is_in_log_database_or_arguments(
    home, watched, looked, simulator, receiver
):
    watched()
    async with home.started("run") as relay:
        await looked()
        simulator.create("parse")
        simulator.fail_next(1, "error")
        await until(lambda: receiver.arrivals)
        arguments = _content(Path(f"/proc/{relay.pid}/cmdline"))
        relay.terminate()
        await ended(relay)
    written = arguments + b"".join(map(_content, home.folder.iterdir()))
    assert KEY.encode() not in written
    assert SECRET.encode() not in written
    assert SECRET.removeprefix("whsec_").encode() not in written


def _content(path):
    return path.read_bytes()
