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
from relay.destinations import Options, Receipt, email, slack
from relay.destinations.email.layout import mail_of
from relay.destinations.slack.blocks import laid_out
from relay.errors import Refused
from relay.message import Message, Text
from relay.model import Clock
from relay.render import text_of

_COLOURS = {"error": "red", "warning": "yellow", "info": "green"}


class Printer:
    """A destination that shows what would be sent."""

    def __init__(self, name: str, options: Options, *, zone: tzinfo, clock: Clock, **_: Any) -> None:
        self._name = name
        self._options = options
        self._zone = zone
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        head = f"── to {self._name} ({self._options.type}), {message.severity} "
        click.echo(click.style(head.ljust(78, "─"), fg=_COLOURS[message.severity]))
        click.echo(self._read(message))
        return Receipt(answer="dry run: nothing was sent")

    def _read(self, message: Message) -> str:
        """As people would read it; of what machines get, what it says."""
        if isinstance(self._options, slack.SlackOptions):
            return slack.shown(laid_out(message))
        if isinstance(self._options, email.EmailOptions):
            sender, to = self._options.sender, self._options.to
            return email.shown(mail_of(message, sender=sender, to=to, now=self._clock.now()).as_bytes())
        text = text_of(message, zone=self._zone)
        return "\n".join(_lines(text, title=message.title, body=message.body))

    async def close(self) -> None:
        """There is nothing to let go."""


def _lines(text: Text, *, title: str | None, body: str | None) -> Iterator[str]:
    yield title or text.title
    if body is not None:
        yield from body.splitlines()
    else:
        error = (f"    {line}" for line in text.error.splitlines())
        yield from filter(None, (text.subtitle, text.progress, *error))
        yield from text.lines
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
