import asyncio
import gc
import logging
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from relay.cli import logs
from relay.cli.common import config_option, found, load, on_signals

if TYPE_CHECKING:
    from relay.config import Config


@click.command()
@config_option
@click.option("--quiet", is_flag=True, help="Log only what needs attention.")
@click.option(
    "--log-format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="RELAY_LOG",
    show_envvar=True,
    help="Lines for people, or one JSON object a line.",
)
@click.option("--dry-run", is_flag=True, help="Print messages instead of sending them, and change nothing.")
def run(config: str | None, quiet: bool, form: logs.Format, dry_run: bool) -> None:
    """Watch the sources and deliver, until SIGTERM or Ctrl-C.

    SIGHUP, or a change of the file, makes relay read the configuration again; one with mistakes is refused
    whole. Looks and attempts are logged, a line each. What was not sent waits in the database for the next
    start.
    """
    with suppress(KeyboardInterrupt):  # before it has begun, there is nothing to end
        _run(config, quiet, form, dry_run)


def _run(config: str | None, quiet: bool, form: logs.Format, dry_run: bool) -> None:
    from relay.model import SystemClock  # noqa: PLC0415
    from relay.service import Again  # noqa: PLC0415
    from relay.service import run as serve  # noqa: PLC0415

    logs.set_up(os.environ, level=logging.WARNING if quiet else logging.INFO, form=form)
    path, hidden = found(config), list[Any]()

    def read() -> "Config":
        loaded: Config = load(path, secrets=True)
        hidden.extend(loaded.secrets())
        logs.hide(hidden)
        return loaded

    again = Again(path, read)
    loaded = read()
    logs.say(f"configuration: {path}", logging.INFO)
    for warning in loaded.warnings:
        logs.say(f"warning: {warning}", logging.WARNING)

    async def body(config: "Config", **how: Any) -> None:
        stop = asyncio.Event()
        on_signals(stop.set)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, again.ask)
        await serve(config, environ=os.environ, clock=SystemClock(), stop=stop, **how)

    gc.freeze()  # what is loaded stays: to walk through it for garbage would hold all up, for 20 ms at a time
    if not dry_run:
        asyncio.run(body(loaded, again=again))
        return
    from relay.cli.dry_run import Printer, on_a_copy  # noqa: PLC0415

    with on_a_copy(loaded) as copy:
        click.echo("dry run: messages are printed and not sent, the database stays as it is", err=True)
        asyncio.run(body(copy, make=Printer))
