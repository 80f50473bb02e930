"""A mail server that takes every mail: as much of SMTP as relay's client asks of one on this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

LARGEST = 16 * 1024 * 1024
"""Bytes of a mail; a longer one ends its connection."""

_END = b"\r\n.\r\n"
_ANSWERS = {b"QUIT": b"221 bye", b"DATA": b"354 go on", b"EHLO": b"250 mailbox"} | dict.fromkeys(
    (b"MAIL", b"RCPT", b"RSET", b"NOOP"), b"250 well"
)


@asynccontextmanager
async def mailbox(seen: Callable[[bytes], None]) -> AsyncIterator[str]:
    """Serve while inside; `seen` is told of each mail. Yields where, as `server` in `rules.toml`."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _session(reader, writer, seen)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=LARGEST)
    try:
        yield f"smtp+plain://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _session(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Callable[[bytes], None]
) -> None:
    writer.write(b"220 mailbox\r\n")
    command = b""
    while command != b"QUIT":
        command = (await reader.readuntil(b"\r\n"))[:4].upper()
        writer.write(_ANSWERS.get(command, b"500 what?") + b"\r\n")
        if command == b"DATA":
            content = await reader.readuntil(_END)
            seen(content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."))
            writer.write(b"250 taken\r\n")
        await writer.drain()
