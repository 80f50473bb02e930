"""The configuration changes while relay runs: what did not change goes on, and nothing is lost or doubled."""

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager

import pytest
from virtual import Api, Inbox, VirtualClock, VirtualLoop, open_inline

from relay.config import load
from relay.errors import StoreFailed
from relay.service import assembled
from relay.simulator import Scenario, Simulator

KEYS = """
[llamacloud]
api_key = "llx-one"
base_url = "http://api.test"
requests_per_minute = {rate}
every = "5s"
"""
HOOK = """
[destinations.{name}]
type = "webhook"
url = "http://{name}.test/hook"
{more}
"""
RULE = """
[rules.all]
on = {on}
to = {to}
{more}
"""


def pytest_asyncio_loop_factories():
    return {"virtual": VirtualLoop}


def written(*kinds, hooks=("a",), on='["*"]', to='["a"]', rate=6000, hook="", rule="", source=""):
    text = KEYS.format(rate=rate) + "".join(f"[sources.{kind}]\n{source}\n" for kind in kinds)
    text += "".join(HOOK.format(name=name, more=hook) for name in hooks)
    return text + RULE.format(on=on, to=to, more=rule)


class World:
    def __init__(self, folder):
        self.path = folder / "rules.toml"
        self.clock = VirtualClock()
        self.simulator = Simulator(Scenario(), now=self.clock.now, seed=1)
        self.api = Api(self.simulator, self.clock, latency=lambda: 0.1)
        self.inboxes: dict[str, Inbox] = {}
        self.store = open_inline(folder / "relay.db")

    def config(self, *kinds, **more):
        self.path.write_text(written(*kinds, **more), "utf-8")
        return load(self.path, environ={}, secrets=True, host="test")

    def edited(self, before, after):
        text = self.path.read_text("utf-8")
        assert before in text
        self.path.write_text(text.replace(before, after), "utf-8")
        return load(self.path, environ={}, secrets=True, host="test")

    def make(self, name, _options, **_):
        return self.inboxes.setdefault(name, Inbox())

    @asynccontextmanager
    async def running(self, *kinds, **more):
        made = assembled(
            self.config(*kinds, **more),
            store=self.store,
            clock=self.clock,
            chance=random.Random(1),
            transport=self.api,
            make=self.make,
        )
        async with made as assembly:
            task = asyncio.ensure_future(assembly.relay.run())
            await self.clock.sleep(30)
            yield assembly
            assembly.relay.stop()
            await task

    def got(self, name="a"):
        """What came to an inbox: each job with its status."""
        inbox = self.inboxes[name]
        return [(e.data.job_id, e.data.status) for message in inbox.messages for e in message.events]

    def asked(self, since):
        return Counter(asked.path.rpartition("/")[2] for when, asked in self.api.asked if when >= since)


@pytest.fixture
async def world(tmp_path):
    world = World(tmp_path)
    yield world
    await world.store.close()


async def test_pollers_and_lanes_of_what_did_not_change_go_on(world):
    async with world.running("parse", "split", hooks=("a", "b")) as it:
        pollers = {poller.spec.name: poller for poller in it.relay.pollers}
        lanes = dict(it.relay.courier.lanes)
        await it.become(world.config("parse", "extract", hooks=("a", "c"), on='["parse.*"]'))
        assert [poller.spec.name for poller in it.relay.pollers] == ["parse", "extract"]
        assert it.relay.pollers[0] is pollers["parse"]
        assert it.relay.courier.lanes.keys() == {"a", "c"}
        assert it.relay.courier.lanes["a"] is lanes["a"]


async def test_what_was_removed_is_asked_no_more_and_what_is_new_is(world):
    async with world.running("parse", "split") as it:
        await it.become(world.config("parse", "extract"))
        since = world.clock.now()
        await world.clock.sleep(60)
        asked = world.asked(since)
    assert asked["split"] == 0
    assert asked["parse"] > 5
    assert asked["extract"] > 5


async def test_rules_hold_for_what_is_seen_from_then_on(world):
    async with world.running("parse", on='["parse.failed"]') as it:
        world.simulator.create("parse", id="pjb-1", status="COMPLETED")
        await world.clock.sleep(30)
        await it.become(world.config("parse", on='["parse.completed"]'))
        world.simulator.create("parse", id="pjb-2", status="COMPLETED")
        world.simulator.create("parse", id="pjb-3", status="FAILED")
        await world.clock.sleep(30)
    assert world.got() == [("pjb-2", "COMPLETED")]


async def test_templates_are_those_of_now(world):
    async with world.running("parse", rule='title = "before {{ name }}"') as it:
        world.simulator.create("parse", id="pjb-1", name="one.pdf")
        await world.clock.sleep(30)
        await it.become(world.config("parse", rule='title = "after {{ name }}"'))
        world.simulator.create("parse", id="pjb-2", name="two.pdf")
        await world.clock.sleep(30)
    assert [message.title for message in world.inboxes["a"].messages] == ["before one.pdf", "after two.pdf"]


async def test_a_rate_takes_effect(world):
    async with world.running("parse") as it:
        await it.become(world.config("parse", hook='rate = "1/s"'))
        for _ in range(20):
            world.simulator.create("parse")
        await world.clock.sleep(12)
        assert len(world.got()) < 15
        await world.clock.sleep(30)
    assert len(world.got()) == 20


async def test_a_budget_takes_effect_for_those_who_stay(world):
    async with world.running("parse", "split", source="requests_per_minute = 6000\nevery = '1s'") as it:
        poller = it.relay.pollers[0]
        before, after = (f"[sources.split]\nrequests_per_minute = {rate}" for rate in (6000, 12))
        await it.become(world.edited(before, after))
        assert it.relay.pollers[0] is poller
        await world.clock.sleep(60)
        since = world.clock.now()
        await world.clock.sleep(600)
        assert world.asked(since).total() <= 12 * 10 + 3


async def test_a_source_under_a_new_name_keeps_what_it_knew(world):
    async with world.running("parse") as it:
        world.simulator.create("parse", id="pjb-1")
        await world.clock.sleep(30)
        papers = "[sources.papers]\nkind = 'parse'\nrenamed_from = 'parse'"
        await it.become(world.edited("[sources.parse]", papers))
        world.simulator.move("pjb-1", "COMPLETED")
        await world.clock.sleep(60)
    assert world.got() == [("pjb-1", "PENDING"), ("pjb-1", "COMPLETED")]


async def test_what_waits_for_a_destination_that_was_removed_goes_when_it_is_back(world):
    async with world.running("parse") as it:
        world.inboxes["a"].failures = [RuntimeError("not now")]
        world.simulator.create("parse", id="pjb-1")
        await world.clock.sleep(7)
        await it.become(world.config("parse", hooks=("b",), to='["b"]'))
        await world.clock.sleep(600)
        assert world.got() == []
        await it.become(world.config("parse", hooks=("a", "b")))
        await world.clock.sleep(600)
        assert world.got() == [("pjb-1", "PENDING")]


async def test_a_store_in_trouble_delays_what_is_new_and_loses_nothing(world):
    async with world.running("parse") as it:
        opened, world.store.open_source = world.store.open_source, _failing
        becoming = asyncio.ensure_future(it.become(world.config("parse", "split")))
        await world.clock.sleep(2.5)
        world.store.open_source = opened
        await becoming
        world.simulator.create("parse", id="pjb-1")
        world.simulator.create("split", id="spl-1")
        await world.clock.sleep(60)
    assert {job for job, _ in world.got()} >= {"pjb-1"}
    assert [poller.spec.name for poller in it.relay.pollers] == ["parse", "split"]


async def _failing(**_):
    raise StoreFailed("disk I/O error")


@pytest.mark.parametrize("seed", range(5))
async def test_reloads_in_any_moment_lose_nothing_and_double_nothing(world, seed):
    chance = random.Random(seed)
    changes = [
        {"rate": 3000},
        {"hook": "concurrency = 3"},
        {"hook": 'rate = "5/s"'},
        {"source": "every = '2s'"},
        {"hooks": ("a", "b")},
        {"rule": 'title = "{{ name }}"'},
    ]

    async def happens():
        for n in range(60):
            world.simulator.create("parse", id=f"pjb-{n}", status="RUNNING")
            await world.clock.sleep(chance.uniform(6, 9))
            world.simulator.move(f"pjb-{n}", "COMPLETED")
            await world.clock.sleep(chance.uniform(0, 3))

    async with world.running("parse") as it:
        happening = asyncio.ensure_future(happens())
        while not happening.done():
            await world.clock.sleep(chance.uniform(0.05, 12))
            await it.become(world.config("parse", **chance.choice(changes)))
        await world.clock.sleep(60)
        ledger = await world.store.audit()
    told = Counter(world.got())
    assert [told[f"pjb-{n}", "COMPLETED"] for n in range(60)] == [1] * 60
    assert set(told.values()) == {1}
    assert len({message.id for message in world.inboxes["a"].messages}) == len(world.inboxes["a"].messages)
    assert ledger.amiss == ()
