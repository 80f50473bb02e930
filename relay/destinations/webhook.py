"""Outbound webhooks: Standard Webhooks, https://www.standardwebhooks.com."""

import base64
import binascii
import io
import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import aiohttp
import msgspec
from pydantic import AfterValidator, BeforeValidator, Field
from standardwebhooks import Webhook as Signer
from yarl import URL

from relay.destinations.dialler import is_forbidden
from relay.destinations.port import Options, Receipt, SecretText
from relay.errors import DeliveryFailed
from relay.model import Clock, Event, Message, Secret

READ_LIMIT = 64 * 1024
LARGE = 1024 * 1024
KEPT = 4 * 1024

_LABEL = re.compile(r"(?!0[xX])[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]{0,8000}")
_OWN_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "host", "transfer-encoding", "connection"}
    | {"accept-encoding", "expect", "keep-alive", "te", "trailer", "upgrade", "user-agent"}
    | {"webhook-id", "webhook-timestamp", "webhook-signature"}
)
_CONTROL = dict.fromkeys((*range(9), *range(11, 13), *range(14, 32), 127))
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_url(text: str) -> str:
    """The URL if it is one to send to; else ValueError that never repeats it, since it may be a secret."""
    if len(text) > 2000 or re.search(r"[\x00-\x20\x7f\\]", text) or not text.isascii():
        raise ValueError("is not a URL that can be sent to: write it as https://host/path")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:  # its words quote the URL
        raise ValueError("is not a URL that can be sent to: its host or port is none") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(
            "is not a URL that can be sent to: it must begin with https:// or http:// and a host"
        )
    if not _is_host(parts.hostname):
        raise ValueError("is not a URL that can be sent to: its host is neither a name nor an address")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password: set headers.Authorization instead")
    return text


def _is_host(host: str) -> bool:
    """A name that can be looked up, or an address in its one usual spelling."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        return len(host) <= 253 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    return True


def check_signing_secret(text: str) -> str:
    """`whsec_` and base64 of 24 to 64 bytes; else ValueError."""
    problem = "is not a signing secret: write whsec_ and base64 of 24 to 64 bytes"
    if not text.startswith("whsec_"):
        raise ValueError(problem)
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(problem) from None
    if not 24 <= len(key) <= 64:
        raise ValueError(problem)
    return text


def _checked(check: Any) -> Any:
    """Run `check` on a plain text; what is a Secret already stands for one not resolved."""
    return BeforeValidator(lambda value: check(value) if isinstance(value, str) else value)


def _check_headers(headers: Mapping[str, Secret]) -> Mapping[str, Secret]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise ValueError(f"{name[:100]!r} can't be set: it is not a header name, or is relay's own")
        if not _HEADER_VALUE.fullmatch(value.reveal()):
            raise ValueError(f"the value of {name} holds characters that a header can't")
    return headers


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Url = Annotated[SecretText, _checked(check_url)]
SigningSecret = Annotated[SecretText, _checked(check_signing_secret)]


class WebhookOptions(Options):
    url: Url
    secret: Annotated[tuple[SigningSecret, ...], BeforeValidator(_as_list), Field(max_length=2)] = ()
    headers: Annotated[Mapping[str, SecretText], AfterValidator(_check_headers)] = {}
    format: Literal["standard"] = "standard"

    def dials(self) -> list[tuple[str, str, int]]:
        parts = urlsplit(self.url.reveal())
        return [("url", parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))]

    def warnings(self) -> list[tuple[str, str]]:
        found = []
        if not self.secret:
            found.append(("secret", "is not set: receivers can't tell relay's messages from forged ones"))
        parts = urlsplit(self.url.reveal())
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            found.append(("url", "is plain http: anyone on the way can read and change messages; use https"))
        return found


class Body(msgspec.Struct, frozen=True):
    id: str
    type: str
    timestamp: str
    data: dict[str, Any]


def standard_body(message: Message) -> bytes:
    """The event as DESIGN §8 shows it: what is stored, with relay, rule and the rule's severity."""
    (event,) = message.events
    return msgspec.json.encode(Body(event.id, event.type, event.timestamp, _data(event, message)))


def _data(event: Event, message: Message) -> dict[str, Any]:
    data = msgspec.structs.asdict(event.data)
    job = data.pop("job")
    return data | {
        "severity": message.severity,
        "relay": message.relay,
        "rule": message.rule,
        "job": job,
    }


class Webhook:
    def __init__(self, options: WebhookOptions, *, session: aiohttp.ClientSession, clock: Clock) -> None:
        # As it was written: what is escaped stays escaped. The fragment is not sent.
        self._url = URL(options.url.reveal().partition("#")[0], encoded=True)
        self._host = urlsplit(options.url.reveal()).hostname or ""
        self._headers = {name: value.reveal() for name, value in options.headers.items()}
        self._signers = [Signer(secret.reveal()) for secret in options.secret]
        self._session = session
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        body = standard_body(message)
        try:
            return await self._post(message.id, body)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failed = self._failed(error)
        # Not within the `except`: the error, whose words may quote the URL, would stay in its context.
        raise failed

    async def _post(self, message_id: str, body: bytes) -> Receipt:
        async with self._session.post(
            self._url,
            data=io.BytesIO(body) if len(body) > LARGE else body,
            headers=self._stamped(message_id, body),
            allow_redirects=False,
        ) as answer:
            return _judge(answer, await _read(answer), self._clock.now())

    def _failed(self, error: Exception) -> DeliveryFailed:
        if isinstance(error, aiohttp.ClientError):
            return DeliveryFailed(f"{self._host}: {_words(error)}", fault=_fault(error))
        if isinstance(error, UnicodeError):
            return DeliveryFailed(f"{self._host}: the name can't be resolved", fault="destination")
        if isinstance(error, OSError):
            return DeliveryFailed(f"{self._host}: {error.strerror or type(error).__name__}")
        return DeliveryFailed("the message can't be put into a request", permanent=True)

    def _stamped(self, message_id: str, body: bytes) -> dict[str, str]:
        now = datetime.fromtimestamp(int(self._clock.now()), UTC)
        headers = {
            **self._headers,
            "accept-encoding": "identity",
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        if self._signers:
            text = body.decode()
            headers["webhook-signature"] = " ".join(s.sign(message_id, now, text) for s in self._signers)
        return headers


async def _read(answer: aiohttp.ClientResponse) -> str:
    """At most 64 kB are read; an answer that goes on costs its connection, not our memory."""
    read = bytearray()
    async for chunk in answer.content.iter_chunked(READ_LIMIT):
        read += chunk
        if len(read) >= READ_LIMIT:
            answer.close()
            break
    return bytes(read[:KEPT]).decode(errors="ignore").translate(_CONTROL)


def _judge(answer: aiohttp.ClientResponse, text: str, now: float) -> Receipt:
    status = answer.status
    if 200 <= status < 300:
        return Receipt(status, text)
    raise DeliveryFailed(
        f"HTTP {status}" + (", a redirect, which relay never follows" if 300 <= status < 400 else ""),
        fault="destination" if status in {401, 403} else "message",
        permanent=status == 410,
        retry_after=_retry_after(answer.headers.get("Retry-After", "").strip(), now),
        status=status,
        answer=text,
    )


def _retry_after(text: str, now: float) -> float | None:
    """Seconds asked for, as a number or as a date."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _fault(error: aiohttp.ClientError) -> str:
    """A name that leads to a forbidden address is wrong for every message."""
    forbidden = isinstance(error, aiohttp.ClientConnectorError) and is_forbidden(error.os_error)
    return "destination" if forbidden else "message"


def _words(error: aiohttp.ClientError) -> str:
    """What happened in words, without the URL, which may be a secret."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the name can't be resolved"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"could not connect ({error.strerror or error.os_error or 'refused'})"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "closed the connection without an answer"
    return f"no proper HTTP answer ({type(error).__name__})"
