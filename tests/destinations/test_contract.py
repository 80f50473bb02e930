"""What holds of every destination: who is at fault, how long it may take, how much it may cost."""

import asyncio
import re
import time
import tracemalloc

import pytest
from receivers import RECEIVERS

from relay.destinations import TYPES
from relay.errors import DeliveryFailed
from relay.message import one_line

MEGABYTE = 2**20

HOSTILE = {
    "line ends": "a\r\nBcc: b\n\rc\x0b\x0c\x85\u2028\u2029",
    "a change of direction": "invoice\u202efdp.exe\u2066\u200f\u061c",
    "ANSI": "\x1b[2J\x1b]0;title\x07\x9b31m",
    "NUL and controls": "\x00\x01\x08\x7f\ufeff\ufffe\uffff",
    "a mention": "<!channel> <@U012AB3CD> <#C012AB3CD> @here",
    "a link": "<https://evil.example|Open> https://evil.example/?a=1&b=2 [x](javascript:alert(1))",
    "Slack's markup": "*a* _b_ ~c~ `d` ```e``` > f \u2022 g &lt;h&gt;",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)> </title> &amp;\\",
    "a template": "{{ 7*7 }} {% raw %} ${x} %s {}",
    "beyond the basic plane": "\U0001f4c4\U0010ffff e\u0301",
    "most of a megabyte": "ä" * (MEGABYTE // 2 - 2000),
}


def each(table):
    """(type of destination, key) of every row that the receivers have in this table."""
    return [
        pytest.param(name, row, id=f"{name}-{row}")
        for name, receiver in RECEIVERS.items()
        for row in getattr(receiver, table)
    ]


def of_kind(*, people):
    """Receivers that are read by people, or by machines."""
    return [name for name in RECEIVERS if TYPES[name.partition("-")[0]].for_people == people]


async def failure_of(sending):
    with pytest.raises(DeliveryFailed) as caught:
        await sending
    return caught.value


async def settled(condition):
    """Wait for what the other end of a connection has yet to notice."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)


def test_every_type_of_destination_is_under_this_contract():
    assert {name.partition("-")[0] for name in RECEIVERS} == TYPES.keys()


async def test_a_message_that_was_taken_says_what_was_answered(receiver, message):
    receipt = await receiver.destination().send(message(**{receiver.carries: "Q4 report.pdf"}))
    assert (receipt.status, receipt.answer) == (receiver.took, receiver.thanked)
    assert receiver.names_of_events() == ["Q4 report.pdf"]


@pytest.mark.parametrize(("receiver", "name"), each("failures"), indirect=["receiver"])
async def test_a_failure_says_what_the_courier_decides_on(receiver, message, name):
    expected = receiver.failures[name]
    receiver.answer = expected.answer
    failure = await failure_of(receiver.destination().send(message()))
    assert re.search(expected.reason, failure.reason)
    assert (failure.fault, failure.permanent, failure.retry_after, failure.status) == (
        expected.fault,
        expected.permanent,
        expected.retry_after,
        expected.status,
    )
    assert len(receiver.received) == expected.requests, "only the outbox retries, and no redirect is followed"


@pytest.mark.parametrize(("receiver", "how"), each("unreachable"), indirect=["receiver"])
async def test_a_receiver_that_is_not_reached_is_tried_again(receiver, message, how):
    failure = await failure_of((await receiver.astray(how)).send(message()))
    assert re.search(receiver.unreachable[how], failure.reason)
    assert (failure.permanent, failure.status, failure.answer) == (False, None, "")


async def test_after_a_failure_the_next_message_arrives(receiver, message):
    destination, well = receiver.destination(), receiver.answer
    for failure in receiver.failures.values():
        receiver.answer = failure.answer
        await failure_of(destination.send(message()))
    receiver.answer = well
    assert (await destination.send(message())).status == receiver.took


@pytest.mark.parametrize(("receiver", "how"), each("slow"), indirect=["receiver"])
async def test_the_callers_deadline_ends_it(receiver, message, how):
    receiver.answer = receiver.slow[how]
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await receiver.destination().send(message())
    assert time.monotonic() - began < 1
    await settled(lambda: receiver.connections == 0)


@pytest.mark.parametrize(("receiver", "how"), each("slow"), indirect=["receiver"])
async def test_a_cancel_in_mid_send_leaves_no_task_and_no_connection(receiver, message, how):
    receiver.answer = receiver.slow[how]
    before = asyncio.all_tasks()
    sending = asyncio.create_task(receiver.destination().send(message()))
    await settled(lambda: receiver.received)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await settled(lambda: receiver.connections == 0)
    await settled(lambda: asyncio.all_tasks() == before)


@pytest.mark.parametrize(("receiver", "how"), each("floods"), indirect=["receiver"])
async def test_an_answer_without_end_costs_little_memory_and_its_connection(receiver, message, how):
    receiver.answer = receiver.floods[how]
    destination = receiver.destination()
    tracemalloc.start()
    try:
        async with asyncio.timeout(1):
            receipt = await destination.send(message())
    except (DeliveryFailed, TimeoutError):
        pass
    else:
        assert len(receipt.answer.encode()) <= 4096
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MEGABYTE
    await settled(lambda: receiver.connections == 0)


@pytest.mark.parametrize("receiver", of_kind(people=False), indirect=True)
async def test_a_megabyte_arrives_without_a_warning(receiver, message):
    value = "ä" * (MEGABYTE // 2)
    await receiver.destination().send(message(**{receiver.carries: value}))
    assert receiver.names_of_events() == [value]


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("receiver", of_kind(people=False), indirect=True)
async def test_a_hostile_value_arrives_as_it_was_where_machines_read(receiver, message, value):
    await receiver.destination().send(message(**{receiver.carries: value}))
    assert receiver.names_of_events() == [value]


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("receiver", of_kind(people=True), indirect=True)
async def test_a_hostile_value_arrives_readable_and_short_where_people_read(receiver, message, value):
    await receiver.destination().send(message(**{receiver.carries: f"Q4 {value}"}))
    (told,) = receiver.names_of_events()
    readable = one_line(f"Q4 {value}", MEGABYTE)
    assert told.isprintable()
    assert readable.startswith(told.removesuffix("…"))
    assert len(told) >= min(100, len(readable))
    assert len(receiver.bodies[0]) < 50_000


async def test_many_at_a_time_do_not_mix(receiver, message):
    destination = receiver.destination()
    names = [f"{n}.pdf" for n in range(100)]
    await asyncio.gather(*(destination.send(message(**{receiver.carries: name})) for name in names))
    assert sorted(receiver.names_of_events()) == sorted(names)
