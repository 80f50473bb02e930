"""Opens the file of a database: checked, durable, and with the schema of this relay."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database, Migrations

from relay.errors import Refused
from relay.store.backup import copy
from relay.store.connections import BUSY_SECONDS, connect, reading
from relay.store.schema import migrations
from relay.store.writer import is_older, number_of

JOURNAL_BYTES = 64 * 1024 * 1024
"""What is left of a journal that had to grow larger, once it begins anew."""


def opened(path: Path, last: int | None) -> sqlite3.Connection:
    """For writing. Raises Refused, or what SQLite and the system say."""
    _check_whole(path, last)
    connection = connect(path)
    _check_ours(path, connection)
    make_durable(connection)
    _migrate(path, connection)
    return connection


def _check_whole(path: Path, last: int | None) -> None:
    """A journal that is damaged or gone takes commits with it that were told of. It is left as it is."""
    if last is None or not path.exists():
        return
    with closing(reading(path)) as db:
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


def make_durable(db: sqlite3.Connection) -> None:
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


def words(error: Exception) -> str:
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return "is not a database of relay's; name another file in [relay] database"
    if isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error):
        return "is damaged; put a backup in its place, as docs/operations.md says"
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return (
            f"is locked by another process for more than {BUSY_SECONDS} s; wait until it is done, or end it"
        )
    if isinstance(error, sqlite3.OperationalError) and "readonly" in str(error):
        return "can't be written; check who owns the file and its folder"
    if isinstance(error, OSError):
        return f"can't be opened: {error.strerror}; check [relay] database and who owns the folder"
    return f"can't be opened: {error}; check [relay] database and who owns the folder"
