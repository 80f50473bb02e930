"""Disks that are full, locked, taken away, torn: relay waits or refuses in one line, and loses nothing."""

import asyncio
import os
import resource
import shutil
import sqlite3
import stat
from contextlib import closing

import pytest

from relay.errors import Refused
from relay.files import only_one
from relay.store import open_store
from tests.process.live import Home, until

HARM = {
    "removed": lambda path: path.unlink(),
    "replaced": lambda path: shutil.copy(path, path.with_name("other")).replace(path),
    "moved away": lambda path: path.rename(path.with_name("elsewhere")),
}


@pytest.mark.parametrize("end", ["", "-wal", ".lock"])
@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
async def test_a_file_that_is_taken_away_while_relay_runs_ends_it_with_a_clear_line(
    home, watched, looked, end, harm
):
    watched()
    async with home.started("run") as relay:
        await looked()
        harm(home.database.with_name(f"relay.db{end}"))
        assert await asyncio.wait_for(relay.wait(), 10) == 1
    last = home.log.read_text().splitlines()[-1]
    assert last.startswith(f"relay: {home.folder}/relay.db{end}: was removed or replaced while relay ran")
    assert "Traceback" not in home.log.read_text()


async def test_a_full_disk_is_waited_for_and_nothing_is_lost(home, watched, looked, simulator, receiver):
    watched()
    async with home.started("run") as relay:
        await looked()
        journal = home.database.with_name("relay.db-wal").stat().st_size
        resource.prlimit(relay.pid, resource.RLIMIT_FSIZE, (journal, resource.RLIM_INFINITY))
        jobs = [simulator.create("parse", status="FAILED").id for _ in range(20)]
        await until(lambda: "look source=parse: the store failed" in home.log.read_text())
        assert receiver.arrivals == []
        resource.prlimit(relay.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        await until(lambda: len(receiver.arrivals) == 20)
        await until(lambda: not home.ask("SELECT 1 FROM deliveries WHERE state <> 'delivered'"))
    assert sorted(arrival.event["data"]["job_id"] for arrival in receiver.arrivals) == sorted(jobs)
    assert "Traceback" not in home.log.read_text()
    assert (await home.relay("audit")).status == 0


async def test_what_is_sent_while_the_disk_is_full_is_settled_once_there_is_room(
    home, watched, looked, simulator, receiver
):
    watched()
    receiver.hang()
    async with home.started("run") as relay:
        await looked()
        for _ in range(5):
            simulator.create("parse", status="FAILED")
        await until(lambda: receiver.hanging == 5)
        resource.prlimit(relay.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        receiver.go_on()
        await until(lambda: "lane destination=hook: the store failed" in home.log.read_text())
        resource.prlimit(relay.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        await until(lambda: home.ask("SELECT count(*) FROM deliveries WHERE state = 'delivered'") == [(5,)])
    assert len(receiver.arrivals) == 5


async def test_a_database_locked_by_another_for_long_is_refused_by_that_name(home, watched):
    watched()
    open_store(home.database)
    with closing(sqlite3.connect(home.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = await home.relay("run")
    assert (done.status, len(done.said)) == (1, 1)
    assert "is locked by another process for more than 10 s" in done.err


async def test_every_file_is_its_owners_alone(home, watched, looked):
    watched()
    async with home.started("run"):
        await looked()
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in home.folder.iterdir()
            if path.name.startswith("relay.db")
        }
    assert modes == dict.fromkeys(("relay.db", "relay.db-wal", "relay.db-shm", "relay.db.lock"), 0o600)


@pytest.fixture
async def killed(home, watched, looked, simulator, receiver):
    """What a relay left behind that was killed after it had told of some changes."""
    watched()
    async with home.started("run") as relay:
        await looked()
        for n in range(0, 12, 4):
            for m in range(n, n + 4):
                simulator.create("parse", id=f"pjb-{m}", status="FAILED")
            await until(lambda: len(receiver.arrivals) == n + 4)  # noqa: B023 - it is over before the next round
        await until(lambda: not home.ask("SELECT 1 FROM deliveries WHERE state <> 'delivered'"))
        relay.kill()
        await relay.wait()
    return home


def garble(path, at):
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0xFF]))


def truncate(path, at):
    os.truncate(path, at)


@pytest.mark.parametrize("harm", [garble, truncate])
async def test_a_journal_torn_at_any_byte_loses_nothing_that_was_told_or_is_refused(killed, tmp_path, harm):
    whole = content(killed.database, tmp_path / "whole")
    size = killed.database.with_name("relay.db-wal").stat().st_size
    found = {"refused": 0, "whole": 0}
    for n, at in enumerate((*range(40), *range(40, size, max(1, size // 150)), size - 1)):
        folder = tmp_path / f"torn-{n}"
        torn = copied(killed.database, folder)
        harm(torn.with_name("relay.db-wal"), at)
        try:
            assert content(torn, folder) == whole
            found["whole"] += 1
        except Refused as refused:
            assert "has lost what was committed" in str(refused)
            found["refused"] += 1
        shutil.rmtree(folder)
    assert found["refused"] > 50


def copied(database, folder):
    folder.mkdir(exist_ok=True)
    for end in ("", "-wal", ".lock"):
        shutil.copy(f"{database}{end}", folder / f"relay.db{end}")
    return folder / "relay.db"


def content(database, folder):
    """All that is in a database once a relay has begun on a copy of it."""
    if database.parent != folder:
        database = copied(database, folder)
    with only_one(database) as held:
        store = open_store(database, last=held.last, committed=held.committed)
        db = store.writer._connection
        tables = ("jobs", "events", "deliveries", "delivery_parts", "attempts", "sources")
        rows = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        store._reader.close()
        store.writer.close()
        return rows


async def test_a_run_on_a_torn_journal_refuses_leaves_it_as_it_is_and_says_the_way_out(killed):
    journal = killed.database.with_name("relay.db-wal")
    os.truncate(journal, journal.stat().st_size // 2)
    before = journal.read_bytes()
    done = await killed.relay("run")
    assert (done.status, len(done.said)) == (1, 1)
    assert "put the right files back, or, if this state is meant, remove relay.db.lock" in done.err
    assert journal.read_bytes() == before
    killed.database.with_name("relay.db.lock").unlink()
    async with killed.started("run"):
        await until(lambda: killed.ask("SELECT 1 FROM sources"))


async def test_a_restart_after_a_kill_finds_all_that_was_committed(killed, tmp_path):
    assert len(content(killed.database, tmp_path / "whole")["events"]) == 12
    async with Home.started(killed, "run") as relay:
        await until(lambda: "relay runs" in killed.log.read_text())
        assert relay.returncode is None
