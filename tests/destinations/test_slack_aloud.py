"""Nobody is notified of an edit: what is worth it is told in the thread of a message in place, once."""

import msgspec
import pytest
from http_receiver import answering

from relay.destinations.slack.living import QUIET, RESTS
from relay.errors import DeliveryFailed
from relay.message import Tally
from relay.model import utc_text


@pytest.fixture
def replies(slack):
    return lambda: [payload for payload in slack.posted.values() if "thread_ts" in payload]


def shouted(replies):
    return [reply["reply_broadcast"] for reply in replies]


async def test_a_new_kind_of_error_is_told_once(desk, news, replies):
    await desk.send(news("msg_1", 2))
    await desk.send(news("msg_2", 3, "TIMEOUT"))
    await desk.send(news("msg_3", 4, "TIMEOUT"))
    assert shouted(replies()) == [True]
    assert desk.shows[-1].splitlines() == [
        "┃ 🔴 5 failures in parse",
        "┃ New: 3 × parse failed: TIMEOUT",
        "┃ 3 more events",
    ]


async def test_what_is_no_error_is_no_new_kind_of_one(desk, news, replies):
    await desk.send(news("msg_1", 2, None, "info", "parse.completed"))
    await desk.send(news("msg_2", 3, None, "info", "parse.running"))
    assert replies() == []


async def test_of_many_new_kinds_some_are_named(desk, news, replies):
    await desk.send(news("msg_1", 2))
    kinds = tuple(Tally(9 - n, "parse.failed", f"KIND_{n}") for n in range(8))
    await desk.send(msgspec.structs.replace(news("msg_2", 44), tallies=kinds))
    (said,) = replies()
    assert said["blocks"][0]["text"]["text"].splitlines()[-2:] == ["… 3 more new kinds", "44 more events"]


async def test_worse_than_before_is_told_once_and_the_colour_stays(desk, news, replies):
    await desk.send(news("msg_1", 2, None, "info", "parse.completed"))
    await desk.send(news("msg_2", 1, None, "warning", "parse.stuck"))
    await desk.send(news("msg_3", 1, None, "info", "parse.completed"))
    assert shouted(replies()) == [False]
    assert desk.shows[0].startswith("┃ 🟠 4 events in parse")


async def test_after_ten_minutes_of_edits_it_is_told_that_it_goes_on(desk, news, clock, replies):
    for n in range(10):
        await desk.send(news(f"msg_{n}", 5))
        clock.time += QUIET / 5
    assert shouted(replies()) == [True]
    assert desk.shows[-1].splitlines()[1:] == ["┃ 25 more events in the last 10 m"]


async def test_an_exact_replay_is_no_news(desk, news, clock, replies):
    for n in range(3):
        await desk.send(news(f"msg_{n}", 2))
        clock.time += 60
    arrived = utc_text(clock.now() - 60)
    clock.time += RESTS / 2
    again = msgspec.structs.replace(news("msg_1", 2), arrived_at=arrived)
    await desk.send(again)
    assert desk.shows[0].startswith("┃ 🔴 6 failures in parse")
    assert replies() == []


async def test_what_arrived_before_the_message_began_is_added_to_it_once(desk, news, clock):
    old = msgspec.structs.replace(news("msg_0", 2), arrived_at=utc_text(clock.now() - 9))
    await desk.send(news("msg_1", 3))
    await desk.send(old)
    assert "5 failures" in desk.shows[0]


async def test_what_could_not_be_told_is_told_with_the_next_try(desk, news, slack, replies):
    await desk.send(news("msg_1", 2))
    well, refused = slack.thanks, answering(503)

    async def answer(request):
        return await (refused if request.path.endswith("chat.postMessage") else well)(request)

    slack.answer = answer
    with pytest.raises(DeliveryFailed):
        await desk.send(news("msg_2", 3, "TIMEOUT"))
    slack.answer = well
    await desk.send(news("msg_2", 3, "TIMEOUT"))
    assert len(replies()) == 1
    assert "5 failures" in desk.shows[0]


async def test_a_message_that_is_posted_anew_makes_no_reply(desk, news, slack, replies):
    await desk.send(news("msg_1", 2))
    slack.posted.clear()
    await desk.send(news("msg_2", 3, "TIMEOUT"))
    assert (len(slack.posted), replies()) == (1, [])
