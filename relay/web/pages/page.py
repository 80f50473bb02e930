"""A page: what it was asked, and what it answers with."""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from relay.web.api.asked import parameters
from relay.web.pages.paper import environment
from relay.web.problems import JSON_ONLY, Problem, as_json
from relay.web.security import COOKIE, DOOR, READING
from relay.web.view import VIEW

LOGIN = "/login"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # With "no-referrer" a browser says "null" for where a form came from, and no action would be believed.
    "Referrer-Policy": "same-origin",
}


def page(request: web.Request, template: str, *, code: int = 200, **values: Any) -> web.Response:
    view = request.app[VIEW]
    text = environment(view.config.timezone).render_template(
        template,
        relay=view.config.relay,
        now=view.clock.now(),
        here=str(request.rel_url),
        at=f"/{request.path.split('/')[1]}",
        filters=_filters(request),
        is_known=COOKIE in request.cookies,
        may_act=request.app[DOOR].has_token,
        **values,
    )
    return web.Response(text=text, content_type="text/html", status=code, headers=HEADERS)


def given(request: web.Request) -> dict[str, list[str]]:
    """The parameters, but those of a form that were left empty."""
    filled = {name: [value for value in values if value] for name, values in parameters(request).items()}
    return {name: values for name, values in filled.items() if values}


def _filters(request: web.Request) -> str:
    """The parameters but the place in the list, as a link to another place begins."""
    kept = [(name, v) for name, values in given(request).items() for v in values if name != "cursor"]
    return f"{urlencode(kept)}&" if kept else ""


def problem(request: web.Request, what: Problem) -> web.Response:
    """For people as a page, for others as problem+json; who is not known is asked for the token."""
    if "text/html" not in request.headers.get("Accept", "") or request.path.startswith(JSON_ONLY):
        return as_json(what)
    if what.status == 401:
        return _to_login(request)
    response = page(request, "problem.html", code=what.status, problem=what)
    response.headers.update(what.headers)
    return response


def _to_login(request: web.Request) -> web.Response:
    """A part of a page can't become the login: its page does."""
    back = str(request.rel_url) if request.method in READING else "/"
    to = str(request.rel_url.with_path(LOGIN).with_query({"next": back}))
    if "HX-Request" in request.headers:
        return web.Response(status=401, headers={"HX-Redirect": LOGIN})
    return web.Response(status=303, headers={"Location": to})
