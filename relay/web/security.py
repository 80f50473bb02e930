"""Who may ask what: by a token, or without one this machine alone, and reading only."""

import hashlib
import hmac
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from relay.addresses import is_loopback
from relay.model import Clock, Secret
from relay.web.problems import Next, Problem

COOKIE = "relay"
SESSION = 7 * 86400
"""Seconds that a login lasts."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN = frozenset({"/healthz", "/readyz", "/hints/{source}", "/login", "/static/{name}"})
"""Routes for which no one need say who he is; hints are known by their signature."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_NO_TOKEN = "actions need a token: set token in [relay], and send it as Authorization: Bearer"  # noqa: S105 - words
_WRONG = "a token is needed: send it as Authorization: Bearer, or log in"


def harden(response: web.StreamResponse) -> None:
    """On every answer; a page may say by itself what it needs of these."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "relay"


class Door:
    """Lets in who knows the token, by the header or by the cookie that a login gave."""

    def __init__(self, token: Secret | None, clock: Clock) -> None:
        self._token = token
        self._clock = clock

    @property
    def has_token(self) -> bool:
        """Without one nobody logs in, and nobody acts."""
        return self._token is not None

    def knows(self, token: str) -> bool:
        """Whether this is the token."""
        return self._token is not None and _same(token, self._token.reveal())

    def session(self) -> str:
        """What a cookie holds after a login; it dies with the token."""
        until = int(self._clock.now()) + SESSION
        return f"{until}.{self._sign(until)}"

    def give(self, response: web.Response, *, secure: bool) -> None:
        """Set the cookie of a login. `secure`: the page came by https."""
        response.set_cookie(
            COOKIE, self.session(), max_age=SESSION, httponly=True, samesite="Strict", secure=secure, path="/"
        )

    def admit(self, request: web.Request) -> None:
        """Raises Problem where whoever asks may not."""
        resource = request.match_info.route.resource
        if resource is not None and resource.canonical in OPEN:
            return
        if self._token is None:
            _only_local_reading(request)
        elif self._by_header(request):
            return
        elif not self._by_cookie(request):
            raise Problem(401, _WRONG, {"WWW-Authenticate": 'Bearer realm="relay"'})
        elif request.method not in READING and not is_same_origin(request):
            raise Problem(403, "this came from another site's page; use relay's own")

    def _by_header(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.knows(token.strip())

    def _by_cookie(self, request: web.Request) -> bool:
        until, _, signature = request.cookies.get(COOKIE, "").partition(".")
        if not (until.isascii() and until.isdigit() and len(until) <= 12):
            return False
        return self._clock.now() < int(until) and _same(signature, self._sign(int(until)))

    def _sign(self, until: int) -> str:
        assert self._token is not None
        return hmac.new(
            self._token.reveal().encode(), f"relay session until {until}".encode(), hashlib.sha256
        ).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())


def _only_local_reading(request: web.Request) -> None:
    """By the host that was asked for: a page of any site may lead a browser here under its own name."""
    if not is_loopback(_host(request)):
        raise Problem(
            403, "without a token relay answers by the names of this machine alone: set token in [relay]"
        )
    if request.method not in READING:
        raise Problem(403, _NO_TOKEN)


def _host(request: web.Request) -> str:
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""


def is_same_origin(request: web.Request) -> bool:
    """Whether a page of relay's sent it, as the browser says; one that says nothing of it is not believed."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "")
    if site is not None:
        return site == "same-origin"
    place = origin.partition("://")[2]
    return bool(place) and place == request.host


DOOR = web.AppKey("door", Door)


def guard(door: Door) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Next) -> web.StreamResponse:
        door.admit(request)
        return await handler(request)

    return middleware
