"""What destinations that post over HTTP share: how an answer is read, and what went wrong in words."""

import ssl
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import aiohttp

from relay.destinations.dialler import is_forbidden
from relay.errors import DeliveryFailed

READ_LIMIT = 64 * 1024
KEPT = 4 * 1024

_UNKNOWN_AUTHORITY = frozenset({18, 19, 20, 21})
"""What OpenSSL calls certificates that are signed by themselves, or by nobody it knows."""

_CONTROL = dict.fromkeys((*range(9), *range(11, 13), *range(14, 32), 127))


async def read(answer: aiohttp.ClientResponse, limit: int = READ_LIMIT) -> bytes:
    """At most about `limit` bytes; an answer that goes on costs its connection, not our memory."""
    got = bytearray()
    async for chunk in answer.content.iter_chunked(READ_LIMIT):
        got += chunk
        if len(got) >= limit:
            answer.close()
            break
    return bytes(got)


def kept(answer: bytes) -> str:
    """What of an answer is kept for the record: 4 kB, without control characters."""
    return answer[:KEPT].decode(errors="ignore").translate(_CONTROL)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds asked for, as a number or as a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def not_sent(error: Exception, host: str, *, untrusted: str = "") -> DeliveryFailed:
    """Why there is no answer, without the URL, which may be a secret.

    `untrusted`: the way out where nobody known vouches for the certificate.
    """
    if isinstance(error, aiohttp.ClientError):
        return DeliveryFailed(f"{host}: {_words(error, untrusted)}", fault=_fault(error))
    if isinstance(error, UnicodeError):
        return DeliveryFailed(f"{host}: the name can't be resolved", fault="destination")
    if isinstance(error, OSError):
        return DeliveryFailed(f"{host}: {error.strerror or type(error).__name__}")
    return DeliveryFailed("the message can't be put into a request", permanent=True)


def _fault(error: aiohttp.ClientError) -> str:
    """A name that leads to a forbidden address is wrong for every message."""
    forbidden = isinstance(error, aiohttp.ClientConnectorError) and is_forbidden(error.os_error)
    return "destination" if forbidden else "message"


def _words(error: aiohttp.ClientError, untrusted: str) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _distrust(error, untrusted)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the name can't be resolved"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"could not connect ({error.strerror or error.os_error or 'refused'})"
    if isinstance(error, aiohttp.ClientOSError):
        return f"the connection broke ({error.strerror or 'no more is known'})"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "closed the connection without an answer"
    return f"no proper HTTP answer ({type(error).__name__})"


def _distrust(error: aiohttp.ClientConnectorCertificateError, way_out: str) -> str:
    said, why = "its certificate is not trusted", error.certificate_error
    if not isinstance(why, ssl.SSLCertVerificationError):
        return said
    said = f"{said} ({why.verify_message})"
    return f"{said}: {way_out}" if way_out and why.verify_code in _UNKNOWN_AUTHORITY else said
