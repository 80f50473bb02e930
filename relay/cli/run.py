import asyncio
import logging
import os
from contextlib import suppress

import click

from relay.cli import logs
from relay.cli.common import config_option, load, on_signals


@click.command()
@config_option
@click.option("--quiet", is_flag=True, help="Log only what needs attention.")
def run(config: str | None, quiet: bool) -> None:
    """Watch the sources and deliver, until SIGTERM or Ctrl-C.

    Looks and attempts are logged, a line each. What was not sent waits in the database for the next start.
    """
    with suppress(KeyboardInterrupt):  # before it has begun, there is nothing to end
        _run(config, quiet)


def _run(config: str | None, quiet: bool) -> None:
    from relay.model import SystemClock  # noqa: PLC0415
    from relay.service import run as serve  # noqa: PLC0415

    logs.set_up(os.environ, level=logging.WARNING if quiet else logging.INFO)
    loaded = load(config, secrets=True, say=True)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)

    async def body() -> None:
        stop = asyncio.Event()
        on_signals(stop.set)
        await serve(loaded, environ=os.environ, clock=SystemClock(), stop=stop)

    asyncio.run(body())
