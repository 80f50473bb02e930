"""What URLs and headers of the configuration may be. No refusal repeats a value, since it may be a secret."""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from relay.model import Secret

_LABEL = re.compile(r"(?!0[xX])[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]{0,8000}")
_OWN_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "host", "transfer-encoding", "connection"}
    | {"accept-encoding", "expect", "keep-alive", "te", "trailer", "upgrade", "user-agent"}
    | {"webhook-id", "webhook-timestamp", "webhook-signature"}
    | {"lc-signature", "x-webhook-event-id", "x-webhook-event-type"}
)


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
    if not is_host(parts.hostname):
        raise ValueError("is not a URL that can be sent to: its host is neither a name nor an address")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password: set headers.Authorization instead")
    return text


def is_host(host: str) -> bool:
    """A name that can be looked up, or an address in its one usual spelling."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        return len(host) <= 253 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    return True


def check_headers(headers: Mapping[str, Secret]) -> Mapping[str, Secret]:
    """Raises ValueError that says all that is wrong with them."""
    known = {name: _HEADER_NAME.fullmatch(name) and name.lower() not in _OWN_HEADERS for name in headers}
    said = [
        f"{name[:100]!r} can't be set: it is not a header name, or is relay's own"
        for name, fits in known.items()
        if not fits
    ]
    said += [
        f"the value of {name} holds characters that a header can't"
        for name, value in headers.items()
        if known[name] and not _HEADER_VALUE.fullmatch(value.reveal())
    ]
    if said:
        raise ValueError("; ".join(said))
    return headers
