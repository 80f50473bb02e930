"""A real relay process that a service manager's watchdog watches."""

import asyncio


async def test_the_watchdog_is_fed_and_the_status_is_in_words(home, watched, systemd):
    watched()
    async with home.started("run", NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="400000"):
        assert await systemd.hears() == "READY=1"
        said = await systemd.hears("STATUS=1 source, 0 open jobs, 0 waiting to be sent; all")
        for _ in range(5):
            assert await systemd.hears("WATCHDOG") == "WATCHDOG=1"
    assert said.endswith("; all well")


async def test_who_has_no_watchdog_is_not_bothered(home, watched, looked, systemd):
    watched()
    async with home.started("run", NOTIFY_SOCKET=systemd.path) as relay:
        await looked()
        await asyncio.sleep(1)
        relay.terminate()
        await relay.wait()
    assert [said for said in systemd.heard() if said.startswith("WATCHDOG")] == []


async def test_a_source_that_is_not_read_is_named(home, watched, simulator, systemd):
    watched()
    simulator.fail_next(1000, "error")
    stands = "STATUS=1 source, 0 open jobs, 0 waiting to be sent; parse is not read yet"
    async with home.started("run", NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="400000"):
        assert await systemd.hears(stands) == stands
        assert await systemd.hears(stands) == f"{stands} (server_error)"
