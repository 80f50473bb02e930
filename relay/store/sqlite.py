"""The store on SQLite: one writer thread with group commits, readers on a read-only connection."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

from sqlite_utils import Database, Migrations

from relay.errors import Refused, StoreFailed
from relay.store import (
    audit,
    batches,
    claims,
    figures,
    hints,
    mend,
    outbox,
    overdue,
    pages,
    reports,
    retention,
    snapshot,
    start,
)
from relay.store.backup import copy
from relay.store.crowds import with_crowds
from relay.store.records import Turn
from relay.store.schema import migrations
from relay.store.writer import Writer, is_older, number_of

BUSY_SECONDS = 10

JOURNAL_BYTES = 64 * 1024 * 1024
"""What is left of a journal that had to grow larger, once it begins anew."""

T = TypeVar("T")
P = ParamSpec("P")


def _writes(
    work: Callable[Concatenate[sqlite3.Connection, P], T],
) -> Callable[Concatenate["Store", P], Coroutine[Any, Any, T]]:
    """As a method of the store: a transaction in the writer thread."""

    async def method(store: "Store", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await store.writer.run(lambda db: work(db, *args, **kwargs))

    return method


def _reads(
    work: Callable[Concatenate[sqlite3.Connection, P], T],
) -> Callable[Concatenate["Store", P], Coroutine[Any, Any, T]]:
    """As a method of the store: in the reader thread, on its read-only connection."""

    async def method(store: "Store", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await store.read(lambda db: work(db, *args, **kwargs))

    return method


def _turns(
    work: Callable[Concatenate[sqlite3.Connection, P], Turn],
) -> Callable[Concatenate["Store", P], Coroutine[Any, Any, Turn]]:
    """The same, with messages that are whole."""

    async def method(store: "Store", /, *args: P.args, **kwargs: P.kwargs) -> Turn:
        turn = await store.writer.run(lambda db: work(db, *args, **kwargs))
        return await with_crowds(turn, store.read)

    return method


class Store:
    """Every method is one transaction; those of one group commit become durable together.

    What each promises stands with the function behind it.
    """

    def __init__(self, writer: Writer, reader: sqlite3.Connection, executors: Sequence[Executor]) -> None:
        self.writer = writer
        self._reader = reader
        self._executors = executors

    open_source = _writes(snapshot.open_source)
    ingest = _writes(snapshot.ingest)
    look_whole = _writes(snapshot.look_whole)
    look_failed = _writes(snapshot.look_failed)
    move_mark = _writes(snapshot.move_mark)
    resynced = _writes(snapshot.resynced)
    jobs_to_ask = _reads(snapshot.jobs_to_ask)
    younger = _reads(snapshot.younger)
    ended = _reads(snapshot.ended)

    batches_to_follow = _reads(batches.batches_to_follow)
    batch_files = _reads(batches.batch_files)
    jobs_of_kind = _reads(batches.jobs_of_kind)
    batch_followed = _writes(batches.batch_followed)

    hinted = _writes(hints.hinted)
    hints_measured = _writes(hints.hints_measured)
    hint_statistics = _reads(hints.hint_statistics)

    begin = _writes(start.begin)
    change = _writes(start.change)
    cut_waits = _writes(start.cut_waits)
    turn = _turns(outbox.turn)
    give_back = _writes(outbox.give_back)
    keep_words = _writes(claims.keep_words)
    end_leases = _writes(outbox.end_leases)
    is_down = _reads(outbox.is_down)
    give_up = _writes(overdue.give_up)
    overdue = _reads(overdue.overdue)

    retry = _writes(mend.retry)
    repeat = _writes(mend.repeat)
    replay = _writes(mend.replay)
    drop = _writes(mend.drop)
    stored = _reads(mend.stored)

    pruning_begins = _writes(retention.pruning_begins)
    prune_jobs = _writes(retention.prune_jobs)
    prune_own_events = _writes(retention.prune_own_events)
    prune_hints = _writes(retention.prune_hints)
    shrink = _writes(retention.shrink)

    rows = _reads(reports.rows)
    jobs_page = _reads(pages.jobs_page)
    job = _reads(pages.job)
    files_of_batch = _reads(pages.batch_files)
    events_page = _reads(pages.events_page)
    event = _reads(pages.event)
    deliveries_page = _reads(pages.deliveries_page)
    delivery = _reads(pages.delivery)
    summary = _reads(figures.summary)
    series = _reads(figures.series)
    last_event = _reads(figures.last_event)
    chosen = _reads(reports.chosen)
    waiting = _reads(reports.waiting)
    audit_slice = _reads(audit.audit_slice)
    audit = _reads(audit.audit)
    version = _reads(reports.version)
    writable = _writes(reports.writable)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executors[1], work, self._reader)
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error

    async def close(self) -> None:
        """Wait for what was handed in; what is handed in later is refused."""
        for executor in self._executors:
            await asyncio.to_thread(executor.shutdown, wait=True)
        self._reader.close()
        self.writer.close()  # last: who closes last brings the journal into the file


def open_store(
    path: Path,
    *,
    executors: tuple[Executor, Executor] | None = None,
    last: int | None = None,
    committed: Callable[[int], object] = lambda _: None,
    timed: Callable[[float], object] = lambda _: None,
) -> Store:
    """Open or create, migrate, ready to write. Raises Refused with one clear line.

    `last`: the number of a commit that must be in it. `committed` is told the number of each, and
    `timed` the seconds it took.
    """
    try:
        _check_whole(path, last)
        connection = _connect(path)
        _check_ours(path, connection)
        _make_durable(connection)
        _migrate(path, connection)
        reader = sqlite3.connect(_uri(path, "ro"), uri=True, isolation_level=None, check_same_thread=False)
    except (sqlite3.Error, OSError) as error:
        raise Refused(f"{path}: {_words(error)}") from None
    pair = executors or (ThreadPoolExecutor(1, "relay-writer"), ThreadPoolExecutor(1, "relay-reader"))
    return Store(Writer(connection, pair[0], committed, timed), reader, pair)


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


def _connect(path: Path) -> sqlite3.Connection:
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return sqlite3.connect(
        _uri(path, "rw"), uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS
    )


def _check_whole(path: Path, last: int | None) -> None:
    """A journal that is damaged or gone takes commits with it that were told of. It is left as it is."""
    if last is None or not path.exists():
        return
    with closing(sqlite3.connect(_uri(path, "ro"), uri=True, timeout=BUSY_SECONDS)) as db:
        found = number_of(db)
    if is_older(found, than=last):
        raise Refused(
            f"{path}: has lost what was committed ({found} < {last}): its -wal is damaged or gone, or it is "
            f"an older copy; put the right files back, or, if this state is meant, remove {path.name}.lock"
        )


def _check_ours(path: Path, connection: sqlite3.Connection) -> None:
    """A database of someone else's is left as it is."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and Migrations.migrations_table not in tables:
        raise Refused(f"{path}: is not a database of relay's; name another file in [relay] database")


def _make_durable(db: sqlite3.Connection) -> None:
    """Raise where it can't be written."""
    if db.execute("PRAGMA page_count").fetchone() == (0,):  # it would be a write to any other
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA cache_size = -16384")
    db.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
    db.execute("BEGIN IMMEDIATE")
    db.execute("ROLLBACK")


def _migrate(path: Path, connection: sqlite3.Connection) -> None:
    """Apply what is missing, after a backup beside the file. A newer schema than ours is refused."""
    db = Database(connection)
    known = {m.name for m in migrations.pending(Database(memory=True))}
    applied = {m.name for m in migrations.applied(db)}
    if newer := sorted(applied - known):
        raise Refused(
            f"{path}: was written by a newer relay ({newer[-1]}); use that one, or restore a backup"
        )
    if applied and applied != known:
        _back_up(connection, path.with_name(f"{path.name}.before-{min(known - applied)}"))
    if applied == known:
        return
    connection.execute("BEGIN IMMEDIATE")  # another command may be doing the same
    try:
        migrations.apply(db)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _back_up(connection: sqlite3.Connection, to: Path) -> None:
    os.close(os.open(to, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
    copy(connection, to)


def _words(error: Exception) -> str:
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return "is not a database of relay's; name another file in [relay] database"
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return (
            f"is locked by another process for more than {BUSY_SECONDS} s; wait until it is done, or end it"
        )
    if isinstance(error, sqlite3.OperationalError) and "readonly" in str(error):
        return "can't be written; check who owns the file and its folder"
    if isinstance(error, OSError):
        return f"can't be opened: {error.strerror}; check [relay] database and who owns the folder"
    return f"can't be opened: {error}; check [relay] database and who owns the folder"
