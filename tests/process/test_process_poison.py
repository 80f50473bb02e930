"""A message that ends whoever sends it: real processes find it, give it up, and deliver its neighbours."""

import asyncio
import sys

from relay.store import open_store
from relay.store.outbox import LOST_FOR_GOOD, POISON
from tests.process.fragile import ENDED
from tests.process.live import ROOT
from tests.store.bookkeeping import NOW, Account

JOBS = 40


async def filled(path):
    store = open_store(path)
    row = await store.open_source(name="parse", kind="parse", identity="{}", now=NOW)
    account = Account(store, row.id)
    for n in range(JOBS):
        await account.sees(
            "poison" if n == JOBS // 2 else f"job-{n}", to=("ops",) if n == JOBS // 2 else ("ops", "dev")
        )
    await store.close()


async def sent(path):
    """The status with which the sending process ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.process.fragile", path, cwd=ROOT
    )
    try:
        return await asyncio.wait_for(process.wait(), 60)
    finally:
        if process.returncode is None:
            process.kill()


async def test_a_message_that_ends_the_process_is_found_and_its_neighbours_arrive(home):
    await filled(home.database)
    statuses = [await sent(home.database)]
    while statuses[-1] != 0 and len(statuses) < 20:
        statuses.append(await sent(home.database))
    assert statuses == [ENDED] * LOST_FOR_GOOD + [0]
    dead = home.ask("SELECT job, reason, attempts FROM deliveries WHERE state = 'dead'")
    assert [(reason, attempts) for _, reason, attempts in dead] == [(POISON, LOST_FOR_GOOD)]
    assert home.ask("SELECT count(*) FROM deliveries WHERE state <> 'delivered'") == [(1,)]
    told = "SELECT data ->> 'name', data ->> 'error' FROM events WHERE type = 'delivery.dead'"
    assert home.ask(told) == [("ops", POISON)]
