"""A whole poll over HTTP, beside the official SDK's auto-paging on the same server."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from functools import partial
from pathlib import Path
from random import Random

from llama_cloud import AsyncLlamaCloud

from relay.ingest import Ingest, Look
from relay.sources import Budget, Client, Walk
from tests.bench.history import PAGE, History
from tests.bench.ratios import Compared
from tests.bench.servers import running, serve_pages
from tests.bench.setting import CLOCK, FAILURES_ONLY, opened, rate, source

JOBS = 10_000
ROUNDS = 7


async def measure(folder: Path) -> AsyncIterator[Compared]:
    async with AsyncExitStack() as stack:
        url = stack.enter_context(running(serve_pages, _pages()))
        spec = source(url)
        client = await stack.enter_async_context(
            Client(clock=CLOCK, random=Random(1), budget=Budget(CLOCK, [spec]))
        )
        sdk = await stack.enter_async_context(
            AsyncLlamaCloud(api_key="llx-bench", base_url=url, max_retries=0)
        )
        store, ingest = await opened(folder / "relay.db", spec, FAILURES_ONLY)
        stack.push_async_callback(store.close)
        await _poll(client, ingest)  # from now on all are known
        rates, peer = [], []
        for _ in range(ROUNDS):
            rates.append(await rate(JOBS, partial(_poll, client, ingest)))
            peer.append(await rate(JOBS, partial(_page_through, sdk)))
    yield Compared(
        what="poll: 10k known, over HTTP",
        unit="items/s",
        rates=rates,
        peer=peer,
        peer_is="official SDK",
        aim=15,
    )


def _pages() -> list[bytes]:
    """Newest first; the token of a page is the number of the next."""
    pages = History().pages(range(JOBS - 1, -1, -1))
    links = [f'"next_page_token":"{after}"' for after in range(1, len(pages))] + ['"next_page_token":null']
    return [
        page.replace(f'"next_page_token":"{JOBS - PAGE * after}"'.encode(), link.encode())
        for after, (page, link) in enumerate(zip(pages, links, strict=True), 1)
    ]


async def _poll(client: Client, ingest: Ingest) -> None:
    look = Look()
    walk = Walk(client, ingest.spec, {}, sequence=lambda: ingest.seq)
    async with aclosing(walk.__aiter__()) as pages:
        async for page in pages:
            await ingest.page(page, look)
    assert (look.items, walk.whole) == (JOBS, True)


async def _page_through(sdk: AsyncLlamaCloud) -> None:
    count = 0
    async for _ in sdk.parsing.list(page_size=PAGE):
        count += 1
    assert count == JOBS
