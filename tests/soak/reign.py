"""Relays in virtual time that look at one simulated account, one after the other, each until it is killed."""

import asyncio
import random
import shutil
import sqlite3
import tempfile
from concurrent.futures import Executor, Future
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path

from relay.ingest import Routes
from relay.model import new_id
from relay.rules import Router
from relay.simulator import Request, Simulator
from relay.sources import Budget, Client
from relay.store import open_store
from tests.soak.record import Killed, Noted, Record, Watched, seconds_of_date
from tests.virtual import Inline, VirtualClock, ingest_of

_MEMORY = Path("/dev/shm")


class Mortal(Executor):
    """Runs what it is given at once, until it dies: of so many commits, before or after the last of them."""

    def __init__(self) -> None:
        self.dead = asyncio.Event()
        self.commits = self.requests = 0  # until it dies; 0: not by these
        self.undone = False

    def die(self) -> None:
        self.dead.set()

    def die_at(self, *, commits: int = 0, requests: int = 0, undone: bool = False) -> None:
        self.commits, self.requests, self.undone = commits, requests, undone

    def submit(self, fn, /, *args, **kwargs):
        done = Future()
        last, self.commits = self.commits == 1, self.commits - 1
        if self.dead.is_set() or (last and self.undone):
            self.dead.set()
            return done  # who waits for it waits for ever
        done.set_result(fn(*args, **kwargs))
        if last:
            self.dead.set()
        return done

    def asks(self) -> bool:
        """Whether it is dead now that it wants to ask."""
        last, self.requests = self.requests == 1, self.requests - 1
        if last:
            self.dead.set()
        return self.dead.is_set()


class Direct(Client):
    """A good answer comes without httpx, into which a third of the time goes; any other comes through it."""

    api: Noted

    async def _answer(self, spec, path, params):
        query = {"project_id": spec.project_id, "organization_id": spec.organization_id, **params}
        pairs = [
            (name, value)
            for name, values in query.items()
            if values
            for value in ([values] if isinstance(values, str) else values)
        ]
        headers = {"authorization": f"Bearer {spec.api_key.reveal()}"}
        answer = await self.api.ask(Request(path=path, query=pairs, headers=headers))
        if answer.status == 200 and answer.fault is None:
            return answer.body, seconds_of_date(answer.headers.get("Date"))
        self.api.gives_once_more(answer)
        return await super()._answer(spec, path, params)


class Reign:
    """`clock` is relay's, `world_clock` the account's. Deliveries are not looked at: nothing is routed."""

    def __init__(self, scenario, specs, *, seed: int, client=Client) -> None:
        self.specs = specs
        self._client = client
        self.record = Record()
        self.clock, self.world_clock = VirtualClock(), VirtualClock()
        self.chance = random.Random(seed)
        self.simulator = Simulator(
            scenario, now=self.world_clock.now, seed=seed, happened=self.record.happened.append
        )
        self.starts = 0
        self._folder = tempfile.mkdtemp(prefix="relay-soak-", dir=_MEMORY if _MEMORY.is_dir() else None)
        self._path = Path(self._folder) / "relay.db"
        self._api = Noted(
            self.simulator,
            self.world_clock,
            record=self.record,
            our_clock=self.clock,
            latency=lambda: self.chance.uniform(0.05, 0.3),
            before_asking=lambda: self.mortal.asks(),  # noqa: PLW0108 - of the one that lives then
        )
        self._open = AsyncExitStack()

    async def start(self) -> None:
        self.starts += 1
        self.mortal = Mortal()
        self.store = open_store(self._path, executors=(self.mortal, Inline()))
        self.store.writer._connection.execute("PRAGMA synchronous = OFF")  # no power is lost here
        self._open.push_async_callback(self.store.close)
        budget = Budget(self.clock, self.specs)
        client = self._client(clock=self.clock, random=self.chance, budget=budget, transport=self._api)
        client.api = self._api
        await self._open.enter_async_context(client)
        self.pollers = [await self._poller(client, spec) for spec in self.specs]

    async def _poller(self, client, spec) -> Watched:
        routes = Routes(relay="soak", router=Router(()), destinations={}, new_id=new_id)
        poller = Watched(
            client=client,
            ingest=await ingest_of(spec, store=self.store, routes=routes, clock=self.clock),
            store=self.store,
            clock=self.clock,
            random=self.chance,
            changed=lambda: None,
            sharing=sum(other.api_key == spec.api_key for other in self.specs),
        )
        poller.record, poller.world_now = self.record, self.world_clock.now
        return poller

    async def live(self, seconds: float, arm=lambda _: None) -> None:
        """Run for so long, then until it dies of what it is armed with, at the latest after two looks; then
        another is started.
        """
        running = [asyncio.ensure_future(poller.run()) for poller in self.pollers]
        for span in (seconds, 2 * max(spec.every for spec in self.specs)):
            with suppress(TimeoutError):
                async with asyncio.timeout(span):
                    await self.mortal.dead.wait()
            arm(self.mortal)
            if self.mortal.dead.is_set():
                break
        await self.kill(*running)
        await self.start()

    async def kill(self, *running) -> None:
        """What is committed now is all that the next start finds."""
        self.mortal.dead.set()
        for task in running:
            task.cancel()
        ends = await asyncio.gather(*running, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
        await self._open.aclose()
        based, whole = self._known("baseline"), self._known("whole_at")
        self.record.killed(Killed(asyncio.get_running_loop().time(), based, whole))
        self.record.drain(self.simulator)

    def _known(self, what: str) -> frozenset[str]:
        return frozenset(row[0] for row in self.rows(f"SELECT name FROM sources WHERE {what} IS NOT NULL"))

    def rows(self, sql: str) -> list[tuple]:
        """Read what the disk has."""
        with closing(sqlite3.connect(self._path)) as database:
            return database.execute(sql).fetchall()

    def end(self) -> None:
        shutil.rmtree(self._folder)
