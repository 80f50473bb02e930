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

T = TypeVar("T")


class Writer:
    """Runs functions on the connection, each a transaction of its own, as many as wait in one commit.

    A function that raises is undone alone. Cancelling the wait does not undo what was handed in. `committed`
    may be set to what is called after each commit, in the writer's thread, with the seconds it took.
    """

    def __init__(self, connection: sqlite3.Connection, executor: Executor) -> None:
        self.committed: Callable[[float], None] = lambda _: None
        self._connection = connection
        self._executor = executor
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
            commit_together(self._connection, group)
            self.committed(time.perf_counter() - began)
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


def commit_together(connection: sqlite3.Connection, group: list[_Item]) -> None:
    """One transaction for all; if it can't be committed, that is the error of each."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        for work in group:
            _run_alone(connection, work)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for work in group:
            work.error = StoreFailed(str(error))


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
