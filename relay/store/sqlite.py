"""The store on SQLite: one writer thread with group commits, readers on a read-only connection."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

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
from relay.store.connections import reading
from relay.store.crowds import with_crowds
from relay.store.opening import opened, words
from relay.store.records import Turn
from relay.store.writer import Writer

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

    def __init__(
        self,
        writer: Writer,
        reader: sqlite3.Connection,
        watcher: sqlite3.Connection,
        executors: Sequence[Executor],
    ) -> None:
        self.writer = writer
        self._reader = reader
        self._watcher = watcher
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
    hint_statistics = _reads(figures.hint_statistics)

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
    writable = _writes(reports.writable)

    async def version(self) -> int:
        """Asked often, so without a hop: it waits for no one, and takes microseconds."""
        try:
            return reports.version(self._watcher)
        except sqlite3.Error as error:
            raise StoreFailed(str(error)) from error

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
        self._watcher.close()
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
        connection = opened(path, last)
        reader, watcher = reading(path), reading(path, patience=0)
    except (sqlite3.Error, OSError) as error:
        raise Refused(f"{path}: {words(error)}") from None
    pair = executors or (ThreadPoolExecutor(1, "relay-writer"), ThreadPoolExecutor(1, "relay-reader"))
    return Store(Writer(connection, pair[0], committed, timed), reader, watcher, pair)
