import asyncio
import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import click

from relay.cli import logs
from relay.cli.common import config_option, load


@click.command()
@config_option
@click.option("--dry-run", is_flag=True, help="Change nothing: look with a copy of the database.")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
def poll(config: str | None, dry_run: bool, sources: tuple[str, ...]) -> None:
    """Look once at the sources, or at those named, and print what has changed.

    Deliveries that follow wait in the database for 'relay run'. Exit status 1 if a look failed.
    """
    loaded = load(config, secrets=True, say=True)
    if unknown := set(sources) - {spec.name for spec in loaded.sources}:
        names = ", ".join(spec.name for spec in loaded.sources)
        raise click.UsageError(f"There is no source '{min(unknown)[:100]}'; there are: {names}.")
    if sources:
        loaded = replace(loaded, sources=tuple(s for s in loaded.sources if s.name in sources))
    logs.set_up(os.environ)
    logs.hide(loaded.secrets())
    with ExitStack() as held:
        if dry_run:
            from relay.cli.dry_run import on_a_copy  # noqa: PLC0415

            loaded = held.enter_context(on_a_copy(loaded))
        from relay.files import only_one  # noqa: PLC0415

        well = asyncio.run(_look(loaded, held.enter_context(only_one(loaded.database))))
    sys.exit(0 if well else 1)


async def _look(loaded: Any, held: Any) -> bool:
    import random  # noqa: PLC0415

    from relay.cli.lists import event_for_people  # noqa: PLC0415
    from relay.model import SystemClock  # noqa: PLC0415
    from relay.service import assembled, opened  # noqa: PLC0415

    async with (
        opened(held) as store,
        assembled(loaded, store=store, clock=SystemClock(), chance=random.Random()) as made,  # noqa: S311
    ):
        last = await store.rows("events", limit=1)
        looks = await asyncio.gather(*(poller.look() for poller in made.relay.pollers))
        for row in await store.rows("events", limit=100_000, after=last[0]["seq"] if last else 0):
            click.echo(event_for_people(row))
    return all(looked.trouble is None for looked in looks)
