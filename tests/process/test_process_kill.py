"""A real relay process is killed with -9 in mid-flow: nothing is lost, nothing doubled but recognisably."""

import time

from tests.process.live import until
from tests.soak.kill import Plan, soak


async def test_a_kill_while_a_webhook_is_on_its_way_sends_the_same_message_again(
    home, watched, looked, simulator, receiver
):
    watched()
    receiver.hang()
    async with home.started("run") as relay:
        await looked()
        simulator.create("parse", name="café.pdf")
        await until(lambda: receiver.hanging == 1)
        relay.kill()
    receiver.go_on()
    async with home.started("run"):
        await until(lambda: home.ask("SELECT 1 FROM deliveries WHERE state = 'delivered'"))
    first, second = receiver.arrivals
    assert first == second
    assert receiver.forged == 0
    assert (await home.relay("audit")).status == 0


async def test_a_change_while_relay_is_dead_is_told_after_the_next_start(
    home, watched, looked, simulator, receiver
):
    watched()
    job = simulator.create("parse", status="RUNNING")
    async with home.started("run") as relay:
        await looked()
        relay.kill()
    simulator.move(job, "FAILED", "PDF_IS_BROKEN")
    new = simulator.create("parse", status="COMPLETED", created_at=time.time() + 2)
    async with home.started("run"):
        await until(lambda: len(receiver.arrivals) == 2)
    told = {a.event["data"]["job_id"]: a.event["data"] for a in receiver.arrivals}
    assert (told[job.id]["previous"], told[job.id]["status"]) == ("RUNNING", "FAILED")
    assert (told[new.id]["previous"], told[new.id]["status"]) == (None, "COMPLETED")


async def test_a_restart_alone_tells_nothing(home, watched, looked, simulator, receiver):
    watched()
    for status in ("PENDING", "RUNNING", "COMPLETED", "FAILED"):
        simulator.create("parse", status=status)
    for _ in range(2):
        seen = len(simulator.log)
        async with home.started("run") as relay:
            await until(lambda: len(simulator.log) > seen + 8)  # noqa: B023 - it is over before the next round
            relay.kill()
    assert home.ask("SELECT 1 FROM events") == []
    assert receiver.arrivals == []


async def test_three_kills_among_moving_jobs_lose_double_and_invent_nothing(tmp_path):
    report = await soak(Plan(jobs=150, kills=3, seed=7, seconds=8, speed=3), tmp_path)
    assert report.amiss == []
    assert report.numbers["events"] > 150
