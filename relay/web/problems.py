"""Errors as RFC 9457 has them: `application/problem+json`, whatever went wrong."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

from relay.errors import StoreFailed

log = logging.getLogger("relay.web")

TYPE = "application/problem+json"

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """What is answered instead; `detail` says what is wrong and the way out."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


def answer(problem: Problem) -> web.Response:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    return web.Response(
        status=problem.status, body=msgspec.json.encode(body), content_type=TYPE, headers=problem.headers
    )


@web.middleware
async def problems(request: web.Request, handler: Next) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return answer(problem)
    except StoreFailed as error:
        log.warning("%s %s: the store did not answer: %s", request.method, request.path, error)
        return answer(Problem(503, "the database did not answer; try again", {"Retry-After": "1"}))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return answer(Problem(error.status, _DETAILS.get(error.status, error.reason), allow))


_DETAILS = {
    404: "there is nothing of this name; /api/v1/openapi.json lists what there is",
    405: "this can't be done here; Allow names what can",
    413: "the body is too large",
}
