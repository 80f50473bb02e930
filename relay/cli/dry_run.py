"""Messages on the terminal instead of at their destinations."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from relay.config import Config
from relay.destinations import Options, Receipt
from relay.errors import Refused
from relay.message import Message
from relay.model import Clock
from relay.store.backup import copy
from relay.store.connections import reading

_COLOURS = {"error": "red", "warning": "yellow", "info": "green"}


class Printer:
    """A destination that shows what would be sent."""

    def __init__(self, name: str, options: Options, *, clock: Clock, **_: Any) -> None:
        self._name = name
        self._options = options
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        head = f"── to {self._name} ({self._options.type}), {message.severity} "
        click.echo(click.style(head.ljust(78, "─"), fg=_COLOURS[message.severity]))
        click.echo(self._options.preview(message, now=self._clock.now()))
        return Receipt(answer="dry run: nothing was sent")

    async def close(self) -> None:
        """There is nothing to let go."""


@contextmanager
def on_a_copy(config: Config) -> Iterator[Config]:
    """The same configuration over a copy of its database, which goes at the end: nothing is changed."""
    with tempfile.TemporaryDirectory(prefix="relay-dry-run-") as folder:
        copy = Path(folder) / "relay.db"
        try:
            _copy(config.database, copy)
        except (sqlite3.Error, OSError) as error:
            raise Refused(f"{config.database}: can't be copied for a dry run: {error}") from None
        yield replace(config, database=copy, listen=None, heartbeat_url=None)


def _copy(database: Path, to: Path) -> None:
    if not database.exists():
        return
    if shutil.disk_usage(to.parent).free < 2 * database.stat().st_size:
        raise OSError(f"{to.parent} has no room for it")
    with closing(reading(database)) as source:
        copy(source, to)
