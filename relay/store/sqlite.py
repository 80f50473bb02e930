"""The store on SQLite: one writer thread with group commits, readers on a read-only connection."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlite_utils import Database, Migrations

from relay.errors import Refused, StoreFailed
from relay.store import audit, outbox, reports, snapshot
from relay.store.records import Changes, Claimed, Decide, Result, Row, SourceRow, Turn
from relay.store.schema import migrations
from relay.store.writer import Writer

BUSY_SECONDS = 10

T = TypeVar("T")


class Store:
    """Every method is one transaction; those of one group commit become durable together."""

    def __init__(self, writer: Writer, reader: sqlite3.Connection, executors: Sequence[Executor]) -> None:
        self._writer = writer
        self._reader = reader
        self._executors = executors

    async def open_source(self, *, name: str, kind: str, identity: str, now: float) -> SourceRow:
        work = partial(snapshot.open_source, name=name, kind=kind, identity=identity, now=now)
        return await self._write(work)

    async def ingest(
        self,
        *,
        source: int,
        keys: Sequence[tuple[str, str]],
        decide: Decide,
        baseline: str | None,
        now: float,
    ) -> tuple[Changes, int | None]:
        """From a page to the outbox; `keys` are (created_at, id) of its jobs. The new sequence if any."""
        return await self._write(
            partial(snapshot.ingest, source=source, keys=keys, decide=decide, baseline=baseline, now=now)
        )

    async def look_whole(
        self, *, source: int, mark: str | None, newest: str | None, whole_at: float, now: float
    ) -> None:
        await self._write(
            partial(snapshot.look_whole, source=source, mark=mark, newest=newest, whole_at=whole_at, now=now)
        )

    async def look_failed(self, *, source: int, trouble: str, now: float) -> int:
        """How many looks in a row have now failed."""
        return await self._write(partial(snapshot.look_failed, source=source, trouble=trouble, now=now))

    async def jobs_to_ask(self, *, source: int, ended_since: str) -> Sequence[tuple[str, str, str, str]]:
        return await self._read(partial(snapshot.jobs_to_ask, source=source, ended_since=ended_since))

    async def turn(
        self,
        *,
        destination: str,
        owner: str,
        results: Sequence[Result],
        unsent: Sequence[Claimed],
        room: int,
        lease_until: float,
        now: float,
    ) -> Turn:
        """A lane's one hop: what ended is settled, what was not sent given back, and up to `room` claimed."""
        return await self._write(
            partial(
                outbox.turn,
                destination=destination,
                owner=owner,
                results=results,
                unsent=unsent,
                room=room,
                lease_until=lease_until,
                now=now,
            )
        )

    async def give_back(self, *, unsent: Sequence[Claimed], now: float) -> None:
        await self._write(partial(outbox.give_back, unsent=unsent, now=now))

    async def end_leases(self, *, now: float) -> None:
        await self._write(partial(outbox.end_leases, now=now))

    async def retry(self, *, ids: Sequence[str], give_up_at: float, now: float) -> int:
        return await self._write(partial(outbox.retry, ids=ids, give_up_at=give_up_at, now=now))

    async def version(self) -> int:
        """A number that differs when another connection, of any process, has committed."""
        return await self._read(lambda db: int(db.execute("PRAGMA data_version").fetchone()[0]))

    async def rows(self, what: str, **filters: Any) -> list[Row]:
        """The rows of `jobs`, `events`, `deliveries` or `sources`, newest first, for people and scripts."""
        return await self._read(partial(reports.rows, what=what, **filters))

    async def audit(self) -> audit.Ledger:
        return await self._read(audit.audit)

    async def writable(self) -> None:
        """Raises StoreFailed where nothing can be written."""
        await self._write(lambda db: db.execute("UPDATE sources SET seq = seq WHERE id = 0"))

    async def close(self) -> None:
        """Waits for what was handed in; what is handed in later is refused."""
        for executor in self._executors:
            await asyncio.to_thread(executor.shutdown, wait=True)
        self._reader.close()
        self._writer.close()  # last: who closes last brings the journal into the file

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._writer.run(work)  # type: ignore[no-any-return]

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executors[1], work, self._reader)
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error


def open_store(path: Path, *, executors: tuple[Executor, Executor] | None = None) -> Store:
    """Open or create, migrate, ready to write. Raises Refused with one clear line."""
    try:
        connection = _connect(path)
        _check_ours(path, connection)
        _make_durable(connection)
        _migrate(path, connection)
        reader = sqlite3.connect(_uri(path, "ro"), uri=True, isolation_level=None, check_same_thread=False)
    except (sqlite3.Error, OSError) as error:
        raise Refused(f"{path}: {_words(error)}") from None
    pair = executors or (ThreadPoolExecutor(1, "relay-writer"), ThreadPoolExecutor(1, "relay-reader"))
    return Store(Writer(connection, pair[0]), reader, pair)


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


def _connect(path: Path) -> sqlite3.Connection:
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return sqlite3.connect(
        _uri(path, "rw"), uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS
    )


def _check_ours(path: Path, connection: sqlite3.Connection) -> None:
    """A database of someone else's is left as it is."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and Migrations.migrations_table not in tables:
        raise Refused(f"{path}: is not a database of relay's; name another file in [relay] database")


def _make_durable(db: sqlite3.Connection) -> None:
    """Raise where it can't be written."""
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA cache_size = -32768")
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
    migrations.apply(db)


def _back_up(connection: sqlite3.Connection, to: Path) -> None:
    os.close(os.open(to, os.O_CREAT | os.O_RDWR, 0o600))
    with sqlite3.connect(to) as copy:
        connection.backup(copy)
    copy.close()


def _words(error: Exception) -> str:
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return "is not a database of relay's; name another file in [relay] database"
    if isinstance(error, sqlite3.OperationalError) and "readonly" in str(error):
        return "can't be written; check who owns the file and its folder"
    if isinstance(error, OSError):
        return f"can't be opened: {error.strerror}; check [relay] database and who owns the folder"
    return f"can't be opened: {error}; check [relay] database and who owns the folder"
