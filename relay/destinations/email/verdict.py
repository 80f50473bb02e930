"""What an answer of a mail server, or its absence, means for a delivery. Pure."""

import json
import socket
import ssl
from collections.abc import Sequence

from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from relay.destinations.dialler import is_forbidden
from relay.destinations.email.connections import Unfit
from relay.destinations.port import Receipt
from relay.errors import DeliveryFailed
from relay.message import one_line

KEPT = 4 * 1024

_TOO_LARGE = ("5.3.4", "5.2.3")
_LOGIN_NEEDED = frozenset({530, 535, 538})

# The first that fits.
_UNANSWERED: dict[type[Exception], str] = {
    Unfit: "{more}",
    ssl.SSLCertVerificationError: "its certificate is not trusted ({more})",
    ssl.SSLError: "could not connect: it does not speak TLS here ({more})",
    socket.gaierror: "the name can't be resolved",
    UnicodeError: "the name can't be resolved",
    SMTPServerDisconnected: "closed the connection without an answer",
    ConnectionResetError: "closed the connection without an answer",
    BrokenPipeError: "closed the connection without an answer",
    OSError: "could not connect ({more})",
    Exception: "gave no proper SMTP answer",
}


def left(place: str | None, to: Sequence[str]) -> list[str]:
    """Who still has to get the message, as the last attempt left it in `place`."""
    try:
        names = json.loads(place) if place else None
    except ValueError:
        names = None
    return [address for address in to if address in names] if isinstance(names, list) else list(to)


def taken(answer: str, refused: Sequence[SMTPRecipientRefused], to: Sequence[str]) -> Receipt:
    """Of a message that someone of `to` got. Raises DeliveryFailed where others were refused for now.

    Those alone are in its `place`, for the next attempt.
    """
    later = [refusal for refusal in refused if not _is_for_good(refusal)]
    never = [refusal for refusal in refused if _is_for_good(refusal)]
    said, never_got_it = one_line(answer, 500), _named("refused for good", never)
    told = _kept("; ".join(filter(None, (said, never_got_it))))
    if not later:
        gone = {refusal.recipient for refusal in never}
        got_it = ", ".join(address for address in to if address not in gone)
        return Receipt(250, told, to="; ".join(filter(None, (got_it, never_got_it))))
    raise DeliveryFailed(
        "; ".join(filter(None, (_named("refused for now", later), never_got_it))),
        status=_status(later[0].code),
        answer=told,
        place=json.dumps([refusal.recipient for refusal in later]),
    )


def refused_by_all(refused: Sequence[SMTPRecipientRefused], *, others_have_it: bool) -> Receipt:
    """`others_have_it`: since an earlier attempt. Raises DeliveryFailed unless nothing is left to do then."""
    later = [refusal for refusal in refused if not _is_for_good(refusal)]
    if others_have_it and not later:
        return Receipt(_status(refused[0].code), _kept(_named("refused for good", refused)))
    first = (later or refused)[0]
    # Of all alike, it is not their addresses: relaying is denied, or the sender is blocked.
    ours = all(_needs_us(refusal) for refusal in refused)
    raise DeliveryFailed(
        _named("refused for now" if later else "refused for good", later or refused),
        fault="destination" if ours else "message",
        permanent=not later and not ours,
        status=_status(first.code),
        answer=_kept(one_line(first.message, 1000)),
    )


def failure(error: Exception) -> DeliveryFailed:
    """Of a message that no recipient was named for, or that was not taken after all."""
    if isinstance(error, SMTPResponseException):
        return _answered(error)
    if isinstance(error, SMTPException) and isinstance(error.__cause__, Exception):
        return failure(error.__cause__)
    text = next(text for kind, text in _UNANSWERED.items() if isinstance(error, kind))
    named = (getattr(error, name, None) for name in ("verify_message", "reason", "strerror"))
    more = next(filter(None, named), str(error))
    forbidden = isinstance(error, OSError) and is_forbidden(error)
    ours = forbidden or isinstance(error, Unfit | ssl.SSLCertVerificationError)
    return DeliveryFailed(text.format(more=one_line(more, 300)), fault="destination" if ours else "message")


def _answered(error: SMTPResponseException) -> DeliveryFailed:
    code = _status(error.code)
    if code is None:
        return DeliveryFailed("gave no proper SMTP answer")
    what, ours, permanent = _judged(error)
    return DeliveryFailed(
        f"{what} ({code} {one_line(error.message, 200)})",
        fault="destination" if ours else "message",
        permanent=permanent,
        status=code,
        answer=_kept(one_line(error.message, 1000)),
    )


def _judged(error: SMTPResponseException) -> tuple[str, bool, bool]:
    """What happened, whether it is so for every message, whether trying again is pointless."""
    for_good = 550 <= error.code <= 559
    if isinstance(error, SMTPAuthenticationError):
        return "user or password was refused", error.code >= 500, False
    if error.code == 552 or (error.code >= 500 and error.message.startswith(_TOO_LARGE)):
        return "the message is too large", False, True
    if isinstance(error, SMTPSenderRefused):
        return "the address in from was refused", error.code >= 500, False
    if isinstance(error, SMTPDataError):
        return "the message was refused", error.code in _LOGIN_NEEDED, for_good
    return "the server refused to talk", error.code >= 500, False


def _is_for_good(error: SMTPResponseException) -> bool:
    """552 of a recipient is a full mailbox, which RFC 5321 has tried again."""
    return 550 <= error.code <= 559 and error.code != 552


def _needs_us(error: SMTPResponseException) -> bool:
    """Whether it is what the sender may do that was refused, not this message."""
    return error.code in _LOGIN_NEEDED or (error.code >= 500 and error.message.startswith("5.7."))


def _named(what: str, refused: Sequence[SMTPRecipientRefused]) -> str:
    names = ", ".join(
        f"{each.recipient} ({each.code} {one_line(each.message, 100)})" for each in refused[:20]
    )
    more = f" and {len(refused) - 20} more" if len(refused) > 20 else ""
    return f"{what}: {names}{more}" if refused else ""


def _status(code: int) -> int | None:
    return code if 200 <= code <= 599 else None


def _kept(text: str) -> str:
    return text.encode()[:KEPT].decode(errors="ignore")
