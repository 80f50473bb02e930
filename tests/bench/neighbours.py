"""How soon a receiver has what was committed, alone and beside destinations that are dead or slow."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from statistics import quantiles

from aiohttp import ClientSession

from relay.deliver import Courier, Lane, Sender
from relay.destinations import Receipt, session
from relay.destinations.webhook import Webhook, WebhookOptions
from relay.ingest import Ingest, OwnNews, Routes, Terms
from relay.message import Message
from relay.model import new_id
from relay.rules import Router, Rule
from tests.bench.delivery import SECRET, Outbox
from tests.bench.ratios import Compared
from tests.bench.servers import running, serve_receiver
from tests.bench.setting import CLOCK, opened, source

HEALTHY = ("one", "two", "three")
DEAD, SLOW = "dead", "slow"
RATE, TOGETHER = 200, 10
WARM, SECONDS = 2, 12
"""While connections are opened nothing is measured."""

ROUNDS = 5
NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there."""


class _Timed:
    """Notes how long after its commit each message came; the receiver answers with its own time."""

    def __init__(self, webhook: Webhook, committed: dict[str, float]) -> None:
        self._webhook = webhook
        self._committed = committed
        self.waits: list[float] = []

    async def send(self, message: Message) -> Receipt:
        receipt = await self._webhook.send(message)
        seen = self._committed.get(message.events[0].data.job_id or "")
        if seen is not None:
            self.waits.append(1000 * (float(receipt.answer) - seen))
        return receipt

    async def close(self) -> None:
        """Nothing is its own."""


class _Bench:
    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._round = 0

    async def waits(self, names: Sequence[str], per_second: int) -> list[float]:
        """Milliseconds from commit to receiver of all that the healthy ones of these get."""
        self._round += 1
        async with AsyncExitStack() as stack:
            store, ingest = await opened(self._folder / f"{self._round}.db", source(), ())
            stack.push_async_callback(store.close)
            routes = _routes(names)
            ingest = Ingest(
                store=store, spec=ingest.spec, row=ingest.row, routes=routes, clock=CLOCK, new_id=new_id
            )
            http = await stack.enter_async_context(session())
            committed: dict[str, float] = {}
            ends = {name: _Timed(self._webhook(name, http), committed) for name in names}
            courier = Courier({}, store=store, clock=CLOCK)
            for name, end in ends.items():
                options = self._options(name)
                sender = Sender(name, options, end, clock=CLOCK, random=Random(1))
                news = OwnNews(routes, new_id)
                courier.put(
                    name, Lane(name, options, sender, store=store, clock=CLOCK, owner="bench", news=news)
                )
            sending = asyncio.create_task(courier.run())
            await _fed(Outbox(store, ingest), courier, committed, per_second)
            courier.stop()
            await sending
        return [wait for name in HEALTHY if name in ends for wait in ends[name].waits]

    def _options(self, name: str) -> WebhookOptions:
        url = NOWHERE if name == DEAD else f"{self._url}/slow" if name == SLOW else f"{self._url}/"
        values = {"type": "webhook", "url": url, "secret": SECRET, "concurrency": 20}
        return WebhookOptions.model_validate(values)

    def _webhook(self, name: str, http: ClientSession) -> Webhook:
        return Webhook(self._options(name), session=http, clock=CLOCK)


def _routes(names: Sequence[str]) -> Routes:
    rule = Rule(name="all", on=("parse.*",), to=tuple(names), group_by=False)
    terms = dict.fromkeys(names, Terms(give_up_after=86400.0))
    return Routes(relay="bench", router=Router((rule,)), destinations=terms, new_id=new_id)


async def _fed(outbox: Outbox, courier: Courier, committed: dict[str, float], per_second: int) -> None:
    await outbox.begin()
    begin = time.perf_counter()
    for n in range(SECONDS * per_second // TOGETHER):
        await asyncio.sleep(max(0.0, begin + n * TOGETHER / per_second - time.perf_counter()))
        jobs = await outbox.fill(TOGETHER)
        if n * TOGETHER >= WARM * per_second:
            committed.update(dict.fromkeys(jobs, time.time()))
        courier.wake()
    await asyncio.sleep(1.0)


async def measure(folder: Path) -> AsyncIterator[Compared]:
    found = defaultdict[str, list[list[float]]](list)
    async with AsyncExitStack() as stack:
        bench = _Bench(folder, stack.enter_context(running(serve_receiver)))
        await bench.waits(HEALTHY[:1], RATE)  # opens, compiles, warms
        for _ in range(ROUNDS):
            found["alone"].append(await bench.waits(HEALTHY[:1], RATE))
            found["healthy"].append(await bench.waits(HEALTHY, RATE // 4))
            found["beside"].append(await bench.waits((*HEALTHY, DEAD, SLOW), RATE // 4))
    p50, p99 = ([_percentile(waits, n) for waits in found["alone"]] for n in (50, 99))
    what = f"delivery: commit to receiver at {RATE}/s"
    yield Compared(what=f"{what}, p50", unit="ms", rates=p50, aim=None, less_is_better=True)
    yield Compared(what=f"{what}, p99", unit="ms", rates=p99, aim=None, less_is_better=True)
    with_, without = ([_percentile(waits, 99) for waits in found[how]] for how in ("beside", "healthy"))
    yield Compared(
        what="delivery: healthy p99 beside dead and slow",
        unit="ms",
        rates=with_,
        peer=without,
        peer_is="without them",
        aim=1.2,
        less_is_better=True,
    )


def _percentile(values: Sequence[float], n: int) -> float:
    return quantiles(values, n=100)[n - 1]
