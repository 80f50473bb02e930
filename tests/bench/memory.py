"""The memory of a relay that knows a million jobs, beside one that knows ten thousand: real processes."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.bench.cost import SIZES, working
from tests.bench.history import APART, History
from tests.bench.ratios import Compared
from tests.bench.servers import running, serve_listed
from tests.bench.setting import known, source
from tests.process.live import Home, until

MISSED = 10_000
"""Jobs that came while relay was away: to take them in touches the store all over, as a day of work does."""

LOOKS = 5
ROUNDS = 3
RULES = """
[destinations.hook]
type = "webhook"
url = "http://127.0.0.1:1/"
secret = "$WEBHOOK_SECRET"
[rules.failures]
on = ["*.failed"]
to = ["hook"]
"""


async def measure(folder: Path) -> AsyncIterator[Compared]:
    used: dict[int, list[float]] = {size: [] for size in SIZES}
    peaks: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(ROUNDS):
        for size in SIZES:
            now, peak = await _lived(folder, size)
            used[size].append(now)
            peaks[size].append(peak)
    for what, found in (("memory", used), ("memory at its most", peaks)):
        small, large = SIZES
        yield Compared(
            what=f"{what}: 1000k known, 500 open",
            unit="MB",
            rates=found[large],
            peer=found[small],
            peer_is="at 10k",
            aim=1.1,
            less_is_better=True,
        )


async def _lived(folder: Path, size: int) -> tuple[float, float]:
    """Megabytes of a relay after some looks, and the most it ever had."""
    home = Home(folder / str(size))
    home.folder.mkdir(exist_ok=True)
    for old in home.folder.iterdir():
        old.unlink()
    last_look = time.time() - MISSED * APART / 1e6
    began, jobs = int(last_look * 1e6) - size * APART, working(size)
    with running(serve_listed, began, size, jobs) as url:
        home.watch(url, RULES, kinds=("parse",))
        await known(home.database, source(url), History(began, jobs), size, now=last_look)
        async with home.started("run") as relay:
            await until(lambda: home.log.read_text().count(" changes=") >= LOOKS, within=300)
            assert " trouble=" not in home.log.read_text()
            return megabytes(relay.pid, "VmRSS"), megabytes(relay.pid, "VmHWM")


def megabytes(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(name))
