"""Messages on the terminal instead of at their destinations."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path
from typing import Any

import click

from relay.config import Config
from relay.destinations import Options, Receipt
from relay.errors import Refused
from relay.message import Message, Text
from relay.render import text_of

_COLOURS = {"error": "red", "warning": "yellow", "info": "green"}


class Printer:
    """A destination that shows what would be sent."""

    def __init__(self, name: str, options: Options, *, zone: tzinfo, **_: Any) -> None:
        self._name = name
        self._type = options.type
        self._zone = zone

    async def send(self, message: Message) -> Receipt:
        text = text_of(message, zone=self._zone)
        head = f"── to {self._name} ({self._type}), {message.severity} "
        click.echo(click.style(head.ljust(78, "─"), fg=_COLOURS[message.severity]))
        click.echo("\n".join(lines_of(text, title=message.title, body=message.body)))
        return Receipt(answer="dry run: nothing was sent")

    async def close(self) -> None:
        """There is nothing to let go."""


def lines_of(text: Text, *, title: str | None = None, body: str | None = None) -> Iterator[str]:
    yield title or text.title
    if body is not None:
        yield from body.splitlines()
    else:
        yield from filter(None, (text.subtitle, *text.error.splitlines(), *text.lines))
        yield from (f"{label}: {value}" for label, value in text.facts)
    yield from filter(None, (text.url, " · ".join(filter(None, (text.when, text.why)))))


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
    source = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    with closing(source), closing(sqlite3.connect(to)) as target:
        source.backup(target)
