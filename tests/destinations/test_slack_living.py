"""One message that is kept current: over deliveries, a restart, its deletion, and the end of a batch."""

import msgspec
import pytest
from desk import Desk
from http_receiver import answering

from relay.destinations.slack.living import LIVES, RESTS, gathered, place_of
from relay.errors import DeliveryFailed

HOUR = 3600.0


@pytest.fixture
def batch(message):
    def make(delivery, event_type, status, *, severity="info", by_rule=None, progress=None, **data):
        one = message(
            delivery=delivery,
            severity=by_rule or severity,
            product="batch",
            kind="batch",
            status=status,
            error=None,
            error_kind=None,
            **data,
        )
        its = msgspec.structs.replace(one.events[0].data, severity=severity)
        event = msgspec.structs.replace(one.events[0], type=event_type, data=its)
        return msgspec.structs.replace(one, events=(event,), progress=progress)

    return make


async def test_a_group_is_one_message_whose_numbers_grow(desk, news, clock, slack):
    await desk.send(news("msg_1", 5000))
    clock.time += 60
    await desk.send(news("msg_2", 3000, "TIMEOUT"))
    clock.time += 60
    await desk.send(news("msg_3", 2000))
    assert slack.methods == ["chat.postMessage", "chat.update", "chat.postMessage", "chat.update"]
    said, reply = desk.shows
    assert "3,000 × parse failed: TIMEOUT" in reply
    assert "10,000 failures in parse" in said
    assert "7,000 × parse failed: PDF_IS_BROKEN" in said
    assert "3,000 × parse failed: TIMEOUT" in said
    assert "2 kinds of error within 2 m" in said


async def test_it_goes_on_after_a_restart(desk, news, clock, slack):
    await desk.send(news("msg_1", 2))
    after = Desk(slack, clock)
    after.place = desk.place
    await after.send(news("msg_2", 3))
    assert slack.methods == ["chat.postMessage", "chat.update"]
    assert "5 failures" in after.shows[0]


async def test_a_delivery_that_is_tried_again_counts_once(desk, news, slack):
    await desk.send(news("msg_1", 2))
    slack.answer = answering(500)
    with pytest.raises(DeliveryFailed):
        await desk.send(news("msg_2", 3))
    slack.answer = slack.thanks
    for _ in range(3):
        await desk.send(news("msg_2", 3))
    assert "5 failures" in desk.shows[0]


async def test_one_that_was_deleted_is_posted_anew_with_all_its_numbers(desk, news, slack):
    await desk.send(news("msg_1", 2))
    slack.posted.clear()
    await desk.send(news("msg_2", 3))
    await desk.send(news("msg_3", 4))
    assert slack.methods == ["chat.postMessage", "chat.update", "chat.postMessage", "chat.update"]
    (said,) = desk.shows
    assert "9 failures" in said


@pytest.mark.parametrize("word", ["cant_update_message", "edit_window_closed", "channel_not_found"])
async def test_one_that_cannot_be_changed_any_more_is_posted_anew(desk, news, slack, word):
    await desk.send(news("msg_1", 2))
    well = slack.thanks

    async def answer(request):
        refused = request.path.endswith("chat.update")
        return await (answering(200, f'{{"ok":false,"error":"{word}"}}') if refused else well)(request)

    slack.answer = answer
    await desk.send(news("msg_2", 3))
    assert slack.methods == ["chat.postMessage", "chat.update", "chat.postMessage"]
    assert "5 failures" in desk.shows[-1]


@pytest.mark.parametrize("word", ["ratelimited", "internal_error", "not_in_channel", "invalid_auth"])
async def test_another_trouble_with_a_change_posts_nothing(desk, news, slack, word):
    await desk.send(news("msg_1", 2))
    slack.answer = answering(200, f'{{"ok":false,"error":"{word}"}}')
    with pytest.raises(DeliveryFailed, match=word):
        await desk.send(news("msg_2", 3))
    assert slack.methods == ["chat.postMessage", "chat.update"]


async def test_after_an_hour_of_silence_another_message_begins(desk, news, clock, slack):
    await desk.send(news("msg_1", 2))
    clock.time += RESTS + 1
    await desk.send(news("msg_2", 3))
    assert slack.methods == ["chat.postMessage", "chat.postMessage"]
    assert "3 failures" in desk.shows[-1]


async def test_after_a_day_another_begins_though_news_never_ceased(desk, news, clock, slack):
    hours = round(LIVES / HOUR)
    for hour in range(hours + 2):
        await desk.send(news(f"msg_{hour}", 1))
        clock.time += HOUR
    changes = ["chat.update", "chat.postMessage"] * hours  # and what tells of it in the thread
    assert slack.methods == ["chat.postMessage", *changes, "chat.postMessage"]
    assert "thread_ts" not in slack.payloads[-1]


async def test_another_channel_in_the_configuration_gets_another_message(news, clock):
    begun = gathered(news("msg_1", 2), to="#ops", now=clock.now())
    place = msgspec.structs.replace(place_of(begun.place), ts="1.1", channel="C1")
    moved = msgspec.structs.replace(news("msg_2", 3), place=place.encoded())
    assert gathered(moved, to="#ops", now=clock.now()).count == 5
    elsewhere = gathered(moved, to="#other", now=clock.now())
    assert (elsewhere.count, place_of(elsewhere.place).ts) == (3, "")


async def test_the_channel_is_changed_by_the_id_that_slack_gave_it(desk, news, slack):
    await desk.send(news("msg_1", 2))
    await desk.send(news("msg_2", 3))
    assert [payload["channel"] for payload in slack.payloads] == ["#ops", "C0123456789"]


async def test_a_batch_is_one_message_from_its_start_to_its_end(desk, batch, clock, slack):
    await desk.send(batch("msg_1", "batch.running", "RUNNING", progress=(0, 4)))
    clock.time += 30 * HOUR
    await desk.send(batch("msg_2", "batch.running", "RUNNING", progress=(2, 4)))
    assert "50 %" in desk.shows[0]
    await desk.send(batch("msg_3", "batch.completed", "COMPLETED", progress=(4, 4)))
    said, *_ = desk.shows
    assert slack.methods.count("chat.update") == 2
    assert "100 %" in said


@pytest.mark.parametrize("ending", ["finished", "failed", "cancelled"])
async def test_a_bad_end_of_a_batch_is_said_in_its_thread_and_channel_too(desk, batch, slack, ending):
    await desk.send(batch("msg_1", "batch.running", "RUNNING"))
    await desk.send(batch("msg_2", f"batch.{ending}", "FAILED", severity="error"))
    assert slack.methods == ["chat.postMessage", "chat.update", "chat.postMessage"]
    first, reply = slack.posted
    assert (slack.payloads[-1]["thread_ts"], slack.payloads[-1]["reply_broadcast"]) == (first, True)
    assert place_of(desk.place).ts == first, "it is the message itself that goes on"
    assert slack.posted[first]["blocks"] == slack.posted[reply]["blocks"]


async def test_a_reply_that_fails_is_a_failed_attempt(desk, batch, slack):
    await desk.send(batch("msg_1", "batch.running", "RUNNING"))
    well = slack.thanks

    async def answer(request):
        return await (answering(503) if request.path.endswith("chat.postMessage") else well)(request)

    slack.answer = answer
    with pytest.raises(DeliveryFailed, match="HTTP 503"):
        await desk.send(batch("msg_2", "batch.failed", "FAILED", severity="error"))


async def test_an_end_that_is_a_warning_is_said_in_the_thread_alone(desk, batch, slack):
    await desk.send(batch("msg_1", "batch.stuck", "RUNNING", severity="warning"))
    await desk.send(batch("msg_2", "batch.finished", "COMPLETED", severity="warning"))
    first, reply = slack.posted
    assert (slack.payloads[-1]["thread_ts"], slack.payloads[-1]["reply_broadcast"]) == (first, False)
    assert slack.posted[first]["blocks"] == slack.posted[reply]["blocks"]


@pytest.mark.parametrize("event_type", ["batch.completed", "batch.finished", "batch.running"])
async def test_good_news_of_a_batch_makes_no_reply(desk, batch, slack, event_type):
    await desk.send(batch("msg_1", "batch.running", "RUNNING"))
    await desk.send(batch("msg_2", event_type, "COMPLETED"))
    assert slack.methods == ["chat.postMessage", "chat.update"]


async def test_a_batch_that_takes_a_bad_turn_is_told_of_shortly(desk, batch, slack):
    await desk.send(batch("msg_1", "batch.running", "RUNNING"))
    await desk.send(batch("msg_2", "batch.stuck", "RUNNING", severity="warning"))
    assert slack.methods == ["chat.postMessage", "chat.update", "chat.postMessage"]
    assert desk.shows[-1].startswith("┃ 🟠 Batch is stuck in RUNNING (Q4 report.pdf)")
    assert desk.shows[-1].count("\n") <= 1


@pytest.mark.parametrize("only_progress", [False, True])
async def test_what_comes_late_of_a_batch_is_shown_beneath_what_is_so(desk, batch, slack, only_progress):
    finished = batch("msg_2", "batch.finished", "COMPLETED")
    await desk.send(batch("msg_1", "batch.running", "RUNNING"))
    await desk.send(finished)
    late = batch("msg_3", "batch.stuck", "RUNNING", severity="warning", progress=(4, 4))
    late = msgspec.structs.replace(late, earlier=finished.events, only_progress=only_progress)
    await desk.send(late)
    said, *replies = desk.shows
    assert said.startswith("┃ 🟢 Batch finished")
    assert "after 1 other event" in said
    assert "Batch is stuck in RUNNING" in said
    assert len(replies) == 1, "that it was worse is told"


async def test_what_comes_late_of_a_batch_keeps_the_severity_of_its_rule(desk, batch):
    finished = batch("msg_1", "batch.finished", "COMPLETED", by_rule="error")
    late = batch("msg_2", "batch.running", "RUNNING", by_rule="error")
    await desk.send(finished)
    await desk.send(msgspec.structs.replace(late, earlier=finished.events))
    assert desk.shows[0].startswith("┃ 🔴 Batch finished")


async def test_the_trouble_of_a_source_of_batches_is_of_no_batch(message):
    assert message(product="batch", kind="batch", job_id=None).batch is None
    assert message(product="batch", kind="batch").batch is not None


@pytest.mark.parametrize("word", ["message_not_found", "edit_window_closed"])
async def test_how_far_a_batch_has_come_is_never_said_in_another_message(desk, batch, slack, word):
    running = batch("msg_1", "batch.running", "RUNNING", progress=(0, 4))
    await desk.send(running)
    slack.answer = answering(200, f'{{"ok":false,"error":"{word}"}}')
    further = msgspec.structs.replace(running, progress=(1, 4), only_progress=True)
    assert (await desk.send(further)).place is None
    await desk.send(further)
    assert slack.methods == ["chat.postMessage", "chat.update"]


async def test_a_bad_end_that_is_the_first_that_is_heard_is_said_once(desk, batch, slack):
    await desk.send(batch("msg_1", "batch.failed", "FAILED", severity="error"))
    assert slack.methods == ["chat.postMessage"]


@pytest.mark.parametrize("place", ["", "{}", "nonsense", '{"to":1}', "[" * 50_000, "null"])
async def test_a_place_that_cannot_be_read_begins_another_message(desk, news, slack, place):
    desk.place = place
    await desk.send(news("msg_1", 2))
    assert slack.methods == ["chat.postMessage"]


def test_a_place_is_small_and_its_count_whole_whatever_came(news):
    place, total = None, 0
    for n in range(200):
        kind = f"{n} " + "漢" * 500
        message = msgspec.structs.replace(news(f"msg_{n}", n + 1, kind), place=place)
        message = gathered(message, to="#ops", now=1000.0 + n)
        place, total = message.place, total + n + 1
        assert len(place.encode()) <= 4000
        assert message.count == total
    assert len([tally for tally in place_of(place).tallies if tally.kinds is None]) >= 5
    assert sum(tally.count for tally in place_of(place).tallies) == total


async def test_the_numbers_of_a_title_are_whole_however_many_kinds_there_are(desk, news, clock):
    for n in range(80):
        await desk.send(news(f"msg_{n}", 5, f"KIND_{n}"))
        clock.time += 1
    assert "400 failures in parse" in desk.shows[0]
    assert "80 kinds" not in desk.shows[0], "which of them are the same can't be told any more"
    assert "more events" in desk.shows[0]


async def test_an_answer_that_tells_no_place_keeps_none(desk, news, slack):
    slack.answer = answering(200, '{"ok":true}')
    receipt = await desk.send(news("msg_1", 2))
    assert receipt.place is None


async def test_a_long_answer_that_repeats_the_message_is_understood(desk, news, slack):
    echo = '{"ok":true,"message":{"text":"' + "\\u00e4" * 25_000 + '"},"channel":"C1","ts":"1.5"}'
    slack.answer = answering(200, echo)
    receipt = await desk.send(news("msg_1", 2))
    assert (place_of(receipt.place).ts, len(receipt.answer)) == ("1.5", 4096)
