"""What relay can't do as things stand: one clear line, exit status 1, nothing half done."""

import sqlite3
from contextlib import closing

import pytest
from aiohttp import web

from tests.process.live import PLACE, served, until

API = "http://127.0.0.1:9"


def refused(done, *parts):
    (line,) = done.said
    assert (done.status, done.out) == (1, "")
    assert line.startswith("relay: ")
    for part in parts:
        assert part in line


async def test_a_port_in_use(home):
    async with served(web.Application()) as url:
        address = url.removeprefix("http://")
        home.watch(API, "", place=PLACE.replace('"off"', f'"{address}"'))
        refused(
            await home.relay("run"), f"can't listen on {address}: Address already in use", "[relay] listen"
        )


async def test_a_port_in_use_leaves_the_database_to_the_next_start(home):
    async with served(web.Application()) as url:
        home.watch(API, "", place=PLACE.replace('"off"', f'"{url.removeprefix("http://")}"'))
        assert (await home.relay("run")).status == 1
    async with home.started("run"):
        await until(lambda: home.ask("SELECT 1 FROM sources WHERE failures > 0"))


async def test_healthz_is_served(home):
    async with served(web.Application()) as url:
        port = url.rpartition(":")[2]
    home.watch(API, "", place=PLACE.replace('"off"', f'"127.0.0.1:{port}"'))
    async with home.started("run"):
        await until(lambda: home.ask("SELECT 1 FROM sources"))
        status, said = await _get(f"http://127.0.0.1:{port}/healthz")
    assert (status, said["ok"]) == (200, True)


async def _get(url):
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize("command", ["run", "poll", "status", "audit", "jobs"])
async def test_a_database_of_a_newer_schema(past, command):
    with closing(sqlite3.connect(past.database)) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
            ("relay", "m999_from_tomorrow", "2030-01-01"),
        )
        db.commit()
    before = past.database.read_bytes()
    done = await past.relay(command)
    refused(done, str(past.database), "was written by a newer relay (m999_from_tomorrow)")
    assert past.database.read_bytes() == before


@pytest.mark.parametrize("command", ["run", "poll", "status", "audit"])
async def test_a_file_that_is_no_database(home, command):
    home.watch(API, "")
    home.database.write_bytes(b"a letter to my grandmother\n" * 100)
    refused(await home.relay(command), str(home.database), "is not a database of relay's")
    assert home.database.read_bytes() == b"a letter to my grandmother\n" * 100


# The tests may run as root, whom no file mode stops: these places can't be written by anyone.
UNWRITABLE = {
    "a folder that is not there": "missing/relay.db",
    "a place below a file": "rules.toml/relay.db",
    "a file system without files": "/proc/relay.db",
}


@pytest.mark.parametrize("command", ["run", "poll"])
@pytest.mark.parametrize("place", UNWRITABLE.values(), ids=UNWRITABLE.keys())
async def test_a_database_that_can_not_be_written(home, command, place):
    home.watch(API, "", place=PLACE.replace("relay.db", place))
    refused(await home.relay(command), str(home.folder / place), "check")
    assert [path for path in home.folder.iterdir() if path.suffix != ".lock"] == [home.config]


async def test_a_database_that_is_a_directory_is_a_mistake_like_any_other(home):
    home.watch(API, "", place=PLACE.replace("relay.db", "."))
    done = await home.relay("run")
    assert done.status == 2
    assert "relay.database: is a directory: name a file in it" in done.err


@pytest.mark.parametrize("command", ["run", "poll"])
async def test_a_second_relay_on_one_database(home, command):
    home.watch(API, "")
    async with home.started("run") as first:
        await until(lambda: home.ask("SELECT 1 FROM sources"))
        refused(
            await home.relay(command), f"another relay run (process {first.pid}) uses it; stop that one first"
        )
        assert first.returncode is None
        first.terminate()
        assert await first.wait() == 0
    async with home.started("run") as next_one:
        await until(lambda: home.ask("SELECT 1 FROM sources WHERE failures > 0"))
        assert next_one.returncode is None


@pytest.mark.parametrize("command", ["status", "jobs", "events", "deliveries", "audit"])
async def test_reading_works_beside_a_relay_that_runs(past, command):
    async with past.started("run") as relay:
        await until(lambda: "relay runs" in past.log.read_text())
        assert (await past.relay(command)).status == 0
        assert relay.returncode is None


async def test_a_database_that_fails_in_mid_command(past):
    with closing(sqlite3.connect(past.database)) as db:
        db.execute("ALTER TABLE events RENAME TO lost")
        db.commit()
    refused(await past.relay("events"), "the database did not answer")
