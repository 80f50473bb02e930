"""Servers on loopback that answer as they are told to: well, badly, slowly or without end."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from aiohttp import web

UNTRUSTED = Path(__file__).with_name("untrusted.pem")

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Failure:
    """What a receiver does, and what its sender must be told of it; `reason` is a pattern."""

    answer: Answer
    reason: str
    fault: str = "message"
    permanent: bool = False
    retry_after: float | None = None
    status: int | None = None
    requests: int = 1


def answering(status: int, text: str = "no", **headers: str) -> Answer:
    async def answer(_request):
        return web.Response(status=status, text=text, headers=headers)

    return answer


def failing(status: int, *, fault="message", permanent=False, retry_after=None, **headers: str) -> Failure:
    reason = f"HTTP {status}"
    return Failure(answering(status, **headers), reason, fault, permanent, retry_after, status)


def raw(data: bytes) -> Answer:
    """Bytes instead of an answer, then the end of the connection."""

    async def answer(request):
        request.transport.write(data)
        request.transport.close()
        await asyncio.Event().wait()

    return answer


def endless(head: bytes, again: bytes) -> Answer:
    async def answer(request):
        request.transport.write(head)
        while True:
            request.transport.write(again)
            await asyncio.sleep(0)
            while request.transport.get_write_buffer_size() > 2**17:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.001)

    return answer


async def silent(_request):
    await asyncio.Event().wait()


async def dripping(request):
    request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        request.transport.write(b".")
        await asyncio.sleep(0.05)


async def dripping_its_head(request):
    request.transport.write(b"HTTP/1.1 200 OK\r\nX-A: ")
    while True:
        request.transport.write(b".")
        await asyncio.sleep(0.05)


HEAD = b"HTTP/1.1 200 OK\r\n"
KILOBYTES = b"x" * 64 * 1024


@contextmanager
def refusing_port():
    """A port that is taken, so that nobody else gets it, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


class HttpReceiver:
    """`received` has (headers, body, raw target) of each request.

    Who inherits adds `destination(at=…)`, which sends here or elsewhere; `carries`, a field of an event, and
    `names_of_events()`, what each message said of it; `failures`; and `secrets`, which no one may read.
    """

    took, thanked = 200, "thanks"
    thanks = staticmethod(answering(200, thanked))
    broken: ClassVar = {
        "closed without an answer": Failure(raw(b""), "closed the connection without an answer"),
        "not HTTP": Failure(raw(b"220 mail ESMTP\r\n"), "no proper HTTP answer"),
        "a broken head": Failure(raw(HEAD + b"no colon\r\n\r\n"), "no proper HTTP answer"),
        "two lengths": Failure(
            raw(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), "no proper HTTP answer"
        ),
        "a cut head": Failure(raw(HEAD + b"Content-Le"), "without an answer|no proper HTTP answer"),
        "a cut answer": Failure(raw(HEAD + b"Content-Length: 9\r\n\r\nok"), "no proper HTTP answer"),
        "a cut chunk": Failure(
            raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nok"), "no proper HTTP answer"
        ),
    }
    unreachable: ClassVar = {
        "refused": "could not connect",
        "unknown name": "the name can't be resolved",
        "not TLS": "could not connect",
        "untrusted certificate": "its certificate is not trusted",
    }
    slow: ClassVar = {"silent": silent, "dripping": dripping, "dripping its head": dripping_its_head}
    floods: ClassVar = {
        "a body without end": endless(HEAD + b"Connection: close\r\n\r\n", KILOBYTES),
        "a failure without end": endless(b"HTTP/1.1 500 X\r\nConnection: close\r\n\r\n", KILOBYTES),
        "chunks without end": endless(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + KILOBYTES + b"\r\n"
        ),
        "tiny chunks without end": endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 999),
        "a chunk's size without end": endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", KILOBYTES),
        "a header without end": endless(HEAD + b"X-A: ", KILOBYTES),
        "headers without end": endless(HEAD, b"X-A: b\r\n" * 999),
        "a status line without end": endless(b"HTTP/1.1 200 ", KILOBYTES),
        "interim answers without end": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99),
    }

    def __init__(self, serve, session, clock):
        self.answer: Answer = self.thanks
        self.received: list = []
        self._serve = serve
        self._session = session
        self._clock = clock

    async def start(self):
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self.server = await self._serve(app, access_log=None)
        return self

    async def stop(self):
        """Its server ends with the fixture that serves."""

    async def _handle(self, request):
        self.received.append((request.headers.copy(), await request.read(), request.raw_path))
        return await self.answer(request)

    @property
    def connections(self):
        return len(self.server.runner.server.connections)

    @property
    def bodies(self):
        return [body for _, body, _ in self.received]

    async def astray(self, how):
        """A destination that can't be reached."""
        if how == "untrusted certificate":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(UNTRUSTED)
            app = web.Application()
            return self.destination(
                at=f"https://127.0.0.1:{(await self._serve(app, ssl=context, access_log=None)).port}"
            )
        with refusing_port() as port:
            pass
        places = {
            "refused": f"http://127.0.0.1:{port}",
            "unknown name": "https://no-such-host.invalid",
            "not TLS": f"https://127.0.0.1:{self.server.port}",
        }
        return self.destination(at=places[how])
