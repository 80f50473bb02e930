"""Who may ask what."""

from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import CookieJar
from yarl import URL

from relay.model import Secret, SystemClock
from relay.web.security import COOKIE, SESSION, Door
from tests.web.conftest import TOKEN, a_relay

CLOSED = ("/metrics", "/api/v1/status", "/api/v1/changes", "/api/v1/openapi.json", "/", "/nothing")
CLOSED += ("/hints/../metrics", "/hints/a/b")


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1]])
@pytest.mark.parametrize("path", CLOSED)
async def test_with_a_token_nothing_is_told_without_it(running, path, token):
    async with running.asking(token) as session, session.get(path) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("header", ["Bearer", "Basic {}", "bearer  ", "Bearer {} x", "\xe9", "{}"])
async def test_other_headers_open_nothing(running, header):
    headers = {"Authorization": header.format(TOKEN)}
    async with (
        aiohttp.ClientSession(running.url, headers=headers) as session,
        session.get("/api/v1/status") as answer,
    ):
        assert answer.status == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_who_watches_over_relay_needs_no_token(running, path):
    async with running.asking(None) as session, session.get(path) as answer:
        assert answer.status == 200


async def test_actions_need_the_token(running):
    problem = await running.post("/api/v1/destinations/hook/test", token=None, status=401)
    assert "token" in problem["detail"]


async def test_without_a_token_this_machine_reads_and_nobody_acts(tmp_path):
    async with a_relay(tmp_path, kinds=("parse",)) as it:
        assert (await it.get("/api/v1/status", token=None))["relay"] == "tested"
        problem = await it.post("/api/v1/destinations/hook/test", token=None, status=403)
        assert "set token in [relay]" in problem["detail"]
        async with it.asking(None, Host="evil.example") as session:
            async with session.get("/api/v1/status") as answer:
                assert answer.status == 403
            async with session.get("/healthz") as answer:
                assert answer.status == 200


@dataclass
class Still:
    """A clock that stands."""

    at: float

    def now(self):
        return self.at


async def logged_in(running, door, **headers):
    jar = CookieJar(unsafe=True)
    jar.update_cookies({COOKIE: door.session()}, URL(running.url))
    return aiohttp.ClientSession(running.url, cookie_jar=jar, headers=headers)


async def test_the_cookie_of_a_login_opens_what_the_token_opens(running):
    door = Door(Secret(TOKEN), SystemClock())
    async with await logged_in(running, door) as session, session.get("/api/v1/status") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 404),
        ({"Origin": "{url}"}, 404),
    ],
)
async def test_a_login_acts_from_relays_own_pages_alone(running, headers, status):
    headers = {name: value.format(url=running.url) for name, value in headers.items()}
    async with (
        await logged_in(running, Door(Secret(TOKEN), SystemClock()), **headers) as session,
        session.post("/api/v1/destinations/nowhere/test") as answer,
    ):
        assert answer.status == status


@pytest.mark.parametrize("secret", [TOKEN + "2", "other"])
async def test_a_cookie_dies_with_its_token(running, secret):
    door = Door(Secret(secret), SystemClock())
    async with await logged_in(running, door) as session, session.get("/api/v1/status") as answer:
        assert answer.status == 401


async def test_a_cookie_dies_after_its_time(running):
    door = Door(Secret(TOKEN), Still(SystemClock().now() - SESSION - 1))
    async with await logged_in(running, door) as session, session.get("/api/v1/status") as answer:
        assert answer.status == 401


async def test_the_token_is_never_shown(running):
    async with running.asking() as session:
        for path in (
            "/api/v1/status",
            "/api/v1/sources",
            "/api/v1/rules",
            "/metrics",
            "/api/v1/destinations",
        ):
            async with session.get(path) as answer:
                text = await answer.text()
                assert TOKEN not in text
                assert "llx-" not in text
                assert "whsec_" not in text
    assert TOKEN not in running.home.log.read_text("utf-8")
