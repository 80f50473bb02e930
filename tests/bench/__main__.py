"""`make bench`: ratios measured in one run; they say more than rates, which are the machine's."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.bench import cost, delivery, flood, idle, look, memory, neighbours, pages, peers, poll, rule, start
from tests.bench.ratios import Compared, table

BENCHES: dict[str, Callable[[Path], AsyncIterator[Compared]]] = {
    "look": look.measure,
    "poll": poll.measure,
    "delivery": delivery.measure,
    "neighbours": neighbours.measure,
    "peers": peers.measure,
    "rule": rule.measure,
    "pages": pages.measure,
    "cost": cost.measure,
    "memory": memory.measure,
    "start": start.measure,
    "flood": flood.measure,
    "idle": idle.measure,
}


@click.command(help=__doc__)
@click.option(
    "--only", type=click.Choice(list(BENCHES)), multiple=True, help="Measure this; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="One object a line, with the numbers of each round.")
def main(only: tuple[str, ...], *, as_json: bool) -> None:
    gc.freeze()  # as `relay run` does
    for name in only or BENCHES:
        compared = asyncio.run(_measured(name))
        click.echo(
            "\n".join(json.dumps(one.as_json()) for one in compared) if as_json else table(compared) + "\n"
        )


async def _measured(name: str) -> list[Compared]:
    with TemporaryDirectory(prefix="relay-bench-") as folder:
        return [one async for one in BENCHES[name](Path(folder))]


main()
