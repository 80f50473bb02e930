"""How people come in by the dashboard's form, and what they can do then."""

from contextlib import asynccontextmanager
from html import unescape

import aiohttp
import pytest
from aiohttp import CookieJar

from tests.process.live import until
from tests.web.conftest import TOKEN, a_relay

FROM_HERE = {"Sec-Fetch-Site": "same-origin"}


@asynccontextmanager
async def a_browser(running, **headers):
    """Whoever looks at pages; nothing is followed that is not asked for."""
    jar = CookieJar(unsafe=True)
    headers = {"Accept": "text/html", **headers}
    async with aiohttp.ClientSession(running.url, cookie_jar=jar, headers=headers) as session:
        yield session


async def sent(session, path, headers=FROM_HERE, **fields):
    return await session.post(path, data=fields, headers=headers, allow_redirects=False)


@pytest.mark.parametrize("path", ["/", "/jobs?status=FAILED"])
async def test_who_is_not_known_is_asked_for_the_token_and_led_back(running, path):
    async with a_browser(running) as session:
        async with session.get(path) as answer:
            assert answer.url.path == "/login"
            assert "Log in" in await answer.text()
            back = answer.url.query["next"]
        answer = await sent(session, "/login", token=TOKEN, next=back)
        assert (answer.status, answer.headers["Location"]) == (303, path)
        cookie = answer.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        assert TOKEN not in cookie
        async with session.get(path) as answer:
            assert (answer.status, answer.url.path) == (200, path.partition("?")[0])


async def test_a_wrong_token_opens_nothing(running):
    async with a_browser(running) as session:
        answer = await sent(session, "/login", token=TOKEN + "x", next="/")
        assert answer.status == 401
        assert "This is not the token" in await answer.text()
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
async def test_no_other_site_logs_anybody_in(running, headers):
    async with a_browser(running) as session:
        assert (await sent(session, "/login", headers=headers, token=TOKEN)).status == 403


@pytest.mark.parametrize(
    "back", ["//evil.example", "/\\evil.example", "https://evil.example", "/\r\nX: y", "é", ""]
)
async def test_a_login_leads_to_relays_own_pages_alone(running, back):
    async with a_browser(running) as session:
        assert (await sent(session, "/login", token=TOKEN, next=back)).headers["Location"] == "/"


async def test_a_cookie_of_an_https_page_goes_over_https_alone(running):
    async with a_browser(running) as session:
        headers = {**FROM_HERE, "Origin": "https://relay.example"}
        answer = await sent(session, "/login", headers=headers, token=TOKEN)
        assert "Secure" in answer.headers["Set-Cookie"].split("; ")


async def test_a_form_is_small_and_is_one(running):
    async with a_browser(running, **FROM_HERE) as session:
        async with session.post("/login", data={"token": "x" * 9000}) as answer:
            assert answer.status == 413
        async with session.post("/login", json={"token": TOKEN}) as answer:
            assert answer.status == 415
        async with session.post("/login", data={f"f{n}": "1" for n in range(50)}) as answer:
            assert answer.status == 400


async def test_who_logs_out_is_out(running):
    async with a_browser(running) as session:
        await sent(session, "/login", token=TOKEN)
        async with session.get("/") as answer:
            assert "Log out" in await answer.text()
        assert (await sent(session, "/logout")).status == 303
        async with session.get("/") as answer:
            assert answer.url.path == "/login"


async def test_a_part_of_a_page_leads_the_whole_page_to_the_login(running):
    async with a_browser(running, **{"HX-Request": "true"}) as session, session.get("/") as answer:
        assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/login")


async def test_a_dead_delivery_is_retried_and_a_destination_tried_from_their_pages(tmp_path):
    answers = {"/gone": 410}
    async with a_relay(tmp_path, more=f'token = "{TOKEN}"', kinds=("parse",), answers=answers) as it:
        (dead,) = (await it.get("/api/v1/deliveries", state="dead"))["items"]
        page = f"/deliveries/{dead['id']}"
        async with a_browser(it) as session:
            await sent(session, "/login", token=TOKEN)
            for other in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
                assert (await sent(session, page, headers=other)).status == 403
            answers["/gone"] = 204
            answer = await sent(session, page)
            assert (answer.status, answer.headers["Location"]) == (303, page)
            await until(
                lambda: it.home.ask(
                    "SELECT 1 FROM deliveries WHERE id = ? AND state = 'delivered'", dead["id"]
                )
            )
            assert "only what is dead" in unescape(await (await sent(session, page)).text())
            said = await (await sent(session, "/destinations", test="hook")).text()
            assert "The test arrived at hook (204)." in said
            answers["/hook"] = 500
            assert (
                "did not arrive at hook: HTTP 500"
                in await (await sent(session, "/destinations", test="hook")).text()
            )
            assert (await sent(session, "/destinations", test="nowhere")).status == 404


async def test_without_a_token_pages_offer_no_action_and_say_why(tmp_path):
    async with a_relay(tmp_path, kinds=("parse",)) as it, a_browser(it) as session:
        async with session.get("/destinations") as answer:
            said = await answer.text()
            assert "<form" not in said
            assert "set <code>token</code>" in said
        assert (await sent(session, "/destinations", test="hook")).status == 403
        async with session.get("/login", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")
