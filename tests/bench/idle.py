"""What a relay costs that has nothing to do: four sources at rest, looked at every 15 s."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

from relay.simulator import Scenario, Simulator
from relay.simulator.http import app
from tests.bench.memory import megabytes
from tests.bench.ratios import Compared
from tests.process.live import KEY, Home, served, until

SOURCES = ("parse", "classify", "extract", "batch")
MINUTES = 3
"""The idle relay is watched for so long."""

RULES = """
[relay]
database = "relay.db"
listen = "127.0.0.1:0"
[llamacloud]
api_key = "$LLAMA_CLOUD_API_KEY"
base_url = "{api}"
every = "15s"
requests_per_minute = 200
{sources}
[destinations.hook]
type = "webhook"
url = "{api}/hook"
secret = "$WEBHOOK_SECRET"
[rules.all]
on = ["*"]
to = ["hook"]
"""


async def measure(folder: Path) -> AsyncIterator[Compared]:
    simulator = Simulator(Scenario(), now=time.time, seed=1, api_key=KEY)
    home = Home(folder)
    async with served(app(simulator)) as api:
        home.write(RULES.format(api=api, sources="".join(f"[sources.{kind}]\n" for kind in SOURCES)))
        async with home.started("run") as relay:
            await until(lambda: home.sources_seen() == len(SOURCES))
            await asyncio.sleep(20)  # the first looks and the audit are over
            shares = []
            for _ in range(MINUTES):
                before = _cpu_seconds(relay.pid)
                await asyncio.sleep(60)
                shares.append((_cpu_seconds(relay.pid) - before) / 60 * 100)
            memory = megabytes(relay.pid, "VmRSS")
    yield Compared(what="idle: CPU", unit="%", rates=shares, aim=0.1, less_is_better=True)
    yield Compared(what="idle: memory", unit="MB", rates=[memory], aim=70.0, less_is_better=True)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
