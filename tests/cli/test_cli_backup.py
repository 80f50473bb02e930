"""A backup is made while relay writes, and what it holds opens, audits clean and runs."""

import asyncio
import os
import pty
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import THREE
from tests.process.live import Home, served, until

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


async def test_a_backup_is_one_private_file_that_opens_and_audits_clean(past):
    done = await past.relay("backup", "copy.db")
    assert (done.status, done.said) == (0, [])
    assert done.out.startswith("copy.db: ")
    copy = past.folder / "copy.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in past.folder.iterdir() if path.name.startswith("copy")] == ["copy.db"]
    before = (await past.relay("events", "--json")).rows
    past.database.unlink()
    copy.rename(past.database)
    assert (await past.relay("audit")).status == 0
    assert (await past.relay("events", "--json")).rows == before


async def test_while_another_writes_without_pause_it_is_still_whole_and_of_one_moment(past):
    """Rows come in twos: a copy of one moment never has an odd number."""
    with closing(sqlite3.connect(past.database, check_same_thread=False)) as db:
        db.execute("CREATE TABLE twins (n INTEGER, fill TEXT)")
        db.executemany("INSERT INTO twins VALUES (?, ?)", ((n, "x" * 2000) for n in range(10_000)))
        db.commit()
        stop = threading.Event()

        def write():
            while not stop.is_set():
                db.execute("INSERT INTO twins SELECT n, fill FROM twins WHERE n < 2 LIMIT 2")
                db.execute("UPDATE twins SET fill = 'y' || n WHERE n = abs(random()) % 10000")
                db.commit()

        writing = asyncio.create_task(asyncio.to_thread(write))
        try:
            done = await past.relay("backup", "copy.db")
        finally:
            stop.set()
            await writing
    assert done.status == 0
    with closing(sqlite3.connect(past.folder / "copy.db")) as copy:
        (count,) = copy.execute("SELECT count(*) FROM twins").fetchone()
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert count % 2 == 0


async def test_a_relay_that_starts_on_a_copy_delivers_what_was_owed_under_its_old_id(
    home, tmp_path, simulator, api, receiver
):
    receiver._status = lambda *_: 503
    async with served(receiver.app()) as url:
        hook = '[destinations.hook]\ntype = "webhook"\nurl = "{url}/hook"\nsecret = "$WEBHOOK_SECRET"\n'
        rule = '[rules.all]\non = ["*"]\nto = ["hook"]\n'
        home.watch(api, hook.format(url=url) + rule, kinds=("parse",))
        async with home.started("run"):
            await until(lambda: home.sources_seen() == 1)
            simulator.create("parse")
            await until(lambda: receiver.arrivals)
            assert (await home.relay("backup", "copy.db")).status == 0
        restored = Home(tmp_path / "restored")
        restored.folder.mkdir()
        shutil.copy(home.config, restored.config)
        shutil.copy(home.folder / "copy.db", restored.database)
        receiver._status = lambda *_: 204
        async with restored.started("run"):
            await until(lambda: restored.ask("SELECT 1 FROM deliveries WHERE state = 'delivered'"))
        assert len({(arrival.id, arrival.body) for arrival in receiver.arrivals}) == 1
        assert (await restored.relay("audit")).status == 0


async def test_the_way_back_to_an_earlier_release_is_as_the_documentation_says(past, api):
    """What was committed since the backup is given up by who follows it, so relay starts."""
    past.watch(api, THREE.format(url="http://127.0.0.1:9"), kinds=("parse", "split"))
    await past.relay("backup", "relay.db.before-m9")
    assert (await past.relay("poll")).status == 0
    recipe = OPERATIONS.read_text("utf-8").partition("put the backup in its place: `cd /var/lib/relay && ")[2]
    command = recipe.partition("`")[0].replace("before-m…", "before-m9")
    shell = await asyncio.create_subprocess_exec("bash", "-euc", command, cwd=past.folder)
    assert await shell.wait() == 0
    again = await past.relay("poll")
    assert again.status == 0, again.err


async def test_a_file_that_is_there_is_not_overwritten_unless_it_is_said(past):
    (past.folder / "copy.db").write_text("dear diary")
    done = await past.relay("backup", "copy.db")
    assert (done.status, len(done.said)) == (1, 1)
    assert "is there already; name another file, or overwrite it by --force" in done.err
    assert (past.folder / "copy.db").read_text() == "dear diary"
    assert (await past.relay("backup", "--force", "copy.db")).status == 0
    assert (past.folder / "copy.db").read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("relay.db", "is the database itself"),
        ("no/such/folder/copy.db", "can't be written (No such file or directory)"),
        ("/proc/copy.db", "can't be written"),
    ],
)
async def test_where_none_can_be_made_it_says_so_and_the_database_stays(past, file, says):
    done = await past.relay("backup", "--force", file)
    assert (done.status, len(done.said)) == (1, 1)
    assert says in done.err
    assert (await past.relay("audit")).status == 0


async def test_without_a_database_there_is_nothing_to_copy(home):
    home.watch("http://127.0.0.1:9", "")
    done = await home.relay("backup", "copy.db")
    assert done.status == 1
    assert "there is no database yet" in done.err


async def test_on_a_terminal_it_says_how_far_it_is(past):
    ours, theirs = pty.openpty()
    process = await past.start(("backup", "copy.db"), {}, stdout=theirs, stderr=theirs)
    assert await asyncio.wait_for(process.wait(), 30) == 0
    os.close(theirs)
    assert b"100 %" in os.read(ours, 10_000)
    os.close(ours)


async def test_what_is_no_file_is_never_replaced_by_a_copy(past):
    pipe = past.folder / "pipe"
    os.mkfifo(pipe)
    done = await past.relay("backup", str(pipe), "--force")
    assert (done.status, done.out) == (1, "")
    assert f"{pipe}: is no file, and is left as it is" in done.err
    assert pipe.is_fifo()


async def test_a_name_that_no_disk_takes_is_refused_in_one_line(past):
    done = await past.relay("backup", "a" * 300)
    (line,) = done.said
    assert done.status == 1
    assert "File name too long" in line
