"""The simulator on a socket."""

import asyncio
import gzip
from dataclasses import replace

from aiohttp import web

from relay.simulator.faults import Answer
from relay.simulator.simulator import Request, Simulator

_SMALL = 1024


def app(simulator: Simulator) -> web.Application:
    async def serve(request: web.Request) -> web.StreamResponse:
        answer = simulator.answer(_asked(request))
        try:
            await asyncio.sleep(answer.delay)
            return await _send(request, answer)
        except asyncio.CancelledError:  # the client did not wait
            simulator.take_back(answer)
            raise
        except ConnectionError:  # nor here; who is told, is gone
            simulator.take_back(answer)
            return web.StreamResponse()

    async def own_headers(_: web.BaseRequest, response: web.StreamResponse) -> None:
        response.headers.pop("Server", None)
        if not response.headers.get("Date"):
            response.headers.pop("Date", None)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", serve)
    application.on_response_prepare.append(own_headers)
    return application


def _asked(request: web.Request) -> Request:
    return Request(
        method=request.method,
        path=request.rel_url.raw_path,
        query=list(request.query.items()),
        headers=dict(request.headers),
    )


async def _send(request: web.Request, answer: Answer) -> web.StreamResponse:
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client has gone")
    if answer.fault == "drop":
        transport.abort()
        return web.StreamResponse()
    packed = _packed(answer, request.headers.get("Accept-Encoding", ""))
    # aiohttp puts in a Date where there is none; what time it is says the simulator, or nobody.
    response = web.StreamResponse(status=packed.status, headers={"Date": "", **packed.headers})
    response.content_length = len(packed.body)
    await response.prepare(request)
    if answer.fault == "cut":
        await response.write(packed.body[: len(packed.body) // 2])
        transport.close()
    else:
        await response.write_eof(packed.body)
    return response


def _packed(answer: Answer, accepts: str) -> Answer:
    if len(answer.body) <= _SMALL or "gzip" not in accepts:
        return answer
    headers = {**answer.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return replace(answer, body=gzip.compress(answer.body, compresslevel=1), headers=headers)
