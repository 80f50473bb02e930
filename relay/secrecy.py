"""What answers say of secrets is masked before it is kept: some repeat a request's headers and URL."""

import json
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, unquote, urlsplit

from relay.model import Secret

MASK = "***"
SHORTEST = 8
"""Characters of a part of a secret that is masked by itself; what is shorter may be any word."""

_SCHEMES = frozenset({"bearer", "basic", "token", "apikey", "api-key", "key"})
"""What stands before a token in a header; other words of a secret may be anybody's."""

Hide = Callable[[str], str]


def hiding(secrets: Iterable[Secret]) -> Hide:
    """Masks these in a text, in whole and in their telling parts, however they are escaped; also one in whose
    midst the text ends.
    """
    forms = sorted({form for secret in secrets for form in _forms(secret.reveal())}, key=len, reverse=True)

    def hide(text: str) -> str:
        for form in forms:
            if form in text:
                text = text.replace(form, MASK)
        for form in forms:
            text = _without_begun(text, form)
        return text

    return hide


def _without_begun(text: str, form: str) -> str:
    begin = form[:SHORTEST]
    at = text.find(begin, max(0, len(text) - len(form) + 1))
    while at >= 0:
        if form.startswith(text[at:]):
            return text[:at] + MASK
        at = text.find(begin, at + 1)
    return text


def _forms(value: str) -> Iterator[str]:
    for part in {value, *_parts(value)}:
        if part == value or len(part) >= SHORTEST:
            yield from filter(None, (part, json.dumps(part)[1:-1], quote(part, safe=""), quote(part)))


def _parts(value: str) -> Iterator[str]:
    """Of `Bearer X` the token, of `whsec_X` the key, of a URL its path and what in it is long."""
    scheme, _, token = value.partition(" ")
    if scheme.lower() in _SCHEMES:
        yield token.strip()
    yield value.removeprefix("whsec_")
    if "://" in value:
        url = urlsplit(value)
        yield f"{url.path}?{url.query}" if url.query else url.path
        yield from filter(_is_telling, url.path.split("/"))
        yield from (unquote(pair.partition("=")[2]) for pair in url.query.split("&"))


def _is_telling(segment: str) -> bool:
    return len(segment) >= 2 * SHORTEST
