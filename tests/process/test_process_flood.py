"""Very many failures in one look of a real process: few messages whose numbers add up; machines get each."""

from tests.process.flooded import flooded
from tests.process.live import until


async def test_many_failures_are_few_messages_to_people_and_each_one_to_machines(home):
    async with flooded(home, waits='group_wait = "4s"\ngroup_interval = "6s"') as flood:
        flood.rise(700)
        await until(lambda: flood.heard.has(700), within=30)
    assert len(flood.heard.chat) <= 3
    assert len(flood.heard.mails) <= 3
