import asyncio
import sys
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
    from relay.destinations import TYPES, reaching  # noqa: PLC0415
    from relay.errors import DeliveryFailed  # noqa: PLC0415
    from relay.model import SystemClock  # noqa: PLC0415
    from relay.secrecy import hiding  # noqa: PLC0415

    options, clock = loaded.destinations[name], SystemClock()
    async with reaching(loaded.listen) as reaches:
        try:
            async with asyncio.timeout(options.timeout):
                target = TYPES[options.type].made(options, await reaches.of(options), clock)
                receipt = await target.send(_sample(name, loaded, clock.now()))
        except TimeoutError:
            click.echo(f"{name}: no whole answer within {options.timeout:g} s")
            return False
        except DeliveryFailed as failure:
            click.echo(f"{name}: not delivered: {hiding(options.secrets())(failure.reason)}")
            return False
    click.echo(f"{name}: delivered" + (f" (HTTP {receipt.status})" if receipt.status else ""))
    return True


def _sample(name: str, config: Any, now: float) -> Any:
    import msgspec  # noqa: PLC0415

    from relay.message import Message  # noqa: PLC0415
    from relay.model import Event, EventData, new_id, utc_text  # noqa: PLC0415
    from relay.render import text_of  # noqa: PLC0415

    event = Event(
        id=new_id("evt"),
        type="relay.test",
        timestamp=utc_text(now),
        data=EventData(
            source=None,
            product=None,
            kind=None,
            name=name,
            error="This is a test, sent by hand. Nothing has happened.",
        ),
    )
    message = Message(
        id=new_id("msg"), events=(event,), rule="relay test", relay=config.relay, severity="info"
    )
    return msgspec.structs.replace(message, text=text_of(message, zone=config.timezone))
