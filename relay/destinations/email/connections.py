"""Connections to one mail server: opened as its scheme asks, kept for the messages that follow."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from aiosmtplib import SMTP, SMTPException

from relay.destinations.dialler import Dialler
from relay.destinations.email.options import EmailOptions, Server

IDLE: Final = 30.0
"""Seconds after which a connection that nobody uses is closed."""

MOST: Final = 100
"""Messages that go over one connection."""

PROBE: Final = 3.0
"""Seconds that a kept connection may take to show that it is still there."""


class Unfit(Exception):  # noqa: N818 - what it says of the server
    """Why nothing may be sent to this server, whatever the message."""


@dataclass(eq=False)
class _Open:
    smtp: SMTP
    socket: socket.socket
    sent: int = 0
    timer: asyncio.TimerHandle | None = None

    def listen(self, on: bool) -> bool:
        """Whether there is a connection. While nobody listens, what a server says unasked costs nothing."""
        transport = self.smtp.transport
        if not isinstance(transport, asyncio.Transport) or transport.is_closing():
            return False
        if on:
            transport.resume_reading()
        else:
            transport.pause_reading()
        return True

    def drop(self) -> None:
        """At once, whatever the server does; a graceful end of TLS would wait for it."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.smtp.close()

    async def end(self) -> None:
        try:
            with suppress(SMTPException, OSError):
                if self.listen(True):
                    await self.smtp.quit(timeout=PROBE)
        finally:
            self.drop()

    def part(self) -> None:
        """Say goodbye, and do not wait for the answer."""
        with suppress(SMTPException):
            if self.listen(True) and self.smtp.protocol is not None:
                self.smtp.protocol.write(b"QUIT\r\n")
        self.smtp.close()


class Connections:
    """Each is used by one message at a time."""

    def __init__(self, options: EmailOptions, dialler: Dialler, *, idle: float = IDLE) -> None:
        self._options = options
        self._dialler = dialler
        self._idle = idle
        self._kept: list[_Open] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[SMTP]:
        """For one message. It is kept for others if that ended well, else dropped."""
        taken = await self._taken()
        well = False
        try:
            yield taken.smtp
            well = True
        finally:
            if well:
                self._keep(taken)
            else:
                taken.drop()

    async def close(self) -> None:
        kept = [self._unkept() for _ in tuple(self._kept)]
        await asyncio.gather(*(each.end() for each in kept))

    async def _taken(self) -> _Open:
        """One that was kept and is still there, else a new one."""
        while self._kept:
            kept = self._unkept()
            if await _answers(kept):
                return kept
        return await self._opened()

    def _unkept(self) -> _Open:
        kept = self._kept.pop()
        if kept.timer is not None:
            kept.timer.cancel()
        return kept

    def _keep(self, used: _Open) -> None:
        used.sent += 1
        is_enough = used.sent >= MOST or len(self._kept) >= self._options.concurrency
        if is_enough or not used.listen(False):
            used.part()
            return
        used.timer = asyncio.get_running_loop().call_later(self._idle, self._expire, used)
        self._kept.append(used)

    def _expire(self, idle: _Open) -> None:
        self._kept.remove(idle)
        idle.part()

    async def _opened(self) -> _Open:
        at = self._options.at
        assert at is not None
        connected = await self._dialler.connected(at.host, at.port)
        smtp = SMTP(
            hostname=at.host,
            sock=connected,
            timeout=None,
            use_tls=at.scheme == "smtps",
            start_tls=False,
            tls_context=None if at.scheme == "smtp+plain" else self._options.tls,
            local_hostname=_own_name(connected),
        )
        opened, well = _Open(smtp, connected), False
        try:
            await _greet(smtp, at)
            await self._authenticate(smtp, at)
            well = True
        finally:
            if not well:
                opened.drop()
        return opened

    async def _authenticate(self, smtp: SMTP, at: Server) -> None:
        if at.user is None or self._options.password is None:
            return
        methods = {"plain": smtp.auth_plain, "login": smtp.auth_login, "cram-md5": smtp.auth_crammd5}
        offered = [method for name, method in methods.items() if name in smtp.server_auth_methods]
        if not offered:
            raise Unfit("takes no password by a way that relay knows (AUTH PLAIN, LOGIN or CRAM-MD5)")
        # One try: each that fails counts towards being locked out.
        await offered[0](at.user, self._options.password.reveal())


async def _greet(smtp: SMTP, at: Server) -> None:
    await smtp.connect()
    await smtp.ehlo()
    if at.scheme != "smtp":
        return
    if not smtp.supports_extension("starttls"):
        raise Unfit(
            "offers no STARTTLS, so nothing was sent: someone on the way may have taken it out; "
            "a server without it needs smtps://, or smtp+plain:// where nobody can listen"
        )
    await smtp.starttls()
    await smtp.ehlo()


async def _answers(kept: _Open) -> bool:
    """Whether it does; one that does not is dropped."""
    well = False
    try:
        with suppress(SMTPException, OSError):
            if kept.listen(True):
                await kept.smtp.rset(timeout=PROBE)
                well = True
    finally:
        if not well:
            kept.drop()
    return well


def _own_name(connected: socket.socket) -> str:
    """Who we are, as an address: what the system calls itself is often no name, and takes long to look up."""
    address = connected.getsockname()[0].partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
