"""Whether what runs still moves."""

import asyncio

from deliver.office import Receiver, at_work

from relay.deliver.lane import IDLE, LONGEST_TURN
from relay.progress import Progress


async def test_who_moves_again_in_time_is_not_overdue():
    progress = Progress()
    assert not progress.overdue()
    progress.within(10)
    await asyncio.sleep(9)
    assert not progress.overdue()
    progress.within(10)
    await asyncio.sleep(11)
    assert progress.overdue()


async def test_an_idle_lane_moves(office):
    lane = office.lane(Receiver())
    async with at_work(lane):
        for _ in range(20):
            await asyncio.sleep(60)
            assert not lane.overdue()


async def test_a_lane_whose_turn_does_not_end_is_overdue(office):
    class Hanging:
        async def is_down(self, **_):
            return False

        async def turn(self, **_):
            await asyncio.sleep(IDLE + LONGEST_TURN + 1)
            return await office.store.turn(**_)

    lane = office.lane(Receiver())
    lane._store = Hanging()
    async with at_work(lane):
        await asyncio.sleep(IDLE + LONGEST_TURN + 0.5)
        assert lane.overdue()
