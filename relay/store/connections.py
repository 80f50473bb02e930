"""Connections to the file of a database, as they come: its path has only to be one."""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

BUSY_SECONDS = 10
"""So long does a statement wait for another process, unless its caller has less patience."""


def connect(path: Path) -> sqlite3.Connection:
    """For writing; a file that is not there is made, for its owner alone."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return _connected(path, "rw", BUSY_SECONDS)


def reading(path: Path, *, patience: float = BUSY_SECONDS) -> sqlite3.Connection:
    """For reading alone, of a file that is there; so many seconds of patience."""
    return _connected(path, "ro", patience)


def _connected(path: Path, mode: str, patience: float) -> sqlite3.Connection:
    where = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False, timeout=patience)
