"""Deliveries out of the store, beside the same messages sent by the same client without one."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from random import Random

from httpx import AsyncClient, Limits

from relay.deliver import Lane, Sender
from relay.destinations import Receipt, session
from relay.destinations.bodies import FORMATS
from relay.destinations.webhook import Webhook, WebhookOptions
from relay.ingest import Ingest, Look, OwnNews
from relay.message import Message
from relay.model import new_id
from relay.rules import Rule
from relay.sources import Item
from relay.sources.items import read_page
from relay.store import Store
from tests.bench.history import BEGAN, History, id_of
from tests.bench.ratios import Compared
from tests.bench.servers import running, serve_receiver
from tests.bench.setting import CLOCK, HOOK, opened, rate, routes_of, source

CONCURRENCIES = (10, 50, 200)
DELIVERIES = 2000
BY_HTTPX = 400
ROUNDS = 7
SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
RULES = (
    *(
        Rule(name=f"other-{n}", on=("*.failed", f"split.{n}"), match={"name": f"invoice-{n}*"}, to=(HOOK,))
        for n in range(9)
    ),
    Rule(name="finished", on=("parse.*",), unless={"name": "draft-*"}, to=(HOOK,)),
)


class Sink:
    """Passes messages on and keeps them; after the last one expected the lane is stopped."""

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook
        self.sent: list[Message] = []
        self.lane: Lane | None = None

    async def send(self, message: Message) -> Receipt:
        receipt = await self._webhook.send(message)
        self.sent.append(message)
        if len(self.sent) == DELIVERIES and self.lane:
            self.lane.stop()
        return receipt


class Outbox:
    """Filled as relay fills it: jobs that are new, each an event that one rule of ten sends on."""

    def __init__(self, store: Store, ingest: Ingest) -> None:
        self.store = store
        self._ingest = ingest
        self._history = History()
        self._filled = 1  # the first job is older than the baseline that it sets

    async def begin(self) -> None:
        await self._take([0])

    async def fill(self, count: int = DELIVERIES) -> list[str]:
        """With so many events more; of which jobs."""
        numbers = range(self._filled, self._filled + count)
        self._filled += count
        await self._take(numbers)
        return [id_of(n) for n in numbers]

    async def _take(self, numbers: Sequence[int]) -> None:
        for body in self._history.pages(numbers):
            page = read_page(body, Item, "items")
            page.began, page.date = self._ingest.seq, BEGAN / 1e6
            await self._ingest.page(page, Look())


async def measure(folder: Path) -> AsyncIterator[Compared]:
    rates = defaultdict[int, list[float]](list)
    peer = defaultdict[int, list[float]](list)
    other = defaultdict[int, list[float]](list)
    async with AsyncExitStack() as stack:
        options = _options(stack.enter_context(running(serve_receiver)))
        http = await stack.enter_async_context(session())
        store, ingest = await opened(folder / "relay.db", source(), RULES)
        stack.push_async_callback(store.close)
        outbox = Outbox(store, ingest)
        await outbox.begin()
        webhook = Webhook(options, session=http, clock=CLOCK)
        by_httpx = await stack.enter_async_context(
            AsyncClient(trust_env=False, limits=Limits(max_connections=None))
        )
        for round_, concurrency in ((r, c) for r in range(ROUNDS + 1) for c in CONCURRENCIES):
            durable, sent = await _durable(
                outbox, webhook, options.model_copy(update={"concurrency": concurrency})
            )
            plain = await rate(DELIVERIES, partial(_plain, webhook, sent, concurrency))
            some = sent[:BY_HTTPX]
            posted = await rate(len(some), partial(_by_httpx, by_httpx, options, some, concurrency))
            if round_ > 0:  # the first opens the connections
                rates[concurrency].append(durable)
                peer[concurrency].append(plain)
                other[concurrency].append(posted)
    for concurrency in CONCURRENCIES:
        yield _compared(concurrency, rates[concurrency], peer[concurrency], "without a store", 0.9)
    for concurrency in CONCURRENCIES:
        yield _compared(
            concurrency, rates[concurrency], other[concurrency], "by httpx, without a store", None
        )
    few, *_, many = CONCURRENCIES
    yield _compared(many, rates[many], rates[few], f"at {few} at a time", 0.8)


def _compared(
    concurrency: int, rates: Sequence[float], peer: Sequence[float], peer_is: str, aim: float | None
) -> Compared:
    what = f"delivery: {concurrency} at a time"
    return Compared(what=what, unit="deliveries/s", rates=rates, peer=peer, peer_is=peer_is, aim=aim)


def _options(url: str) -> WebhookOptions:
    return WebhookOptions.model_validate({"type": "webhook", "url": f"{url}/", "secret": SECRET})


async def _durable(outbox: Outbox, webhook: Webhook, options: WebhookOptions) -> tuple[float, list[Message]]:
    await outbox.fill()
    sink = Sink(webhook)
    sink.lane = Lane(
        HOOK,
        options,
        Sender(HOOK, options, sink, clock=CLOCK, random=Random(1)),
        store=outbox.store,
        clock=CLOCK,
        owner="bench",
        news=OwnNews(routes_of(()), new_id),
    )
    found = await rate(DELIVERIES, sink.lane.run)
    assert len(sink.sent) == DELIVERIES
    return found, sink.sent


async def _plain(webhook: Webhook, messages: Sequence[Message], concurrency: int) -> None:
    left = iter(messages)
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(_send_all(webhook, left))


async def _by_httpx(
    client: AsyncClient, options: WebhookOptions, messages: Sequence[Message], concurrency: int
) -> None:
    """The same bodies, unsigned."""
    left, url, content = iter(messages), options.url.reveal(), FORMATS["standard"]

    async def post_all() -> None:
        for message in left:
            body = content(message)
            await client.post(url, content=body.body, headers=dict(body.headers))

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(post_all())


async def _send_all(webhook: Webhook, left: Iterator[Message]) -> None:
    for message in left:
        await webhook.send(message)
