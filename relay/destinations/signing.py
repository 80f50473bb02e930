"""How a receiver can tell that a body came from relay: signatures, and the secrets that make them."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook as Signer

from relay.model import Secret

Sign = Callable[[str, int, bytes], Mapping[str, str]]
"""Headers that sign a body, of the message's id, the time in whole seconds, and the bytes."""

_PLAIN = re.compile(r"[^\x00-\x1f\x7f]{1,1000}")


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


def check_plain_secret(text: str) -> str:
    """Any text, as LlamaCloud takes it; else ValueError."""
    if not _PLAIN.fullmatch(text):
        raise ValueError("is not a signing secret: write 1 to 1000 characters on one line")
    return text


def standard_signatures(secrets: Sequence[Secret]) -> Sign:
    """Standard Webhooks: every secret signs, so that receivers may change over at any time."""
    signers = [Signer(secret.reveal()) for secret in secrets]

    def sign(message_id: str, now: int, body: bytes) -> Mapping[str, str]:
        if not signers:
            return {}
        moment, text = datetime.fromtimestamp(now, UTC), body.decode()
        return {"webhook-signature": " ".join(signer.sign(message_id, moment, text) for signer in signers)}

    return sign


def llamacloud_signature(secrets: Sequence[Secret]) -> Sign:
    """LlamaCloud's own: the HMAC of the raw body alone, under the secret as it is written."""
    key = secrets[0].reveal().encode() if secrets else None

    def sign(_message_id: str, _now: int, body: bytes) -> Mapping[str, str]:
        if key is None:
            return {}
        return {"lc-signature": f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"}

    return sign
