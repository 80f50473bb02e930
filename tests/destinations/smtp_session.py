"""A session of a real mail server that can be told to answer any step in another way."""

import asyncio
from functools import partial

from aiosmtpd.smtp import SMTP


async def silent(_session):
    await asyncio.Event().wait()


async def closing(session):
    session.transport.close()
    await asyncio.Event().wait()


def saying(*lines):
    """These lines as they are."""

    async def answer(session):
        session._writer.write("".join(f"{line}\r\n" for line in lines).encode())

    return answer


async def silent_in_tls(session):
    session._writer.write(b"220 go\r\n")
    await asyncio.Event().wait()


def dripping(head):
    async def answer(session):
        session._writer.write(head)
        while True:
            session._writer.write(b".")
            await asyncio.sleep(0.05)

    return answer


def endless(head, again):
    async def answer(session):
        session._writer.write(head)
        while True:
            session._writer.write(again)
            await session._writer.drain()
            await asyncio.sleep(0)

    return answer


def only(address, answer):
    """The answer to one recipient; the others are taken."""
    return lambda argument: answer if f"<{address}>" in argument else None


class Session(SMTP):
    """Answers a step as its receiver's `answer` says, else as it should.

    A step is "greeting", a command's name, or "content"; its answer is a line, something to do with the
    session, or a function of the command's argument that gives one of these or None.
    """

    def __init__(self, receiver, **how):
        super().__init__(receiver, hostname="mail.test", **how)
        self.receiver = receiver
        self.commands = []
        self._smtp_methods = {
            name: partial(self._answered, name, method) for name, method in self._smtp_methods.items()
        }

    def connection_made(self, transport):
        if self not in self.receiver.sessions:
            self.receiver.sessions.add(self)
            self.receiver.received.append(self)
        super().connection_made(transport)

    def connection_lost(self, error):
        self.receiver.sessions.discard(self)
        super().connection_lost(error)

    async def _handle_client(self):
        answer = self.receiver.answer.get("greeting")
        try:
            if callable(answer):
                await answer(self)
            await super()._handle_client()
        finally:
            self._writer.close()

    async def push(self, status):
        if not self.commands and isinstance(self.receiver.answer.get("greeting"), str):
            status = self.receiver.answer["greeting"]
        await super().push(status)

    async def _answered(self, name, method, argument):
        self.commands.append((name, argument))
        answer = self.receiver.answer.get(name)
        if callable(answer) and not asyncio.iscoroutinefunction(answer):
            answer = answer(argument)
        if answer is None:
            await method(argument)
        elif isinstance(answer, str):
            await self.push(answer)
        else:
            await answer(self)
