"""A relay process that dies by SIGKILL where it is told to: at a statement, before or after a commit, between
a claim, its send and what comes of it. It is relay as it stands; only who watches it is added.
"""

import asyncio
import logging
import os
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from relay.config import load
from relay.deliver import made
from relay.model import Clock, SystemClock
from relay.service import Again, opened, run
from relay.store.named import SQL
from relay.store.schema import migrations

_PARAMETER = re.compile(r"\\\?\d*|:\w+")


@dataclass(frozen=True, kw_only=True)
class Doom:
    """Where a process dies, the `nth` time that it comes there.

    `moment`: "at" a statement, "before" the commit that holds it, "committed" but before the commit's number
    is noted, or "counted", before anyone hears of it; "claimed" and not sent, "answered" and not settled,
    "naming" a file. What others do to it: "asked" while it waits for a page, "sent" before the receiver
    answers, "taken" once it took a hint, "whenever" for any time. `statement`: a name of `queries.sql`, or
    how the statement begins. `hinted`: it has looked, and a hint has made it look at what moved since.
    """

    moment: str
    statement: str = ""
    nth: int = 1
    hinted: bool = False

    def __str__(self) -> str:
        words = f"{self.moment} {self.statement}".strip() + (f" ({self.nth})" if self.nth > 1 else "")
        return f"{words}, hinted" if self.hinted else words


class Watch:
    """Sees what the process comes to, and ends it there."""

    def __init__(self, doom: Doom) -> None:
        self._doom = doom
        self._left = doom.nth
        self._is_it = _like(SQL[doom.statement]) if doom.statement in SQL else doom.statement
        self._inside = self._is_next = False
        self._new: list[Any] = []

    def comes(self, moment: str) -> None:
        if moment == self._doom.moment:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def hears(self, event: str, values: Sequence[Any]) -> None:
        """An audit hook: each connection that may write is listened to, once it is whole."""
        while self._new:
            self._new.pop().set_trace_callback(self._runs)
        if event == "sqlite3.connect":
            self._is_next = "mode=rw" in str(values[0])
        elif event == "sqlite3.connect/handle" and self._is_next:
            self._new.append(values[0])
            self._is_next = False
        elif event == "os.link":
            self.comes("naming")

    def _runs(self, sql: str) -> None:
        if sql == "BEGIN IMMEDIATE":
            self._inside = False
        elif sql == "COMMIT" and self._inside:
            self.comes("before")
        elif self._matches(sql):
            self._inside = True
            self.comes("at")

    def _matches(self, sql: str) -> bool:
        if isinstance(self._is_it, str):
            return bool(self._is_it) and sql.startswith(self._is_it)
        return self._is_it.fullmatch(sql) is not None

    def committed(self, note: Any, number: int) -> None:
        if self._inside:
            self.comes("committed")
        note(number)
        if self._inside:
            self.comes("counted")


def _like(sql: str) -> re.Pattern[str]:
    return re.compile(_PARAMETER.sub(".*?", re.escape(sql)), re.DOTALL)


class _Held:
    """A held database of which a watch knows when it has committed."""

    def __init__(self, held: Any, watch: Watch) -> None:
        self.database, self.last = held.database, held.last
        self.committed = partial(watch.committed, held.committed)


class _Mortal:
    def __init__(self, destination: Any, watch: Watch) -> None:
        self._destination, self._watch = destination, watch

    async def send(self, message: Any) -> Any:
        self._watch.comes("claimed")
        try:
            return await self._destination.send(message)
        finally:
            self._watch.comes("answered")

    async def close(self) -> None:
        await self._destination.close()


class Ahead(SystemClock):
    """By so many seconds."""

    def __init__(self, by: float) -> None:
        self._by = by

    def now(self) -> float:
        return super().now() + self._by


def live(
    folder: str, environ: dict[str, str], doom: Doom, ahead: float, more: str = "", newer: bool = False
) -> None:
    """A `relay run` in this folder, so far ahead of time. `more` is added to its configuration while it runs;
    `newer`: it knows one migration more.
    """
    watch, path = _begin(folder, doom, newer=newer), Path(folder, "rules.toml")

    def read() -> Any:
        return load(path, environ=environ, secrets=True)

    asyncio.run(_run(read(), Again(path, read), watch, more, Ahead(ahead)))


def command(folder: str, environ: dict[str, str], doom: Doom, *args: str) -> None:
    """One of relay's commands in this folder."""
    _begin(folder, doom)
    os.environ.update(environ)
    os.chdir(folder)
    from relay.cli import main

    sys.argv[1:] = args
    with suppress(SystemExit):
        main()


def _begin(folder: str, doom: Doom, *, newer: bool = False) -> Watch:
    if newer:
        migrations()(m900_newer)
    with Path(folder, "relay.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    logging.basicConfig(level=logging.INFO)
    watch = Watch(doom)
    sys.addaudithook(watch.hears)
    return watch


def m900_newer(db: Any) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN newer TEXT")


async def _run(config: Any, again: Again, watch: Watch, more: str, clock: Clock) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    def make(name: str, options: Any, **how: Any) -> Any:
        return _Mortal(made(name, options, **how), watch)

    def opens(held: Any, timed: Any) -> Any:
        return opened(_Held(held, watch), timed)

    if more:
        path = config.path
        path.write_text(path.read_text("utf-8") + more, "utf-8")
        again.ask()
    await run(config, environ={}, clock=clock, stop=stop, again=again, make=make, opens=opens)
