import asyncio
import json
import sys
from random import Random
from typing import Any

import click

from relay.cli.common import config_option, json_option, load
from relay.message import one_line

LONGEST = 2000


@click.command()
@config_option
@json_option
@click.argument("destination")
def test(config: str | None, as_json: bool, destination: str) -> None:
    """Send a sample to DESTINATION, marked as a test, and say what came of it. Exit status 1 if it failed."""
    loaded = load(config, secrets=True)
    if destination not in loaded.destinations:
        names = ", ".join(loaded.destinations) or "none"
        raise click.UsageError(f"There is no destination '{destination[:100]}'; there are: {names}.")
    came = asyncio.run(sent(loaded, destination))
    click.echo(json.dumps(came) if as_json else in_words(came))
    sys.exit(0 if came["delivered"] else 1)


def in_words(came: dict[str, Any]) -> str:
    if not came["delivered"]:
        return one_line(f"{came['destination']}: not delivered: {came['reason']}", LONGEST)
    to = f" to {came['to']}" if came["to"] else ""
    protocol = "SMTP" if came["type"] == "email" else "HTTP"
    return one_line(f"{came['destination']}: delivered{to} ({protocol} {came['status']})", LONGEST)


async def sent(loaded: Any, name: str) -> dict[str, Any]:
    """What came of a sample to this destination; whether it is "delivered" among it."""
    from relay.deliver import sample, sender_of  # noqa: PLC0415
    from relay.destinations import Receipt, reaching  # noqa: PLC0415
    from relay.errors import DeliveryFailed  # noqa: PLC0415
    from relay.model import SystemClock  # noqa: PLC0415

    options, clock = loaded.destinations[name], SystemClock()
    receipt, failure = Receipt(), None
    async with reaching(loaded.listen) as reaches:
        reach = await reaches.of(options)
        sender = sender_of(loaded, name, reach=reach, clock=clock, chance=Random())  # noqa: S311 - no secret
        try:
            receipt = await sender.send(sample(name, loaded.relay, clock.now()))
        except DeliveryFailed as failed:
            failure = failed
        finally:
            await sender.close()
    return {
        "destination": name,
        "type": options.type,
        "delivered": failure is None,
        "to": receipt.to or None,
        "status": failure.status if failure else receipt.status,
        "reason": _why(failure) if failure else None,
    }


def _why(failure: Any) -> str:
    return f"some have it; {failure.reason}" if failure.place is not None else str(failure.reason)
