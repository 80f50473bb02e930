"""How mail is sent: by which connection, to whom, and who still has to get it when it failed."""

import asyncio
import json
import re

import msgspec
import pytest
from mailserver import EmailReceiver, failing, parsed
from smtp_session import closing, endless, only, saying, silent

from relay.destinations import TYPES, Dialler
from relay.destinations.email import connections
from relay.errors import DeliveryFailed

A, B, C = (f"{name}@example.com" for name in "abc")


@pytest.fixture
async def server(clock):
    server = await EmailReceiver(clock=clock).start()
    yield server
    await server.stop()


async def failure_of(sending):
    with pytest.raises(DeliveryFailed) as caught:
        await sending
    return caught.value


async def settled(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.005)


def names(session):
    return [name for name, _ in session.commands]


def recipients(server):
    return [to for to, _ in server.mails]


async def test_a_mail_goes_over_starttls_with_a_password(server, message):
    await server.destination().send(message())
    assert names(server.received[0]) == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"]
    (to, content), *_ = server.mails
    assert to == ("oncall@example.com",)
    assert parsed(content)["Message-ID"] == "<msg_1@example.com>"


@pytest.mark.parametrize("scheme", ["smtps", "smtp+plain"])
async def test_a_mail_goes_by_the_other_schemes(scheme, clock, message):
    server = await EmailReceiver(clock=clock, scheme=scheme).start()
    await server.destination().send(message())
    assert names(server.received[0]) == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"]
    await server.stop()


async def test_without_starttls_nothing_is_said_that_matters(server, message):
    server.answer = {"EHLO": saying("250-mail.test", "250-AUTH PLAIN LOGIN", "250 HELP")}
    failure = await failure_of(server.destination().send(message()))
    assert re.search("offers no STARTTLS, so nothing was sent: .* use|needs smtps://", failure.reason)
    assert names(server.received[0]) == ["EHLO"]


async def test_what_was_said_before_tls_is_not_believed(server, message):
    """An answer that someone on the way puts behind the one to STARTTLS."""
    server.answer = {"STARTTLS": saying("220 go", "250-mail.test", "250 AUTH PLAIN")}
    await failure_of(server.destination().send(message()))
    assert names(server.received[0])[:2] == ["EHLO", "STARTTLS"]
    assert "AUTH" not in names(server.received[0])


async def test_a_certificate_of_another_name_is_not_trusted(server, message):
    failure = await failure_of(server.destination(host="127.0.0.2").send(message()))
    assert "certificate is not trusted" in failure.reason or "could not connect" in failure.reason
    assert not server.mails


async def test_a_wrong_password_is_tried_once_an_attempt(server, message):
    await failure_of(server.destination(password="wrong").send(message()))
    assert names(server.received[0]).count("AUTH") == 1


async def test_a_connection_serves_several_messages(server, message):
    destination = server.destination()
    for n in range(3):
        await destination.send(message(delivery=f"msg_{n}"))
    assert len(server.received) == 1
    assert names(server.received[0])[-8:] == ["RSET", "MAIL", "RCPT", "DATA"] * 2


async def test_two_at_a_time_have_a_connection_each_and_keep_them(server, message):
    destination = server.destination()
    for _ in range(3):
        await asyncio.gather(*(destination.send(message(name=f"{n}")) for n in range(2)))
    assert len(server.received) == server.connections == 2
    assert sorted(server.names_of_events()) == ["0", "0", "0", "1", "1", "1"]


async def test_no_more_connections_are_kept_than_may_be_used(server, message):
    destination = server.destination()
    await asyncio.gather(*(destination.send(message()) for _ in range(5)))
    await settled(lambda: server.connections == 2)


async def test_a_connection_that_served_many_is_renewed(server, message):
    destination = server.destination()
    for _ in range(connections.MOST + 1):
        await destination.send(message())
    assert [names(session).count("DATA") for session in server.received] == [connections.MOST, 1]
    await settled(lambda: server.connections == 1)


async def test_a_server_that_came_back_costs_no_attempt(server, message):
    destination = server.destination()
    await destination.send(message())
    await server.fall()
    await server.start()
    await destination.send(message())
    assert (len(server.received), len(server.mails)) == (2, 2)


@pytest.mark.parametrize("answer", ["421 too long idle", closing, saying("500 what?"), saying("garbage")])
async def test_a_kept_connection_that_is_no_good_costs_no_attempt(server, message, answer):
    destination = server.destination()
    await destination.send(message())
    server.answer = {"RSET": answer}
    await destination.send(message())
    assert (len(server.received), len(server.mails)) == (2, 2)


async def test_a_kept_connection_that_says_nothing_is_left_in_time(server, message):
    destination = server.destination()
    await destination.send(message())
    server.answer = {"RSET": silent}
    async with asyncio.timeout(connections.PROBE + 2):
        await destination.send(message())
    assert len(server.mails) == 2
    await settled(lambda: server.connections == 1)


async def test_a_server_that_talks_on_is_not_listened_to(server, message):
    """Its words stay in the network's buffers, until its connection is used again."""
    destination = server.destination()

    async def answer(session):
        session._writer.write(b"250 thanks\r\n")
        await asyncio.sleep(0.05)
        await endless(b"", b"250 x\r\n" * 9999)(session)

    server.answer = {"content": answer}
    await destination.send(message())
    (session,) = server.sessions
    await settled(lambda: session._writer.transport.get_write_buffer_size() > 2**16)
    server.answer = {}
    await destination.send(message())
    assert len(server.mails) == 1


async def test_a_connection_that_nobody_uses_is_closed(server):
    kept = connections.Connections(server.destination()._options, Dialler(), idle=0.05)
    async with kept.one() as smtp:
        await smtp.noop()
    assert server.connections == 1
    await settled(lambda: server.connections == 0)


async def test_a_failure_ends_its_connection(server, message):
    destination = server.destination()
    server.answer = {"content": "451 later"}
    await failure_of(destination.send(message()))
    await settled(lambda: server.connections == 0)
    server.answer = {}
    await destination.send(message())


async def test_closed_says_goodbye_and_may_be_sent_to_again(server, message):
    destination = server.destination()
    await destination.send(message())
    await destination.close()
    assert names(server.received[0])[-1] == "QUIT"
    await settled(lambda: server.connections == 0)
    await destination.send(message())
    assert len(server.mails) == 2


async def test_those_refused_for_now_are_tried_again_alone(server, message):
    destination = server.destination(to=[A, B, C])
    server.answer = {"RCPT": only(B, "451 4.2.0 busy")}
    failure = await failure_of(destination.send(message()))
    assert (failure.permanent, failure.fault, failure.status) == (False, "message", 451)
    assert failure.reason == "refused for now: b@example.com (451 4.2.0 busy)"
    assert json.loads(failure.place) == [B]
    again = msgspec.structs.replace(message(), place=failure.place)
    server.answer = {}
    await destination.send(again)
    assert recipients(server) == [(A, C), (B,)]
    first, second = (parsed(content) for _, content in server.mails)
    assert first["To"] == second["To"] == f"{A}, {B}, {C}"
    assert first["Message-ID"] == second["Message-ID"]


async def test_those_refused_for_good_are_named_and_hold_up_no_one(server, message):
    server.answer = {"RCPT": only(B, "550 5.1.1 unknown")}
    receipt = await server.destination(to=[A, B]).send(message())
    assert recipients(server) == [(A,)]
    assert (receipt.status, receipt.answer) == (
        250,
        "thanks; refused for good: b@example.com (550 5.1.1 unknown)",
    )


async def test_one_refused_for_now_and_one_for_good(server, message):
    server.answer = {"RCPT": lambda argument: {"<b": "451 busy", "<c": "550 unknown"}.get(argument[3:5])}
    failure = await failure_of(server.destination(to=[A, B, C]).send(message()))
    assert (
        failure.reason
        == "refused for now: b@example.com (451 busy); refused for good: c@example.com (550 unknown)"
    )
    assert json.loads(failure.place) == [B]


async def test_where_nobody_got_it_all_are_tried_again(server, message):
    server.answer = {"RCPT": lambda argument: {"<a": "451 busy", "<b": "550 unknown"}.get(argument[3:5])}
    failure = await failure_of(server.destination(to=[A, B]).send(message()))
    assert (failure.permanent, failure.place, failure.status) == (False, None, 451)
    assert not server.mails


async def test_the_last_that_is_refused_for_good_after_others_got_it_ends_it(server, message):
    server.answer = {"RCPT": only(B, "550 5.1.1 unknown")}
    receipt = await server.destination(to=[A, B]).send(
        msgspec.structs.replace(message(), place=json.dumps([B]))
    )
    assert receipt.answer == "refused for good: b@example.com (550 5.1.1 unknown)"
    assert not server.mails


@pytest.mark.parametrize("place", ["", "{", '"a"', "null", "[[[", "5"])
async def test_a_place_that_says_nothing_means_all(server, message, place):
    await server.destination(to=[A, B]).send(msgspec.structs.replace(message(), place=place))
    assert recipients(server) == [(A, B)]


async def test_who_left_the_configuration_is_not_written_to(server, message):
    waiting = msgspec.structs.replace(message(), place=json.dumps([B]))
    receipt = await server.destination(to=[A]).send(waiting)
    assert (receipt.status, receipt.answer) == (None, "those who still had to get it are no longer in to")
    assert not server.received


async def test_a_hundred_refusals_are_told_shortly(server, message):
    to = [f"{n:02}-{'x' * 50}@example.com" for n in range(100)]
    server.answer = {"RCPT": "550 5.1.1 " + "no " * 100}
    failure = await failure_of(server.destination(to=to).send(message()))
    assert failure.permanent
    assert failure.reason.endswith(" and 80 more")
    assert len(failure.answer.encode()) <= 4096


async def test_what_the_server_says_is_told_on_one_clean_line(server, message):
    server.answer = {"content": saying("554-5.7.1 \x1b[31mno\u202e", "554 \x00never")}
    failure = await failure_of(server.destination().send(message()))
    assert failure.reason == "127.0.0.1: the message was refused (554 5.7.1 no never)"


@pytest.mark.parametrize("code", ["000", "999", "2x0", "-10"])
async def test_a_code_that_is_none_is_no_proper_answer(server, message, code):
    expected = failing("content", saying(f"{code} what"), "no proper SMTP answer")
    server.answer = expected.answer
    failure = await failure_of(server.destination().send(message()))
    assert expected.reason in failure.reason
    assert failure.status is None


async def test_a_line_that_begins_with_a_dot_arrives(server, message):
    told = msgspec.structs.replace(message(), body=".\r\n.hidden\r\n..\r\nend")
    await server.destination().send(told)
    text = parsed(server.mails[0][1]).get_body(("plain",)).get_content()
    assert [line for line in text.splitlines() if line.startswith(".")] == [".", ".hidden", ".."]


async def test_an_address_that_is_denied_is_not_dialled(server, message):
    options = server.destination(host="localhost", deny=["127.0.0.0/8", "::1"])._options
    destination = TYPES["email"].make(options, dialler=Dialler(options.deny), clock=server._clock)
    failure = await failure_of(destination.send(message()))
    assert re.search(r"^localhost: could not connect \(.*forbidden address .* \(denied\)", failure.reason)
    assert (failure.fault, failure.permanent, server.received) == ("destination", False, [])
