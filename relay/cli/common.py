"""What commands share: finding the configuration, opening the store, printing."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from relay.errors import Refused
from relay.message import one_line
from relay.model import parse_duration, seconds_of
from relay.store import Store, open_store

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

config_option = click.option(
    "--config",
    "config",
    metavar="FILE",
    help="The configuration; default $RELAY_CONFIG, ./rules.toml, /etc/relay/rules.toml.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


class Seconds(click.ParamType[float]):
    """A duration as in `rules.toml`, or a plain number of seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return float(value) if str(value)[-1:].isdigit() else parse_duration(str(value))
        except ValueError:
            self.fail(f"{str(value)[:40]!r} is not a duration: write it as 20s or 5m", param, ctx)


class Moment(click.ParamType[float]):
    """How long ago, such as 2h, or when; in seconds since 1970."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        with suppress(ValueError):
            return time.time() - parse_duration(str(value))
        try:
            return seconds_of(str(value))
        except ValueError:
            shown = str(value)[:40]
            self.fail(f"{shown!r} is no time: write it as 2h, or as 2026-11-20T08:00:00Z", param, ctx)


def since_option(words: str) -> Callable[[F], F]:
    return click.option("--since", type=Moment(), metavar="TIME", help=words)


yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def may_go_on(chosen: Sequence[object], *, asking: bool) -> bool:
    """Whether there is anything to do, and, where it is asked, a person who wants it."""
    return bool(chosen) and (not asking or click.confirm("Go on?"))


AT_ONCE = 5000
"""Deliveries that a command changes in one transaction, so that a running relay never waits long."""


async def in_slices(what: Sequence[T], work: Callable[[Sequence[T]], Awaitable[int]]) -> int:
    """The sum of what `work` says of each slice."""
    show, total = percent(), 0
    for start in range(0, len(what), AT_ONCE):
        some = what[start : start + AT_ONCE]
        total += await work(some)
        show(start + len(some), len(what))
    return total


def percent() -> Callable[[int, int], None]:
    """Told how much is done, of how much, it says so on a terminal; elsewhere it says nothing."""
    shown = None

    def show(done: int, of: int) -> None:
        nonlocal shown
        now = 100 * done // max(1, of)
        if now != shown and sys.stderr.isatty():
            click.echo(f"\r{now:3d} %" + ("\n" if done == of else ""), nl=False, err=True)
        shown = now

    return show


def ends(loaded: Any, chosen: Iterable[tuple[int, str, str]], now: float) -> dict[str, float]:
    """Until when each of these deliveries is tried, begun now."""
    return {delivery: now + loaded.give_up_after(to) for _, delivery, to in chosen}


def told(unknown: Iterable[str]) -> str:
    """Ids that someone has typed, fit for a terminal."""
    return ", ".join(one_line(one, 60) for one in sorted(unknown))


for_option = click.option(
    "--for", "seconds", type=Seconds(), metavar="DURATION", help="When to end, such as 20s; default Ctrl-C."
)


def found(option: str | None) -> Path:
    """The configuration's file."""
    from relay import config  # noqa: PLC0415 - only commands that need it pay for it

    return config.find(option, environ=os.environ, cwd=Path.cwd())


def load(option: str | Path | None, *, secrets: bool, say: bool = False) -> Any:
    """The configuration, of a file or of what was given by --config; which file it is goes to stderr where
    `say` is set.
    """
    from relay import config  # noqa: PLC0415 - only commands that need it pay for it

    path = option if isinstance(option, Path) else found(option)
    loaded = config.load(path, environ=os.environ, secrets=secrets)
    if say:
        click.echo(f"configuration: {path}", err=True)
    return loaded


def existing_store(database: Path) -> Store:
    """For commands that read or mend what a run has written. Raises Refused where there is nothing yet."""
    if not database.exists():
        raise Refused(f"{database}: there is no database yet; 'relay run' or 'relay poll' makes it")
    return open_store(database)


def with_store(database: Path, work: Callable[[Store], Any]) -> Any:
    """Run `work(store)` to its end; Ctrl-C ends it as any command."""

    async def body() -> Any:
        store = existing_store(database)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(body())


def on_signals(stop: Callable[[], None]) -> None:
    """SIGTERM and Ctrl-C call `stop`, in the running loop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def print_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """As JSON lines with every field, or as a table of `columns` for people."""
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))  # in ASCII: no value can steer a terminal or break a line
    else:
        click.echo(table(rows, columns))


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    head = [column.upper().replace("_", " ") for column in columns]
    body = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in (head, *body)
    )
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    return "-" if value is None else one_line(str(value), 60)
