"""The whole relay in virtual time: a loop that never waits, and what stands in for the world around it."""

import asyncio
import random
import selectors
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx

from relay.deliver import Courier, Lane, Sender
from relay.destinations import Options, Receipt
from relay.ingest import Ingest, OwnNews, Routes, Terms
from relay.model import Secret, new_id
from relay.poll import Poller
from relay.rules import Router, Rule
from relay.service import Relay
from relay.simulator import Request
from relay.sources import KINDS, Budget, Client, SourceSpec
from relay.store import open_store

START = 1_790_000_000.0  # 2026-09-21T14:13:20Z


class _Jump(selectors.SelectSelector):
    """Instead of waiting, time moves on. Nothing is read: in virtual time there is no network."""

    moved = 0.0

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("everything waits, and there is no timer: in real time this would hang")
        self.moved += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """When nothing is ready it is at once the time of the next timer. What is for a thread runs inline."""

    def __init__(self):
        super().__init__(_Jump())

    def time(self):
        return self._selector.moved

    def run_in_executor(self, _executor, func, *args):
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is handed to who waits
            done.set_exception(error)
        return done

    def _write_to_self(self):
        """No one has to be woken who never sleeps."""


class VirtualClock:
    """The wall clock of one machine; `jump` sets it forward or back, and no wait changes by that."""

    def __init__(self, start=START):
        self._start = start

    def now(self):
        return self._start + asyncio.get_running_loop().time()

    def monotonic(self):
        return asyncio.get_running_loop().time()

    async def beat(self, every):
        await self.sleep(every)

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)

    def jump(self, seconds):
        self._start += seconds


class Inline(Executor):
    """Runs at once, so that the store is deterministic on one thread. `after` is called after each."""

    def __init__(self, after=lambda: None):
        self._after = after

    def submit(self, fn, /, *args, **kwargs):
        done = Future()
        done.set_result(fn(*args, **kwargs))
        self._after()
        return done


def open_inline(path, *, after_commit=lambda: None):
    return open_store(path, executors=(Inline(after_commit), Inline()))


class _Cut(httpx.AsyncByteStream):
    def __init__(self, body):
        self._body = body

    async def __aiter__(self):
        yield self._body[: len(self._body) // 2]
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


class Api(httpx.AsyncBaseTransport):
    """Asks a simulator without a network. A test may put something around `answer`, or in its place.

    `asked`: of each request its time, by the simulator's clock, and what was asked. `latency` gives the
    seconds that an answer takes.
    """

    def __init__(self, simulator, clock, *, latency=lambda: 0.0):
        self.simulator = simulator
        self.answer = simulator.answer
        self.asked = []
        self._clock = clock
        self._latency = latency

    async def handle_async_request(self, request):
        return _response(await self.ask(_read(request)))

    async def ask(self, asked):
        self.asked.append((self._clock.now(), asked))
        answer = self.answer(asked)
        try:
            await asyncio.sleep(answer.delay + self._latency())
        except asyncio.CancelledError:  # relay did not wait
            self.simulator.take_back(answer)
            raise
        return answer


def _read(request):
    return Request(
        path=request.url.raw_path.partition(b"?")[0].decode(),
        query=request.url.params.multi_items(),
        headers=dict(request.headers),
    )


def _response(answer):
    if answer.fault == "drop":
        raise httpx.ReadError("the connection was lost")
    if answer.fault == "cut":
        return httpx.Response(answer.status, headers=answer.headers, stream=_Cut(answer.body))
    return httpx.Response(answer.status, headers=answer.headers, content=answer.body)


@dataclass
class Inbox:
    """A destination that keeps what it gets; the next attempts fail by what is in `failures`."""

    messages: list = field(default_factory=list)
    failures: list = field(default_factory=list)

    async def send(self, message):
        if self.failures:
            raise self.failures.pop(0)
        self.messages.append(message)
        return Receipt(status=200)

    async def close(self):
        """Nothing is its own."""


def a_source(kind="parse", *, page_limit=None, **changes):
    """`page_limit`: pages are no larger, whatever the kind allows."""
    of = KINDS[kind]
    values = {
        "name": kind,
        "base_url": "http://api.test",
        "api_key": Secret(f"llx-{kind}"),
        "requests_per_minute": 1200,
    } | changes
    return SourceSpec(kind=replace(of, page_limit=page_limit or of.page_limit), **values)


EVERYTHING = (Rule(name="all", on=("*",), to=("inbox",)),)


@asynccontextmanager
async def assembled(
    *,
    store,
    specs: Sequence[SourceSpec],
    api: httpx.AsyncBaseTransport,
    clock: VirtualClock,
    inboxes: Mapping[str, Inbox],
    rules: Sequence[Rule] = EVERYTHING,
    chance: random.Random,
    options: Options = Options(type="inbox"),  # noqa: B008 - it is frozen
):
    """A relay over this store, API and inboxes, as the service puts it together."""
    routes = Routes(
        relay="test",
        router=Router(rules),
        destinations=dict.fromkeys(inboxes, Terms(give_up_after=options.give_up_after)),
        new_id=new_id,
    )
    lanes = {
        name: Lane(
            name,
            options,
            Sender(name, options, inbox, clock=clock, random=chance),
            store=store,
            clock=clock,
            owner=new_id("run"),
            news=OwnNews(routes, new_id),
        )
        for name, inbox in inboxes.items()
    }
    courier = Courier(lanes, store=store, clock=clock, watch_every=30)
    async with Client(clock=clock, random=chance, budget=Budget(clock, specs), transport=api) as client:
        pollers = [
            Poller(
                client=client,
                ingest=await ingest_of(spec, store=store, routes=routes, clock=clock),
                store=store,
                clock=clock,
                random=chance,
                changed=courier.wake,
                sharing=sum(other.api_key == spec.api_key for other in specs),
            )
            for spec in specs
        ]
        yield Relay(tuple(pollers), courier)


async def ingest_of(spec, *, store, routes, clock):
    row = await store.open_source(
        name=spec.name,
        kind=spec.kind.name,
        identity=spec.identity(),
        renamed_from=spec.renamed_from,
        now=clock.now(),
    )
    return Ingest(store=store, spec=spec, row=row, routes=routes, clock=clock, new_id=new_id)
