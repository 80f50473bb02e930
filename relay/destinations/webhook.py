"""Outbound webhooks, signed and sent; what they say is in `bodies`."""

import io
import json
import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import aiohttp
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from yarl import URL

from relay.addresses import endpoint, is_loopback
from relay.destinations.bodies import FORMATS, Content, Unsayable, llamacloud_name
from relay.destinations.checks import check_headers, check_url
from relay.destinations.http import kept, not_sent, read, retry_after
from relay.destinations.port import FilePath, Options, Receipt, SecretText
from relay.destinations.signing import (
    check_plain_secret,
    check_signing_secret,
    llamacloud_signature,
    standard_signatures,
)
from relay.destinations.tls import FileMistake, client_context
from relay.errors import DeliveryFailed
from relay.message import Message, cut
from relay.model import Clock, Secret

LARGE = 1024 * 1024

PREVIEWED, PREVIEWED_COLUMNS = 60, 160
"""Lines of a body, and characters of each, that a preview shows."""


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _url(value: Any) -> Any:
    """What is a Secret already stands for one that is not resolved."""
    return check_url(value) if isinstance(value, str) else value


def _signing_secret(value: Any, info: ValidationInfo) -> Any:
    check = check_plain_secret if info.data.get("format") == "llamacloud" else check_signing_secret
    return check(value) if isinstance(value, str) else value


def _as_many_as_sign(secrets: tuple[Secret, ...], info: ValidationInfo) -> tuple[Secret, ...]:
    if info.data.get("format") == "llamacloud" and len(secrets) > 1:
        raise ValueError('takes one with format = "llamacloud", which signs once: leave the old one out')
    return secrets


Url = Annotated[SecretText, BeforeValidator(_url)]
SigningSecret = Annotated[SecretText, BeforeValidator(_signing_secret)]


class WebhookOptions(Options):
    format: Literal["standard", "cloudevents", "llamacloud"] = "standard"  # first: others depend on it
    url: Url
    secret: Annotated[
        tuple[SigningSecret, ...],
        BeforeValidator(_as_list),
        Field(max_length=2),
        AfterValidator(_as_many_as_sign),
    ] = ()
    headers: Annotated[Mapping[str, SecretText], AfterValidator(check_headers)] = {}
    ca_file: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """None where the system's authorities do and no certificate is shown. Raises FileMistake."""
        files = {"ca_file": self.ca_file, "cert_file": self.cert_file, "key_file": self.key_file}
        return client_context(**files) if any(files.values()) else None

    def places(self) -> list[tuple[str, str]]:
        return [("url", self.url.reveal().partition("#")[0])]

    @property
    def can_group(self) -> bool:
        return self.format != "llamacloud"

    def takes(self, event_type: str, kind: str | None) -> bool:
        return self.format != "llamacloud" or llamacloud_name(event_type, kind) is not None

    def mistakes(self) -> list[tuple[str, str]]:
        try:
            _ = self.tls
        except FileMistake as mistake:
            return [(mistake.key, str(mistake))]
        return []

    def preview(self, message: Message, *, now: float) -> str:  # noqa: ARG002 - no body says when it is sent
        """The beginning of the body, in ASCII: no value can steer a terminal."""
        try:
            body = json.loads(FORMATS[self.format](message).body)
        except Unsayable as error:
            return str(error)
        lines = [cut(line, PREVIEWED_COLUMNS) for line in json.dumps(body, indent=2).splitlines()]
        more = len(lines) - PREVIEWED
        return "\n".join([*lines[:PREVIEWED], *([f"… {more:,} more lines"] if more > 0 else [])])

    def dials(self) -> list[tuple[str, str, int]]:
        return [("url", *endpoint(self.url.reveal()))]

    def warnings(self) -> list[tuple[str, str]]:
        found = []
        if not self.secret:
            found.append(("secret", "is not set: receivers can't tell relay's messages from forged ones"))
        parts = urlsplit(self.url.reveal())
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            found.append(("url", "is plain http: anyone on the way can read and change messages; use https"))
        elif parts.scheme == "http":
            files = {"ca_file": self.ca_file, "cert_file": self.cert_file, "key_file": self.key_file}
            found += [(key, "is not used over plain http: use https") for key, file in files.items() if file]
        return found


class Webhook:
    def __init__(self, options: WebhookOptions, *, session: aiohttp.ClientSession, clock: Clock) -> None:
        # As it was written: what is escaped stays escaped. The fragment is not sent.
        self._url = URL(options.url.reveal().partition("#")[0], encoded=True)
        self._host, _ = endpoint(options.url.reveal())
        self._headers = {name: value.reveal() for name, value in options.headers.items()}
        signed = llamacloud_signature if options.format == "llamacloud" else standard_signatures
        self._sign = signed(options.secret)
        self._content = FORMATS[options.format]
        self._tls = options.tls or True
        self._session = session
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        try:
            return await self._post(message.id, self._content(message))
        except Unsayable as error:
            failed = DeliveryFailed(str(error), permanent=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failed = not_sent(error, self._host, untrusted="name its authority in ca_file")
        # Not within the `except`: the error, whose words may quote the URL, would stay in its context.
        raise failed

    async def close(self) -> None:
        """Nothing is its own."""

    async def _post(self, message_id: str, content: Content) -> Receipt:
        body = content.body
        async with self._session.post(
            self._url,
            data=io.BytesIO(body) if len(body) > LARGE else body,
            headers=self._stamped(message_id, content),
            allow_redirects=False,
            ssl=self._tls,
        ) as answer:
            return _judge(answer, kept(await read(answer)), self._clock.now())

    def _stamped(self, message_id: str, content: Content) -> dict[str, str]:
        now = int(self._clock.now())
        return {
            **self._headers,
            "accept-encoding": "identity",
            "webhook-id": message_id,
            "webhook-timestamp": str(now),
            **content.headers,
            **self._sign(message_id, now, content.body),
        }


_WAYS_OUT = {
    **dict.fromkeys((401, 403), ": the receiver does not let relay in: correct secret or headers"),
    404: ": the receiver knows no such address: correct url",
}


def _judge(answer: aiohttp.ClientResponse, text: str, now: float) -> Receipt:
    status = answer.status
    if 200 <= status < 300:
        return Receipt(status, text)
    raise DeliveryFailed(
        f"HTTP {status}{', a redirect, which relay never follows' if 300 <= status < 400 else ''}"
        f"{_WAYS_OUT.get(status, '')}",
        fault="destination" if status in {401, 403} else "message",
        permanent=status == 410,
        retry_after=retry_after(answer.headers, now),
        status=status,
        answer=text,
    )
