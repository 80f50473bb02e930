"""A service manager's end of the socket by which a service tells it how it is."""

import asyncio
import socket
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Manager:
    path: str
    _socket: socket.socket

    async def hears(self, first: str = "") -> str:
        """The next that begins so."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(15):
            while not (said := (await loop.sock_recv(self._socket, 4000)).decode()).startswith(first):
                pass
        return said

    def heard(self) -> list[str]:
        """What was said by now, without waiting."""
        said = []
        try:
            while True:
                said.append(self._socket.recv(4000).decode())
        except BlockingIOError:
            return said


@contextmanager
def listening(path: str):
    """Listen while inside; a path that begins with @ is an abstract name."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(path.replace("@", "\0", 1))
        sock.setblocking(False)
        yield Manager(path, sock)
