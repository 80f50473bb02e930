import asyncio
import sys
from functools import partial
from random import Random
from typing import Any

import click

from relay.cli.common import config_option, load


@click.command()
@config_option
@click.argument("destination")
def test(config: str | None, destination: str) -> None:
    """Send a sample to DESTINATION, marked as a test, and say what came of it."""
    loaded = load(config, secrets=True)
    if destination not in loaded.destinations:
        names = ", ".join(loaded.destinations) or "none"
        raise click.UsageError(f"There is no destination '{destination[:100]}'; there are: {names}.")
    sys.exit(0 if asyncio.run(_send(loaded, destination)) else 1)


async def _send(loaded: Any, name: str) -> bool:
    from relay.deliver import Sender, made, sample  # noqa: PLC0415
    from relay.destinations import TYPES, reaching  # noqa: PLC0415
    from relay.errors import DeliveryFailed  # noqa: PLC0415
    from relay.model import SystemClock  # noqa: PLC0415
    from relay.render import text_of  # noqa: PLC0415

    options, clock = loaded.destinations[name], SystemClock()
    async with reaching(loaded.listen) as reaches:
        target = made(name, options, reach=await reaches.of(options), clock=clock)
        text = partial(text_of, zone=loaded.timezone)
        sender = Sender(name, options, target, clock=clock, random=Random(), text=text)  # noqa: S311 - no secret
        try:
            receipt = await sender.send(sample(name, loaded.relay, clock.now()))
        except DeliveryFailed as failure:
            click.echo(f"{name}: not delivered: {failure.reason}")
            return False
        finally:
            await target.close()
    status = f"{'HTTP' if TYPES[options.type].over_http else 'SMTP'} {receipt.status}"
    click.echo(f"{name}: delivered" + (f" ({status})" if receipt.status else ""))
    return True
