"""An e-mail destination's table in `rules.toml`. No refusal repeats a value, since it may be a secret."""

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from relay.addresses import is_loopback
from relay.destinations.checks import is_host
from relay.destinations.email.layout import mail_of
from relay.destinations.email.shown import shown
from relay.destinations.port import Clash, FilePath, Options, SecretText
from relay.destinations.tls import FileMistake, client_context
from relay.message import Message

PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")


@dataclass(frozen=True)
class Server:
    """`scheme`: `smtp` is secured by STARTTLS, `smtps` by TLS from the start, `smtp+plain` not at all."""

    scheme: str
    host: str
    port: int
    user: str | None

    @property
    def is_readable(self) -> bool:
        """Whether anyone on the way can read what is sent."""
        return self.scheme == "smtp+plain" and not is_loopback(self.host)


def parse_server(text: str) -> Server:
    """Raises ValueError that never repeats the text."""
    way_out = "write it as smtp://user@mail.example:587"
    if len(text) > 1000 or not re.fullmatch(r"[\x21-\x5b\x5d-\x7e]+", text):
        raise ValueError(f"is not a mail server: {way_out}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # its words quote the text
        raise ValueError(f"is not a mail server, its host or port is none: {way_out}") from None
    if parts.scheme not in PORTS:
        raise ValueError(f"must begin with smtp:// (which insists on STARTTLS) or smtps://: {way_out}")
    if parts.password is not None:
        raise ValueError('must not hold a password: set password instead, such as to "$SMTP_PASSWORD"')
    if not parts.hostname or not is_host(parts.hostname) or port == 0:
        raise ValueError(f"is not a mail server, its host is neither a name nor an address: {way_out}")
    if parts.path not in {"", "/"} or "?" in text or "#" in text:
        raise ValueError(f"must end after host and port (in a user, write ? as %3F, # as %23): {way_out}")
    return Server(parts.scheme, parts.hostname, port or PORTS[parts.scheme], _user(parts.username))


def _user(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        user = unquote(text, errors="strict")
    except ValueError:
        raise ValueError("has a user that is no text: percent-encode it as UTF-8") from None
    if not user.isprintable() or not user:
        raise ValueError("has a user with characters that none can have, or an empty one: correct it")
    return user


def _is_domain(text: str) -> bool:
    """A host by name: an address of mail is never at a number."""
    last = text.rpartition(".")[2]
    return is_host(text) and ":" not in text and last != "" and not last.isdigit()


def check_address(value: Any) -> str:
    """A bare address that every server takes: without a name, and in ASCII. Raises ValueError."""
    if not isinstance(value, str) or "@" not in value:
        raise ValueError('must be an address, such as "oncall@example.com"')
    local, _, domain = value.rpartition("@")
    if re.search(r"[<>\s,;]", value):
        raise ValueError('must be one bare address, without a name: write "oncall@example.com"')
    if not domain.isascii():
        raise ValueError("has a domain that is not ASCII: write it in its xn-- form")
    if not local.isascii():
        raise ValueError("is not ASCII before its @, which many servers refuse: use another address")
    if len(local) > 64 or len(value) > 254 or not _LOCAL.fullmatch(local) or not _is_domain(domain):
        raise ValueError('is no address: write one such as "oncall@example.com"')
    return value


def _server(value: Any) -> Any:
    """What is a Secret already stands for one that is not resolved."""
    if isinstance(value, str):
        parse_server(value)
    return value


def _once_each(addresses: Sequence[str]) -> Sequence[str]:
    if len({address.lower() for address in addresses}) < len(addresses):
        raise ValueError("holds an address twice: leave one out")
    return addresses


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_ACCESS = ("server", "password")

Address = Annotated[str, BeforeValidator(check_address)]
ServerText = Annotated[SecretText, BeforeValidator(_server)]


class EmailOptions(Options):
    server: ServerText
    password: SecretText | None = None
    sender: Annotated[Address, Field(alias="from")]
    to: Annotated[
        tuple[Address, ...],
        Field(min_length=1, max_length=100),
        AfterValidator(_once_each),
        BeforeValidator(_as_list),
    ]
    ca_file: FilePath | None = None
    concurrency: Annotated[int, Field(ge=1, le=20, strict=True)] = 2

    @cached_property
    def at(self) -> Server | None:
        """None where `server` stands for a `$NAME` that is not resolved."""
        try:
            return parse_server(self.server.reveal())
        except ValueError:
            return None

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Raises FileMistake."""
        return client_context(ca_file=self.ca_file)

    @model_validator(mode="after")
    def _belongs_together(self) -> "EmailOptions":
        if self.at is None:
            return self
        if self.at.user is not None and self.password is None:
            raise Clash(
                "has a user in server, and no password: set password, or leave the user out", *_ACCESS
            )
        if self.at.user is None and self.password is not None:
            raise Clash(
                "has a password, and no user: write it into server, as smtp://user@mail.example:587", *_ACCESS
            )
        if self.at.is_readable and self.password is not None:
            raise Clash(
                "would send its password so that anyone on the way can read it: "
                "begin server with smtp:// or smtps://, or leave user and password out",
                *_ACCESS,
            )
        return self

    def places(self) -> list[tuple[str, str]]:
        return [("to", address.lower()) for address in self.to]

    def preview(self, message: Message, *, now: float) -> str:
        return shown(mail_of(message, sender=self.sender, to=self.to, now=now).as_bytes())

    def dials(self) -> list[tuple[str, str, int]]:
        return [("server", self.at.host, self.at.port)] if self.at else []

    def mistakes(self) -> list[tuple[str, str]]:
        try:
            _ = self.tls if self.ca_file else None
        except FileMistake as mistake:
            return [(mistake.key, str(mistake))]
        return []

    def warnings(self) -> list[tuple[str, str]]:
        found = []
        if self.at is not None and self.at.is_readable:
            text = "has no TLS: anyone on the way can read and change messages; use smtp:// or smtps://"
            found.append(("server", text))
        if self.at is not None and self.at.scheme == "smtp+plain" and self.ca_file:
            found.append(("ca_file", "is not used over smtp+plain://: use smtp:// or smtps://"))
        return found
