import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from relay.cli.common import for_option, on_signals

if TYPE_CHECKING:
    from relay.simulator import Scenario


@click.command()
@click.option("--listen", default="127.0.0.1:8711", show_default=True, metavar="HOST:PORT")
@click.option(
    "--scenario",
    "file",
    metavar="FILE.toml",
    type=click.Path(path_type=Path),
    help="What happens, and what goes wrong; default all six kinds, all well.",
)
@click.option("--seed", default=0, show_default=True, help="The same seed makes the same jobs.")
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 1000),
    help="How fast jobs move; default what the scenario says, without one 3.",
)
@click.option("--api-key", help="The only key to take; any is good by default.")
@for_option
def simulate(
    listen: str, file: Path | None, seed: int, speed: float | None, api_key: str | None, seconds: float | None
) -> None:
    """Serve a simulated LlamaCloud API whose jobs come and move: rules can be tried without an account."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise click.UsageError("--listen takes HOST:PORT, such as 127.0.0.1:8711.")
    asyncio.run(_serve(host, int(port), _scenario(file, speed), seed, api_key, seconds))


def _scenario(file: Path | None, speed: float | None) -> "Scenario":
    from relay.simulator import demo  # noqa: PLC0415 - only what is needed is paid for

    if file is None:
        return demo() if speed is None else demo(speed=speed)
    from relay.simulator.file import load  # noqa: PLC0415

    scenario = load(file)
    return scenario if speed is None else replace(scenario, speed=speed)


async def _serve(
    host: str, port: int, scenario: "Scenario", seed: int, api_key: str | None, seconds: float | None
) -> None:
    from relay.cli.serve import on_port  # noqa: PLC0415
    from relay.simulator import Simulator  # noqa: PLC0415
    from relay.simulator.http import app  # noqa: PLC0415

    stop = asyncio.Event()
    on_signals(stop.set)
    simulator = Simulator(scenario, now=time.time, seed=seed, api_key=api_key)
    async with on_port(app(simulator), host, port) as url:
        click.echo(f"simulated LlamaCloud at {url}: any LlamaCloud client can ask it")
        click.echo(f'in rules.toml: [llamacloud] base_url = "{url}"')
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
