"""Copies of a database that is in use: the state of one moment, whatever is written meanwhile."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from relay.errors import Refused
from relay.store.connections import reading

PAGES_AT_ONCE = 256

Progress = Callable[[int, int, int], object]
"""Of the last step's status, the pages left and all pages."""


def back_up(database: Path, to: Path, *, overwrite: bool, progress: Progress | None = None) -> int:
    """Copy into one file that only its owner may read; its bytes. Writers do not wait for it.

    Only a copy that is whole gets the name. Raises Refused with one clear line.
    """
    own = (database.with_name(database.name + end) for end in ("", "-wal", "-shm", ".lock"))
    if any(to.exists() and path.exists() and to.samefile(path) for path in own):
        raise Refused(f"{to}: is the database itself, or part of it; name another file")
    if not overwrite and to.exists():
        raise Refused(f"{to}: is there already; name another file, or overwrite it by --force")
    if to.exists() and not to.is_file():
        raise Refused(f"{to}: is no file, and is left as it is; name another")
    part = to.with_name(f"{to.name}.partial")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise Refused(f"{part}: another backup is at work there, or was broken off; remove it") from None
    except OSError as error:
        raise Refused(f"{to}: can't be written ({error.strerror}); check who owns its folder") from None
    try:
        with closing(reading(database)) as source:
            copy(source, part, progress)
        _named(part, to, overwrite=overwrite)
    except (sqlite3.Error, OSError) as error:
        raise Refused(f"{to}: the backup failed: {error}") from None
    finally:
        part.unlink(missing_ok=True)
    return to.stat().st_size


def copy(source: sqlite3.Connection, to: Path, progress: Progress | None = None) -> None:
    """Of what `source` sees now: it holds on to that, or each write meanwhile would begin the copy anew."""
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM sqlite_master").fetchone()
    try:
        with closing(sqlite3.connect(to, isolation_level=None)) as target:
            source.backup(target, pages=PAGES_AT_ONCE, progress=progress, sleep=0.0)
            target.execute("PRAGMA journal_mode = DELETE")  # so that the one file is all there is
    finally:
        source.execute("ROLLBACK")
    with to.open("rb") as file:
        os.fsync(file.fileno())


def _named(part: Path, to: Path, *, overwrite: bool) -> None:
    if overwrite:
        part.replace(to)
    else:
        to.hardlink_to(part)  # fails where another has made it meanwhile
    folder = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
