"""Whatever happens in whatever order: what is told is what was shown, exactly, and all is known at last."""

import asyncio
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from relay.model import Secret
from relay.simulator import Scenario, Stream
from tests.soak.reading import Reading, unlike
from tests.soak.reign import Reign
from tests.soak.told import told_by
from tests.virtual import VirtualLoop, a_source

KINDS = ("parse", "batch", "batch_v1")
OPEN = ("PENDING", "RUNNING", "QUEUED")
ENDS = ("COMPLETED", "FAILED", "CANCELLED")
FAULTS = (
    *("error", "too_many", "too_many_wait", "html", "broken", "cut", "drop", "slow"),
    *("no_page", "empty_page", "repeated_token", "garbled", "twice", "no_date", "old_date"),
)
FEW = st.integers(1, 6)
MOMENTS = st.floats(0.0, 2.0)
"""Seconds from the begin of a look, which takes half a second or so."""

SLOW = 8.0
"""Seconds after which an answer that is slow has come."""


class Interleaving(RuleBasedStateMachine):
    """`die` of a look is how relay is killed in its middle, if it is; `meanwhile` what happens in it."""

    @initialize(
        lag=st.sampled_from([0.0, 20.0]),
        order=st.sampled_from(["newest", "oldest", "shuffled"]),
        ours=st.sampled_from([0.0, 3600.0, -3600.0]),
        seed=st.integers(0, 3),
    )
    def an_account_and_a_first_look(self, lag, order, ours, seed):
        stream = Stream(count=0, lag=lag, lag_share=0.5, order=order)
        specs = [
            a_source(kind, page_limit=3, stuck_after=600.0, signing_secret=Secret("sign")) for kind in KINDS
        ]
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.reign = self.run(self._begun(Scenario(streams=dict.fromkeys(KINDS, stream)), specs, seed, ours))
        self.jobs, self.gone, self.been_away = [], [], set()

    async def _begun(self, scenario, specs, seed, ours):
        reign = Reign(scenario, specs, seed=seed)
        reign.clock.jump(ours)
        for kind in KINDS:
            for status in ("PENDING", "COMPLETED"):
                reign.simulator.create(kind, status=status, created_at=reign.world_clock.now() - 1000)
        await reign.start()
        for poller in reign.pollers:
            await poller.look()
        await reign.clock.sleep(15)
        return reign

    def run(self, what):
        return self.runner.run(what)

    @rule(kind=st.sampled_from(KINDS), status=st.sampled_from(OPEN + ENDS), count=st.integers(1, 4))
    def create(self, kind, status, count):
        self.run(self._create(kind, status, count))

    async def _create(self, kind, status, count):
        self.jobs += [self.reign.simulator.create(kind, status=status) for _ in range(count)]

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), status=st.sampled_from(OPEN + ENDS))
    def move_or_flip(self, data, status):
        """Open or ended, forward or back."""
        self.run(self._move(data.draw(st.sampled_from(self.jobs)), status))

    async def _move(self, job, status):
        self.reign.simulator.move(job, status)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def vanish(self, data):
        job = data.draw(st.sampled_from(self.jobs))
        self.jobs.remove(job)
        self.gone.append(job)
        self.run(self._done(partial(self.reign.simulator.vanish, job)))

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def bring_back(self, data):
        job = data.draw(st.sampled_from(self.gone))
        self.gone.remove(job)
        self.jobs.append(job)
        self.been_away.add(job.id)
        self.run(self._done(partial(self.reign.simulator.bring_back, job)))

    async def _done(self, act):
        act()

    @rule(fault=st.sampled_from(FAULTS), count=st.sampled_from([1, 1, 2, 4]))
    def the_next_pages_fail(self, fault, count):
        self.reign.simulator.fail_next(count, fault)

    @rule(ours=st.sampled_from([-7200.0, -60.0, 60.0, 7200.0]), theirs=st.sampled_from([-60.0, 0.0, 60.0]))
    def clocks_jump(self, ours, theirs):
        self.reign.clock.jump(ours)
        self.reign.world_clock.jump(theirs)

    @rule(seconds=st.sampled_from([1.0, 60.0, 400.0, 4000.0]))
    def time_passes(self, seconds):
        self.run(self.reign.clock.sleep(seconds))

    @rule(
        data=st.data(), kinds=st.sets(st.sampled_from(KINDS), min_size=1), after=st.sampled_from([1.0, 15.0])
    )
    def look(self, data, kinds, after):
        acts = []
        if self.jobs and data.draw(st.booleans()):
            job = data.draw(st.sampled_from(self.jobs))
            act = data.draw(
                st.sampled_from(
                    [
                        partial(self.reign.simulator.move, job, "COMPLETED"),
                        partial(self.reign.simulator.move, job, "RUNNING"),
                        partial(self._hint, job),
                        partial(self._come, job.kind, 4),
                    ]
                )
            )
            acts.append((after + data.draw(MOMENTS), act))
        self.run(self._looks(sorted(kinds), after, acts))

    @rule(
        kinds=st.sets(st.sampled_from(KINDS), min_size=1),
        way=st.sampled_from(["request", "commit", "commit undone"]),
        count=FEW,
    )
    def a_crash_in_a_look(self, kinds, way, count):
        if way == "request":
            self.reign.mortal.die_at(requests=count)
        else:
            self.reign.mortal.die_at(commits=count, undone=way != "commit")
        self.run(self._looks(sorted(kinds), 15.0, [], killed=True))

    @rule(kind=st.sampled_from(KINDS), status=st.sampled_from(ENDS), moment=st.sampled_from([0.04, 0.4]))
    def a_walk_breaks_off(self, kind, status, moment):
        """After its first page, or later; there were more of them, of more than the window's overlap."""
        for _ in range(2):
            self.create(kind, status, 4)
            self.time_passes(400.0)
        breaks = partial(self.reign.simulator.fail_next, 3, "error")
        self.run(self._looks([kind], 1.0, [(1.0 + moment, breaks)]))
        self.reign.simulator._faults.clear()
        self.time_passes(400.0)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), status=st.sampled_from(OPEN + ENDS), slow=st.booleans())
    def a_hint_crosses_a_look(self, data, status, slow):
        """Its answer was made before the job moved, and may come after the look has seen that."""
        job = data.draw(st.sampled_from(self.jobs))
        acts = [(0.0, partial(self._hint, job)), (0.5, partial(self.reign.simulator.move, job, status))]
        if slow:
            self.reign.simulator.fail_next(1, "slow")
        self.run(self._looks([job.kind], 1.0, acts))

    def _hint(self, job):
        for poller in self.reign.pollers:
            if poller.spec.kind.name == job.kind:
                poller.hints.offer(job.id)

    def _come(self, kind, count):
        """A page shifts."""
        self.jobs += [self.reign.simulator.create(kind) for _ in range(count)]

    async def _looks(self, kinds, after, acts, *, killed=False):
        """These sources look at the same time, hints are asked for, and so much happens meanwhile."""
        loop, dead = asyncio.get_running_loop(), asyncio.ensure_future(self.reign.mortal.dead.wait())
        for moment, act in acts:
            loop.call_later(moment, act)
        hints = [asyncio.ensure_future(poller.hints.run()) for poller in self.reign.pollers]
        await self.reign.clock.sleep(after)
        looks = [
            asyncio.ensure_future(poller.look())
            for poller in self.reign.pollers
            if poller.spec.kind.name in kinds
        ]
        everything = asyncio.gather(*looks, asyncio.sleep(SLOW))
        await asyncio.wait([everything, dead], return_when=asyncio.FIRST_COMPLETED)
        if killed:
            await self.reign.kill(*looks, *hints)
            await self.reign.start()
        for task in (everything, dead, *hints):
            task.cancel()
        await asyncio.gather(everything, dead, *hints, return_exceptions=True)
        self.reign.record.drain(self.reign.simulator)

    @invariant()
    def what_is_told_is_what_was_shown(self):
        if hasattr(self, "reign"):
            assert [*unlike(Reading(self.reign.record), told_by(self.reign).changes)] == []

    def teardown(self):
        if not hasattr(self, "reign"):
            return
        try:
            self.run(self._settled())
            self.what_is_told_is_what_was_shown()
            self.all_is_known()
        finally:
            self.run(self.reign.kill())
            self.runner.close()
            self.reign.end()

    def all_is_known(self):
        """But what ended, and was away while it was young."""
        known = told_by(self.reign).snapshot
        there = [job for job in self.jobs if (job.kind, job.id) in known or job.id not in self.been_away]
        assert {job.id: known.get((job.kind, job.id)) for job in there} == {
            job.id: job.status for job in there
        }

    async def _settled(self):
        """All is well for an hour and a while."""
        self.reign.simulator._faults.clear()
        for pause in (60.0, *[15.0] * 8, 3700.0, *[20.0] * 12):
            await self.reign.clock.sleep(pause)
            for poller in self.reign.pollers:
                await poller.look()
        self.reign.record.drain(self.reign.simulator)


TestAnyInterleaving = Interleaving.TestCase
TestAnyInterleaving.settings = settings(
    settings.get_profile("relay"), max_examples=40, stateful_step_count=30, derandomize=True, database=None
)
