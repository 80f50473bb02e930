"""What only the store on SQLite promises: of its file, and of a schema that moves on."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest
from bookkeeping import NOW, Account, a_change, a_job
from sqlite_utils import Database
from virtual import open_inline

from relay.errors import Refused, StoreFailed
from relay.store import Changes, open_store
from relay.store.schema import migrations
from relay.store.writer import number_of

LATER_RELAY = """
import sys
from pathlib import Path
from relay.store import open_store
from relay.store.schema import migrations

@migrations()
def m900_later(db):
    db.execute("ALTER TABLE jobs ADD COLUMN later TEXT")
    db.execute(sys.argv[2])

open_store(Path(sys.argv[1]))
"""


INDEXES = "SELECT name FROM sqlite_master WHERE tbl_name = 'deliveries' AND type = 'index'"
OLD_DELIVERY = """
INSERT INTO deliveries (seq, id, destination, rule, relay, severity, state, due_at, give_up_at, created_at)
VALUES (17, 'msg_1', 'ops', 'all', 'test', 'info', 'dead', '', '', '')"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "relay.db"


@pytest.fixture
async def with_a_job(path):
    store = open_store(path)
    row = await store.open_source(name="parse", kind="parse", identity="{}", now=NOW)
    await Account(store, row.id).learns(a_job("a"))
    await store.close()
    return path


def later_relay(path, statement="SELECT 1"):
    """A process of a later version opens the database."""
    return subprocess.run(
        [sys.executable, "-c", LATER_RELAY, path, statement], capture_output=True, text=True, check=False
    )


async def jobs_of(path):
    store = open_store(path)
    jobs = [row["id"] for row in await store.rows("jobs")]
    await store.close()
    return jobs


def the_refusal(path):
    with pytest.raises(Refused) as caught:
        open_store(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(path))
    return line


async def test_a_database_of_a_newer_relay_is_refused(with_a_job):
    assert later_relay(with_a_job).returncode == 0
    assert "was written by a newer relay (m900_later)" in the_refusal(with_a_job)


async def test_before_a_migration_a_backup_is_made_that_the_old_relay_opens(with_a_job):
    later_relay(with_a_job)
    backup = with_a_job.with_name("relay.db.before-m900_later")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert await jobs_of(backup) == ["a"]


async def test_deliveries_of_an_older_relay_keep_their_numbers_and_indexes(path):
    with closing(sqlite3.connect(path)) as db:
        migrations.apply(Database(db), stop_before="m006_sequence")
        made = sorted(db.execute(INDEXES))
        db.execute(OLD_DELIVERY)
        db.commit()
    store = open_store(path)
    assert store._reader.execute("SELECT seq, id FROM deliveries").fetchall() == [(17, "msg_1")]
    assert set(made) <= set(store._reader.execute(INDEXES))
    row = await store.open_source(name="parse", kind="parse", identity="{}", now=NOW)
    await Account(store, row.id).sees("a")
    assert [row["seq"] for row in await store.rows("deliveries")] == [18]
    await store.close()


async def test_a_migration_that_fails_changes_nothing(with_a_job):
    done = later_relay(with_a_job, "SELECT * FROM nowhere")
    assert "Refused" in done.stderr
    assert await jobs_of(with_a_job) == ["a"]


async def test_a_new_database_has_no_backup(path):
    await open_store(path).close()
    await open_store(path).close()
    assert [file.name for file in path.parent.iterdir() if "before" in file.name] == []


async def test_only_its_owner_may_read_the_file(path):
    store = open_store(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await store.close()


async def test_what_is_committed_is_on_the_disk(path):
    store = open_store(path)
    writer = store.writer._connection
    settings = [writer.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")]
    assert settings == [("wal",), (2,)]
    await store.close()


async def test_readers_cant_write(path):
    store = open_store(path)
    with pytest.raises(StoreFailed, match="readonly"):
        await store.read(lambda db: db.execute("DELETE FROM jobs"))
    await store.close()


def test_a_file_that_is_no_database_is_refused(path):
    path.write_text("relay = 1\n" * 200)
    assert "is not a database of relay's" in the_refusal(path)
    assert path.read_text().startswith("relay = 1")


async def test_a_damaged_database_is_refused_with_the_way_out(with_a_job):
    damaged = bytearray(with_a_job.read_bytes())
    damaged[100:4096] = b"\xaa" * 3996
    with_a_job.write_bytes(damaged)
    assert "is damaged; put a backup in its place" in the_refusal(with_a_job)


@pytest.mark.parametrize("broken", ["no/such/folder/relay.db", "a-file/relay.db", "a-folder"])
def test_a_place_where_no_database_can_be_is_refused(tmp_path, broken):
    (tmp_path / "a-file").touch()
    (tmp_path / "a-folder").mkdir()
    assert "check [relay] database" in the_refusal(tmp_path / broken)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_file_that_cant_be_written_is_refused(with_a_job):
    with_a_job.chmod(0o400)
    with_a_job.parent.chmod(0o500)
    assert "can't be written" in the_refusal(with_a_job)
    with_a_job.parent.chmod(0o700)


async def test_a_path_may_have_any_characters(tmp_path):
    path = tmp_path / "a b#c?d%41.db"
    await open_store(path).close()
    assert await jobs_of(path) == []
    assert {file.name.removesuffix("-wal").removesuffix("-shm") for file in tmp_path.iterdir()} == {path.name}


def test_another_program_s_database_is_refused_and_left_as_it_was(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE addresses (id TEXT)")
    before = path.read_bytes()
    assert "is not a database of relay's" in the_refusal(path)
    assert path.read_bytes() == before


async def test_to_read_and_then_write_waits_for_another_writer_and_never_fails_at_once(path):
    """A transaction that begins as a reader can't become a writer once another has written."""
    stores = [open_store(path) for _ in range(2)]
    row = await stores[0].open_source(name="parse", kind="parse", identity="{}", now=NOW)
    accounts = [Account(store, row.id) for store in stores]
    await asyncio.gather(*(accounts[n % 2].sees(f"job-{n}") for n in range(400)))
    assert len(await stores[0].rows("events", limit=1000)) == 400
    for store in stores:
        await store.close()


async def test_a_commit_shows_in_the_version_though_the_journals_file_is_as_before(path):
    """As where a disk took long: its file was written and looked at long before the commit could be read."""
    store, other = open_store(path), open_store(path)
    row = await other.open_source(name="parse", kind="parse", identity="{}", now=NOW)
    other.writer._connection.execute("PRAGMA wal_checkpoint(RESTART)")
    versions = [await store.version() for _ in range(3)]
    journal = path.with_name(f"{path.name}-wal")
    before = journal.stat()
    await other.resynced(source=row.id, now=NOW)
    os.utime(journal, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (journal.stat().st_mtime_ns, journal.stat().st_size) == (before.st_mtime_ns, before.st_size)
    assert await store.version() not in versions
    for opened in (store, other):
        await opened.close()


@pytest.mark.parametrize("count", [1, 100])
async def test_a_page_is_one_hop_to_the_thread_and_one_commit(path, count):
    hops = []
    store = open_inline(path, after_commit=lambda: hops.append(1))
    row = await store.open_source(name="parse", kind="parse", identity="{}", now=NOW)
    hops.clear()
    jobs = [a_job(f"job-{n}") for n in range(count)]
    keys = [(job.created_at, job.id) for job in jobs]
    for status in ("RUNNING", "FAILED"):
        await Account(store, row.id).ingest(lambda known, to=status: all_changed(known, keys, to), *keys)
    assert len(hops) == 2
    assert len(await store.rows("events", limit=1000)) == 2 * count
    await store.close()


def all_changed(known, keys, status):
    changes = Changes()
    for created_at, job_id in keys:
        one = a_change(known, a_job(job_id, status, created_at), ("ops",))
        changes.events += one.events
        changes.learned += one.learned
        changes.moved += one.moved
    return changes


async def test_a_file_gives_its_free_pages_back(path):
    store = open_store(path)
    db = store.writer._connection
    assert db.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    db.execute("CREATE TABLE much (text TEXT)")
    db.executemany("INSERT INTO much VALUES (?)", (("x" * 5000,) for _ in range(2000)))
    db.execute("DELETE FROM much WHERE rowid % 20")
    before, after = _pages(db), 0
    while (done := await store.shrink(after=after)).after is not None:
        after = done.after
    assert _pages(db) < before / 4
    await store.close()


def _pages(db):
    return db.execute("PRAGMA page_count").fetchone()[0]


async def test_whether_it_can_be_written_is_found_out_by_writing(path):
    store = open_store(path)
    journal = path.with_name(f"{path.name}-wal")
    before, number = journal.stat().st_size, number_of(store.writer._connection)
    await store.writable()
    assert journal.stat().st_size > before
    assert number_of(store.writer._connection) == number
    await store.close()
