"""Whatever goes wrong: what is told is what was shown, by the log of the simulator, neither more nor less."""

from collections import defaultdict
from dataclasses import replace
from random import Random

import pytest

from relay.simulator import Scenario, Stream, changes
from relay.sources import KINDS

TROUBLE = ("error", "too_many", "too_many_wait", "html", "broken", "cut", "slow", "drop")
# No job moves twice within one look: what a look shows with two statuses is asked for, and only that counts.
STREAM = Stream(count=20, rate=0.05, waiting=60, working=150, failed=0.2, cancelled=0.05, cached=0.1)


def an_account(order):
    """Of a hundred answers five go wrong."""
    return Scenario(
        streams=dict.fromkeys(KINDS, replace(STREAM, order=order)),
        faults=dict.fromkeys(TROUBLE, 0.05 / len(TROUBLE)),
    )


async def first_looks(it):
    """Until each source was seen whole; the jobs that were learned in silence."""
    await it.clock.sleep(150)
    for poller in it.relay.pollers:
        while (await poller.look()).trouble is not None:
            pass
    baselines = {row["name"]: row["baseline"] for row in await it.store.rows("sources")}
    return {(s.kind, s.job_id) for s in it.simulator.log if s.created_at <= baselines[s.kind]}


def expected(log, silent):
    """Of each job (previous, status): from its beginning, or from its first sight on if that was silent."""
    return {
        key: list(zip([None, *statuses], statuses, strict=False))[key in silent :]
        for key, statuses in changes(log).items()
        if key not in silent or len(statuses) > 1
    }


async def told(it):
    """Of each job (previous, status) in the order of its events."""
    said = defaultdict(list)
    for event in await it.changes():
        said[event["kind"], event["job_id"]].append((event["previous"], event["status"]))
    return said


async def is_proven(it, silent):
    assert await told(it) == expected(it.simulator.log, silent)
    events = {event["id"] for event in await it.events()}
    assert len(events) > 300
    assert {event.id for message in it.inbox.messages for event in message.events} == events
    assert (await it.store.audit()).amiss == ()


@pytest.mark.parametrize("order", ["newest", "shuffled"])
async def test_every_kind_tells_all_its_changes(story, order):
    it = await story(an_account(order), kinds=KINDS, every=30.0, page_limit=7)
    silent = await first_looks(it)
    while not it.simulator.finished():
        await it.live(600)
    await it.live(600)
    await is_proven(it, silent)


@pytest.mark.parametrize(("seed", "order"), [(1, "newest"), (2, "shuffled")])
async def test_a_relay_that_is_killed_again_and_again_tells_all_changes(story, seed, order):
    it = await story(an_account(order), kinds=KINDS, seed=seed, every=30.0, page_limit=7)
    silent = await first_looks(it)
    chance = Random(seed)
    while not it.simulator.finished():
        await it.live(chance.uniform(1, 200), commits=chance.choice([None, chance.randint(1, 50)]))
        it.clock.jump(chance.uniform(-300, 300))
    await it.live(1800)
    await is_proven(it, silent)
