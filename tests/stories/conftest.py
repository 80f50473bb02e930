import asyncio
import json
import random
import sqlite3
from contextlib import AsyncExitStack, closing, suppress
from itertools import count

import pytest
from virtual import Api, Inbox, VirtualClock, VirtualLoop, a_source, assembled, open_inline

from relay.simulator import Scenario, Simulator


def pytest_asyncio_loop_factories():
    return {"virtual": VirtualLoop}


class Story:
    """A simulated account and a relay that watches it. `clock` is relay's; the account has its own."""

    def __init__(self, folder, scenario, specs, *, seed=1):
        self.specs = specs
        self.clock = VirtualClock()
        self.world_clock = VirtualClock()
        self.chance = random.Random(seed)
        self.simulator = Simulator(scenario, now=self.world_clock.now, seed=seed)
        self.api = Api(self.simulator, self.world_clock, latency=lambda: self.chance.uniform(0.05, 0.3))
        self.inbox = Inbox()
        self._paths = (folder / f"relay-{n}.db" for n in count())
        self._path = next(self._paths)
        self._open = AsyncExitStack()
        self._commits_left = None

    async def start(self):
        """A relay as after a start of its process: of what was in memory before, nothing is left."""
        await self.close()
        self._killed = asyncio.Event()
        self.store = open_inline(self._path, after_commit=self._count)
        self._open.push_async_callback(self.store.close)
        self.relay = await self._open.enter_async_context(
            assembled(
                store=self.store,
                specs=self.specs,
                api=self.api,
                clock=self.clock,
                inboxes={"inbox": self.inbox},
                chance=self.chance,
            )
        )

    async def close(self):
        await self._open.aclose()

    async def look(self, *, after=0.0):
        """One look of each source, one after the other; the last one's account."""
        await self.clock.sleep(after)
        looked = None
        for poller in self.relay.pollers:
            looked = await poller.look()
        return looked

    async def live(self, seconds, *, commits=None):
        """Run until killed, after so many seconds or right after so many commits, and start again."""
        self._commits_left = commits
        running = asyncio.ensure_future(self.relay.run())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._killed.wait()
        if not self._killed.is_set():
            self._kill()
        self.relay.stop()
        await running
        await self.start()

    def _count(self):
        if self._commits_left is not None:
            self._commits_left -= 1
            if self._commits_left == 0:
                self._kill()

    def _kill(self):
        """What is committed now is all that the next start finds, whatever the end of this one writes."""
        self._commits_left = None
        before, self._path = self._path, next(self._paths)
        with closing(sqlite3.connect(before)) as database, closing(sqlite3.connect(self._path)) as kept:
            database.backup(kept)
        self._killed.set()

    async def told(self):
        """(job, status, previous) of all changes of status, in their order."""
        return [(e["job_id"], e["status"], e["previous"]) for e in await self.changes()]

    async def changes(self):
        """Events of a status, without relay's own words of a job or a source."""
        return [
            e for e in await self.events() if e["type"] == f"{e['product']}.{(e['status'] or '').lower()}"
        ]

    async def events(self):
        rows = await self.store.rows("events", limit=1_000_000)
        return [{"id": row["id"], "type": row["type"], **json.loads(row["data"])} for row in reversed(rows)]


@pytest.fixture
async def story(tmp_path):
    async with AsyncExitStack() as stack:

        async def begin(scenario=None, *, kinds=("parse",), seed=1, **spec):
            specs = [a_source(kind, **spec) for kind in kinds]
            story = Story(tmp_path, scenario or Scenario(), specs, seed=seed)
            stack.push_async_callback(story.close)
            await story.start()
            return story

        yield begin
