"""Ten thousand failures in one look of a real process: few messages that add up; machines get each."""

from tests.process.flooded import KINDS, flooded
from tests.process.live import until

FAILURES = 10_000


async def test_many_failures_are_few_messages_to_people_and_each_one_to_machines(home):
    async with flooded(home, waits='group_wait = "12s"\ngroup_interval = "15s"') as flood:
        flood.rise(FAILURES)
        await until(lambda: flood.heard.has(FAILURES), within=120)
    heard = flood.heard
    assert max(map(len, (heard.chat, heard.bot, heard.mails))) <= 3
    assert len(heard.bot) == 1, "a bot keeps one message current"
    assert sum(count for count, _ in heard.sums) >= FAILURES
    assert {kinds for _, kinds in heard.sums} == {KINDS}
