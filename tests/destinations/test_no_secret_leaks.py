"""No error, no exception behind it and no log line of any destination holds a secret."""

import asyncio
import logging
import pickle
import traceback

import pytest
from receivers import RECEIVERS

from relay.errors import DeliveryFailed


def chain(error):
    """The exception and all that led to it, shown or not."""
    seen, left = [], [error]
    while left:
        if (one := left.pop()) is not None and one not in seen:
            seen.append(one)
            left += [one.__cause__, one.__context__]
    return seen


def everything_said(error, caplog):
    for one in chain(error):
        yield from (str(one), repr(one), repr(one.args), repr(vars(one)))
    yield "".join(traceback.format_exception(error))
    for record in caplog.records:
        yield f"{record.getMessage()} {record.args!r} {record.exc_text}"


async def error_of(sending):
    with pytest.raises((DeliveryFailed, TimeoutError)) as caught:
        async with asyncio.timeout(1):
            await sending
    return caught.value


def leaks(receiver, error, caplog):
    return [said for said in everything_said(error, caplog) for secret in receiver.secrets if secret in said]


def each(*tables):
    return [
        pytest.param(name, table, row, id=f"{name}-{row}")
        for name, receiver in RECEIVERS.items()
        for table in tables
        for row in getattr(receiver, table)
    ]


@pytest.mark.parametrize(("receiver", "table", "row"), each("failures"), indirect=["receiver"])
async def test_a_failure_holds_no_secret(receiver, message, caplog, table, row):
    caplog.set_level(logging.DEBUG)
    receiver.answer = receiver.failures[row].answer
    error = await error_of(receiver.destination().send(message()))
    assert leaks(receiver, error, caplog) == []


@pytest.mark.parametrize(("receiver", "table", "row"), each("unreachable"), indirect=["receiver"])
async def test_a_receiver_not_reached_tells_no_secret(receiver, message, caplog, table, row):
    caplog.set_level(logging.DEBUG)
    error = await error_of((await receiver.astray(row)).send(message()))
    assert leaks(receiver, error, caplog) == []


@pytest.mark.parametrize(("receiver", "table", "row"), each("slow"), indirect=["receiver"])
async def test_a_deadline_tells_no_secret(receiver, message, caplog, table, row):
    caplog.set_level(logging.DEBUG)
    receiver.answer = getattr(receiver, table)[row]
    error = await error_of(receiver.destination().send(message()))
    assert leaks(receiver, error, caplog) == []


async def test_a_destination_shows_no_secret_of_its_own(receiver):
    destination = receiver.destination()
    shown = [repr(destination), str(destination)]
    assert [said for said in shown for secret in receiver.secrets if secret in said] == []
    with pytest.raises((TypeError, AttributeError)):
        pickle.dumps(destination)
