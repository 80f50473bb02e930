"""Receivers that the contract suite sends to: for each type of destination a stand-in of its server.

A new destination adds a class with what `WebhookReceiver` has, and its name to `RECEIVERS`: its type, or
type and variant, such as "webhook-cloudevents".
"""

import asyncio
import base64
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import ClassVar

from aiohttp import web
from mailserver import EmailReceiver, ImplicitTlsEmailReceiver, PlainEmailReceiver
from trouble import UNTRUSTED, Failure, refusing_port

from relay.destinations import TYPES

SIGNING = "whsec_" + base64.b64encode(b"canary of the signing secret").decode()

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


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


class WebhookReceiver:
    """`received` has (headers, body, raw target) of each request; `secrets` are what no one may read.

    `carries`: the field of an event that it is told as it was, whatever it holds.
    """

    secrets = ("canary-of-path", "canary-of-query", "canary-of-header", SIGNING.removeprefix("whsec_"))
    format: str | None = None
    carries = "name"
    thanks = (200, "thanks")
    failures: ClassVar = {
        **{f"{status}": failing(status) for status in (400, 404, 405, 413, 422, 500, 502, 503, 504)},
        **{f"{status}": failing(status, fault="destination") for status in (401, 403)},
        **{f"{status}": failing(status, Location="/elsewhere") for status in (300, 301, 302, 303, 307, 308)},
        "304": failing(304),
        "410": failing(410, permanent=True),
        "429 without a word": failing(429),
        "429 with a wait": failing(429, retry_after=7.0, **{"Retry-After": "7"}),
        "503 with a wait": failing(503, retry_after=120.0, **{"Retry-After": "120"}),
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
        self.answer: Answer = answering(200, "thanks")
        self.received: list = []
        self._serve = serve
        self._session = session
        self._clock = clock

    async def start(self):
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self.server = await self._serve(app, access_log=None)
        return self

    async def _handle(self, request):
        self.received.append((request.headers.copy(), await request.read(), request.raw_path))
        return await self.answer(request)

    @property
    def connections(self):
        return len(self.server.runner.server.connections)

    @property
    def bodies(self):
        return [body for _, body, _ in self.received]

    async def stop(self):
        """Its server ends with the fixture that serves."""

    def reads(self, value):
        """How it understands a value that it is told."""
        return value

    def told(self):
        """What the receiver understood of each event's `carries`."""
        return [json.loads(body)["data"][self.carries] for body in self.bodies]

    def destination(self, *, at=None, secret=SIGNING, headers=None, **more):
        place = at or f"http://127.0.0.1:{self.server.port}"
        table = {
            "type": "webhook",
            "url": f"{place}/canary-of-path/hook?token=canary-of-query",
            "headers": {"Authorization": "Bearer canary-of-header"} if headers is None else headers,
            **({"secret": secret} if secret else {}),
            **({"format": self.format} if self.format else {}),
            **more,
        }
        options = TYPES["webhook"].options.model_validate(table)
        return TYPES["webhook"].make(options, session=self._session, clock=self._clock)

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
            "unknown name": "http://no-such-host.invalid",
            "not TLS": f"https://127.0.0.1:{self.server.port}",
        }
        return self.destination(at=places[how])


class _AsSlowly(WebhookReceiver):
    """Formats share how they are sent, so what takes a second of waiting is not asked of each."""

    slow: ClassVar = {"silent": silent}
    floods: ClassVar = {"a body without end": WebhookReceiver.floods["a body without end"]}


class CloudEventsReceiver(_AsSlowly):
    format = "cloudevents"


class LlamaCloudReceiver(_AsSlowly):
    format = "llamacloud"
    carries = "job_id"


RECEIVERS = {
    "email": EmailReceiver,
    "email-plain": PlainEmailReceiver,
    "email-smtps": ImplicitTlsEmailReceiver,
    "webhook": WebhookReceiver,
    "webhook-cloudevents": CloudEventsReceiver,
    "webhook-llamacloud": LlamaCloudReceiver,
}
"""By type of destination, or type and variant."""
