"""Errors as RFC 9457 has them: `application/problem+json`, whatever went wrong; for people, as pages."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

from relay.errors import StoreFailed

log = logging.getLogger("relay.web")

TYPE = "application/problem+json"

JSON_ONLY = ("/api/", "/hints/", "/metrics", "/healthz", "/readyz")
"""Where paths begin that no person looks at."""

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """What is answered instead; `detail` says what is wrong and the way out."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase


def as_json(problem: Problem) -> web.Response:
    body = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    return web.Response(
        status=problem.status, body=msgspec.json.encode(body), content_type=TYPE, headers=problem.headers
    )


def problems(answer: Callable[[web.Request, Problem], web.Response]) -> Middleware:
    """What goes wrong is answered by `answer`."""

    @web.middleware
    async def middleware(request: web.Request, handler: Next) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as problem:
            return answer(request, problem)
        except StoreFailed as error:
            log.warning("%s %s: the store did not answer: %s", request.method, request.path, error)
            return answer(
                request, Problem(503, "the database did not answer; try again", {"Retry-After": "1"})
            )
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return answer(request, _of(error))

    return middleware


def _of(error: web.HTTPException) -> Problem:
    allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Problem(error.status, _DETAILS.get(error.status, error.reason), allow)


_DETAILS = {
    404: "there is nothing of this name; /api/v1/openapi.json lists what there is",
    405: "this can't be done here; Allow names what can",
    413: "the body is too large",
}
