"""A lane's turn costs the same however many deliveries wait: one thread writes for all lanes."""

import dataclasses

import pytest
from bookkeeping import NOW, Lane, a_group, a_job, an_event, delivered, failed

from relay.store import Changes, open_store

LATER = 100.0

SHAPES = {
    "by themselves": lambda n: {"job": f"job-{n}"},
    "one long chain of a job": lambda _: {"job": "job"},
    "many chains": lambda n: {"job": f"job-{n % 20}"},
    "settling": lambda n: {"job": f"job-{n}", "settle": 3600},
    "many groups": lambda n: {"job": f"job-{n}", "group": a_group(f'{{"n":{n}}}')},
    "of a rule that is gone": lambda n: {"job": f"job-{n}", "rule": "gone"},
}


class Cost:
    """Counts what SQLite's machine does, so that no clock is asked."""

    def __init__(self, store):
        self.steps = 0
        store.writer._connection.set_progress_handler(self._count, 10)

    def _count(self):
        self.steps += 10
        return 0

    async def of(self, work):
        before = self.steps
        result = await work
        return self.steps - before, result


def owed(n, shape):
    how = shape(n)
    job, rule = how.pop("job"), how.pop("rule", "all")
    new = an_event(a_job(job, "FAILED"), n + 1, **how)
    return dataclasses.replace(
        new,
        deliveries=tuple(dataclasses.replace(d, rule=rule) for d in new.deliveries),
        rules={rule: ["ops"]},
    )


async def turns(path, count, shape):
    """What each kind of turn costs with so many waiting."""
    store = open_store(path)
    row = await store.open_source(name="parse", kind="parse", identity="{}", now=NOW)
    events = [owed(n, shape) for n in range(count)]
    await store.ingest(
        source=row.id, keys=[], decide=lambda *_: Changes(events=events), baseline=None, now=NOW
    )
    cost, lane, known = Cost(store), Lane(store), {"rules": {"all"}}
    found = {}
    found["claim"], turn = await cost.of(lane.turn(at=LATER, room=10, **known))
    found["held"], _ = await cost.of(lane.turn(at=LATER, room=10, idle=False, **known))
    results = [delivered(c) if n % 2 else failed(c, again=1000) for n, c in enumerate(turn.claimed)]
    found["settle"], _ = await cost.of(lane.turn(*results, at=LATER, room=10, **known))
    found["next due"], _ = await cost.of(lane.turn(at=LATER, room=0, **known))
    found["probe"], _ = await cost.of(lane.turn(at=LATER, room=1, probe=True, **known))
    found["another lane"], _ = await cost.of(Lane(store, "dev").turn(at=LATER, **known))
    await store.close()
    return found


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
async def test_a_turn_costs_no_more_with_very_many_waiting(tmp_path, shape):
    few = await turns(tmp_path / "few.db", 200, shape)
    many = await turns(tmp_path / "many.db", 8000, shape)
    assert {name: steps for name, steps in many.items() if steps > 1.5 * few[name] + 500} == {}


async def ends_and_renames(path, count):
    """What the end of a lane's leases, and a rename of ten deliveries, cost beside so many others."""
    store = open_store(path)
    row = await store.open_source(name="parse", kind="parse", identity="{}", now=NOW)
    events = [owed(n, SHAPES["by themselves"]) for n in range(count)]
    events += [
        an_event(a_job(f"old-{n}", "FAILED"), 1, to=("old",), group=a_group(f'{{"n":{n}}}'))
        for n in range(10)
    ]
    await store.ingest(
        source=row.id, keys=[], decide=lambda *_: Changes(events=events), baseline=None, now=NOW
    )
    await Lane(store).claim(at=LATER)
    cost = Cost(store)
    leases, _ = await cost.of(store.end_leases(of="ops", now=NOW + LATER))
    rename, _ = await cost.of(store.change(renamed={"ops": "old"}))
    assert len(await store.rows("deliveries", destination="ops", limit=count + 20)) == count + 10
    await store.close()
    return leases, rename


async def test_the_end_of_leases_and_a_rename_cost_what_they_move(tmp_path):
    few = await ends_and_renames(tmp_path / "few.db", 200)
    many = await ends_and_renames(tmp_path / "many.db", 8000)
    assert all(large <= 1.5 * small + 500 for small, large in zip(few, many, strict=True)), (few, many)


async def test_one_very_large_group_is_not_read_by_who_writes(tmp_path):
    few = await turns(tmp_path / "few.db", 300, lambda n: {"job": f"job-{n}", "group": a_group()})
    many = await turns(tmp_path / "many.db", 6000, lambda n: {"job": f"job-{n}", "group": a_group()})
    each = (many["claim"] - few["claim"]) / 5700
    assert each < 10, "no more than to count them"
