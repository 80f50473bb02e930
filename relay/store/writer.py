"""One thread writes. What waits for it is committed together: one fsync for many transactions."""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from relay.errors import StoreFailed

Work = Callable[[sqlite3.Connection], Any]

GROUP_LIMIT = 64
NUMBERS = 2**31

T = TypeVar("T")


class Writer:
    """Runs functions on the connection, each a transaction of its own, as many as wait in one commit.

    A function that raises is undone alone. Cancelling the wait does not undo what was handed in.
    `committed` is told the number of each commit, once it is on the disk and before anyone hears of it, and
    `timed` the seconds it took; both in the writer's thread.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        executor: Executor,
        committed: Callable[[int], object] = lambda _: None,
        timed: Callable[[float], object] = lambda _: None,
    ) -> None:
        self._connection = connection
        self._executor = executor
        self._committed = committed
        self._timed = timed
        self._waiting: deque[_Item] = deque()
        self._lock = threading.Lock()
        self._draining = False

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        work = _Item(function, loop.create_future())
        with self._lock:
            self._waiting.append(work)
            start, self._draining = not self._draining, True
        if start:
            self._executor.submit(self._drain, loop)
        return await work.future  # type: ignore[no-any-return]

    def close(self) -> None:
        self._connection.close()

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        while group := self._take():
            began = time.perf_counter()
            if (number := commit_together(self._connection, group)) is not None:
                self._committed(number)
                self._timed(time.perf_counter() - began)
            try:
                loop.call_soon_threadsafe(_resolve, group)
            except RuntimeError:  # the loop is closed: no one waits any more
                return

    def _take(self) -> list["_Item"]:
        with self._lock:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_LIMIT))]
            self._draining = bool(group)
        return group


class _Item:
    __slots__ = ("error", "function", "future", "result")

    def __init__(self, function: Work, future: asyncio.Future[Any]) -> None:
        self.function = function
        self.future = future
        self.result: Any = None
        self.error: Exception | None = None


def commit_together(connection: sqlite3.Connection, group: list[_Item]) -> int | None:
    """One transaction for all; if it can't be committed, that is the error of each. Its number, if it has
    changed anything.
    """
    number = None
    try:
        connection.execute("BEGIN IMMEDIATE")
        before = connection.total_changes
        for work in group:
            _run_alone(connection, work)
        if connection.total_changes != before:
            number = _next_number(connection)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for work in group:
            work.error = StoreFailed(str(error))
        return None
    return number


def _next_number(connection: sqlite3.Connection) -> int:
    """Commits are counted in the file itself, so that one that is older than it was is known by that."""
    number = (number_of(connection) + 1) % NUMBERS
    connection.execute(f"PRAGMA user_version = {number}")
    return number


def number_of(connection: sqlite3.Connection) -> int:
    """Of the last commit that changed anything."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def is_older(number: int, than: int) -> bool:
    """Numbers begin anew after two thousand million."""
    return 0 < (than - number) % NUMBERS < NUMBERS // 2


def _run_alone(connection: sqlite3.Connection, work: _Item) -> None:
    connection.execute("SAVEPOINT work")
    try:
        work.result = work.function(connection)
    except Exception as error:  # noqa: BLE001 - it is handed to who waits for this work
        connection.execute("ROLLBACK TO work")
        work.error = StoreFailed(str(error)) if isinstance(error, sqlite3.Error) else error
    connection.execute("RELEASE work")


def _resolve(group: list[_Item]) -> None:
    for work in group:
        if work.future.done():
            continue
        if work.error is None:
            work.future.set_result(work.result)
        else:
            work.future.set_exception(work.error)
