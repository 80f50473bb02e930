import asyncio
import time
from contextlib import suppress

import click

from relay.cli.common import for_option, on_signals


@click.command()
@click.option("--listen", default="127.0.0.1:8711", show_default=True, metavar="HOST:PORT")
@click.option("--seed", default=0, show_default=True, help="The same seed makes the same jobs.")
@click.option(
    "--speed", default=3.0, show_default=True, type=click.FloatRange(0.01, 1000), help="How fast jobs move."
)
@click.option("--api-key", help="The only key to take; any is good by default.")
@for_option
def simulate(listen: str, seed: int, speed: float, api_key: str | None, seconds: float | None) -> None:
    """Serve a simulated LlamaCloud API whose jobs come and move: rules can be tried without an account."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise click.UsageError("--listen takes HOST:PORT, such as 127.0.0.1:8711.")
    asyncio.run(_serve(host, int(port), seed, speed, api_key, seconds))


async def _serve(
    host: str, port: int, seed: int, speed: float, api_key: str | None, seconds: float | None
) -> None:
    from relay.cli.serve import on_port  # noqa: PLC0415
    from relay.simulator import Simulator, demo  # noqa: PLC0415
    from relay.simulator.http import app  # noqa: PLC0415

    stop = asyncio.Event()
    on_signals(stop.set)
    simulator = Simulator(demo(speed=speed), now=time.time, seed=seed, api_key=api_key)
    async with on_port(app(simulator), host, port) as url:
        click.echo(f"simulated LlamaCloud at {url}: any LlamaCloud client can ask it")
        click.echo(f'in rules.toml: [llamacloud] base_url = "{url}"')
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
