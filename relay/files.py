"""The files of a database while relay runs on it: held for this process alone, and watched."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from relay.errors import Refused
from relay.model import Clock

WATCH_EVERY = 1.8

_COUNT_AT = 16
"""In `FILE.lock`, after the number of the process: the number of the last commit."""


class Held:
    """A database that no other relay runs on. `last`: the last commit known of the relay before."""

    def __init__(self, database: Path, handle: int) -> None:
        self.database = database
        self._handle = handle
        self.last = _number(os.pread(handle, 16, _COUNT_AT))

    def committed(self, number: int) -> None:
        """After the commit is on the disk: it may be ahead of what is noted here, and never behind."""
        with suppress(OSError):
            os.pwrite(self._handle, f"{number:<15}\n".encode(), _COUNT_AT)

    async def watch(self, clock: Clock) -> None:
        """Raises Refused once any of the files is another: what is written goes nowhere then."""
        files = {path: _identity(path) for path in self._files()}
        while True:
            for path, known in files.items():
                if _identity(path) != known:
                    raise Refused(
                        f"{path}: was removed or replaced while relay ran, which has ended for that: what it "
                        "does would be lost; put the file back, and start relay again"
                    )
            await clock.beat(WATCH_EVERY)

    def _files(self) -> Iterator[Path]:
        for end in ("", "-wal", ".lock"):
            yield self.database.with_name(self.database.name + end)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _number(text: bytes) -> int | None:
    digits = text.strip()
    return int(digits) if digits.isdigit() else None


@contextmanager
def only_one(database: Path) -> Iterator[Held]:
    """Hold the database for this process. Raises Refused where another relay run does, or none can."""
    path = database.with_name(database.name + ".lock")
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(
            f"{database}: can't be written ({error.strerror}): check [relay] database and who owns its folder"
        ) from None
    try:
        _lock(handle, database)
        yield Held(database, handle)
    finally:
        os.close(handle)


def _lock(handle: int, database: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(handle, _COUNT_AT, 0).decode("ascii", "replace").strip()
        raise Refused(
            f"{database}: another relay run (process {holder or 'unknown'}) uses it; stop that one first"
        ) from None
    try:
        os.pwrite(handle, f"{os.getpid():<15}\n".encode(), 0)
    except OSError as error:
        raise Refused(f"{database}: can't be written ({error.strerror}): make room on its disk") from None
