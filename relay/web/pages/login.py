"""In by the token, and out again."""

from aiohttp import web

from relay.web.pages.form import form
from relay.web.pages.page import LOGIN, page
from relay.web.problems import Problem
from relay.web.security import COOKIE, DOOR, is_same_origin

LONGEST = 2000
"""Characters of an address that a login leads back to."""


async def ask(request: web.Request) -> web.Response:
    back = _within(request.query.get("next", ""))
    if not request.app[DOOR].has_token:
        raise web.HTTPSeeOther(back)
    return page(request, "login.html", next=back, wrong=None)


async def enter(request: web.Request) -> web.Response:
    """The cookie of an https page, as the browser says, goes by https alone: proxies stand between."""
    if not is_same_origin(request):
        raise Problem(403, "this came from another site's page; use relay's own")
    given, door = await form(request), request.app[DOOR]
    back = _within(given.get("next", ""))
    if not door.knows(given.get("token", "").strip()):
        return page(request, "login.html", code=401, next=back, wrong="This is not the token.")
    response = _to(back)
    door.give(response, secure=request.secure or request.headers.get("Origin", "").startswith("https:"))
    return response


async def leave(_request: web.Request) -> web.Response:
    response = _to(LOGIN)
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    return response


def _to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


def _within(path: str) -> str:
    """A page of relay's; no other address leads anywhere."""
    is_ours = path.startswith("/") and path[1:2] not in {"/", "\\"} and path.isascii() and path.isprintable()
    return path if is_ours and len(path) <= LONGEST else "/"
