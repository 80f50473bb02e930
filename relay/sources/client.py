"""How the API is asked. The only module that knows httpx and tenacity."""

import asyncio
import json
import random
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import quote

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from relay.errors import LookFailed
from relay.message import one_line
from relay.model import Clock
from relay.secrecy import MASK, hiding
from relay.sources.budget import Budget, Urgency
from relay.sources.items import Page, read_one, read_page
from relay.sources.kinds import SourceSpec

Params = Mapping[str, str | Sequence[str]]
Transport = httpx.AsyncBaseTransport

_ATTEMPTS = 3
_KEPT_OPEN = 55.0  # seconds; what balances load in front of an API commonly hangs up after 60
# No source may wait for the connections of another; each is kept from look to look.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=_KEPT_OPEN)
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "llamacloud-relay",
}
_LONGEST_WAIT = 60.0  # seconds a request is held back for Retry-After; the look is given up for longer
_LONGEST_REASON = 300
_ERROR_BYTES = 64 * 1024
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_ENCODINGS = {"": None, "identity": None, "gzip": _GZIP_OR_ZLIB, "deflate": _GZIP_OR_ZLIB}


class _Answer(NamedTuple):
    body: bytes
    date: float | None
    requests: int


class Client:
    """Asks list endpoints, within the budget and again where that may help. Every failure is a LookFailed.

    `deadline`: seconds for one whole answer. `byte_limit`: of a body, counted after decompression.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        random: random.Random,
        budget: Budget,
        transport: Transport | None = None,
        deadline: float = 60.0,
        byte_limit: int = 32 * 1024 * 1024,
    ) -> None:
        self._clock = clock
        self._random = random
        self.budget = budget
        self._deadline = deadline
        self._byte_limit = byte_limit
        # Not a whole httpx client, which costs a third more and keeps cookies: the API takes one for a login,
        # so that one key's might go with another's request.
        self._transport = transport or httpx.AsyncHTTPTransport(limits=_LIMITS, trust_env=False)
        self._waits = dict.fromkeys(("connect", "read", "write", "pool"), deadline)

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    async def list(self, spec: SourceSpec, params: Params, urgency: Urgency = Urgency.LOOK) -> Page:
        """Ask for one page of the list; `params` win over the source's own query."""
        kind = spec.kind
        answer = await self._ask(spec, kind.path, {**spec.query, **params}, urgency)
        return _page(answer, lambda body: read_page(body, kind.item, kind.items))

    async def get(
        self,
        spec: SourceSpec,
        job_id: str,
        params: Params | None = None,
        urgency: Urgency = Urgency.QUESTION,
    ) -> Page:
        """Ask for one job, as a page of it. Raises LookFailed with `absent` where there is none."""
        kind = spec.kind
        path = f"{kind.path}/{_quoted(job_id)}"
        answer = await self._ask(spec, path, params or {}, urgency)
        return _page(answer, lambda body: read_one(body, kind.item, wrapped=kind.wrapped))

    async def below(self, spec: SourceSpec, job_id: str, part: str, params: Params) -> bytes:
        """Ask for a part of one job, such as the items of a batch; the body as it came."""
        path = f"{spec.kind.path}/{_quoted(job_id)}/{part}"
        return (await self._ask(spec, path, params, Urgency.QUESTION)).body

    async def _ask(self, spec: SourceSpec, path: str, params: Params, urgency: Urgency) -> _Answer:
        retrying = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(_ATTEMPTS),
            wait=self._wait,
            retry=retry_if_exception(_is_worth_another),
            reraise=True,
        )
        came: tuple[bytes, float | None] = await retrying(self._attempt, spec, path, params, urgency)
        body = came[0].replace(spec.api_key.reveal().encode(), MASK.encode())  # it may stand in any item
        return _Answer(body, came[1], retrying.statistics["attempt_number"])

    def _wait(self, state: RetryCallState) -> float:
        failed = state.outcome and state.outcome.exception()
        asked = failed.retry_after if isinstance(failed, LookFailed) else None
        backoff = 2.0 ** (state.attempt_number - 1) * self._random.uniform(1.0, 1.5)
        return max(asked or 0.0, backoff)

    async def _attempt(
        self, spec: SourceSpec, path: str, params: Params, urgency: Urgency
    ) -> tuple[bytes, float | None]:
        await self.budget.take(spec, urgency)
        try:
            async with asyncio.timeout(self._deadline):
                return await self._answer(spec, path, params)
        except (TimeoutError, httpx.TimeoutException):
            raise LookFailed(f"no whole answer within {self._deadline:g} s", again=True) from None
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL) as error:
            raise _failed(spec, f"can't be asked for: {error}") from None
        except httpx.HTTPError as error:
            raise _failed(spec, f"no answer: {str(error) or type(error).__name__}", again=True) from None
        except zlib.error as error:
            raise LookFailed(f"200 but its compression is broken: {error}", again=True) from None

    async def _answer(self, spec: SourceSpec, path: str, params: Params) -> tuple[bytes, float | None]:
        request = httpx.Request(
            "GET",
            spec.base_url.rstrip("/") + path,
            params=_query(spec, params),
            headers=_HEADERS | _authorization(spec),
            extensions={"timeout": self._waits},
        )
        async with aclosing(await self._transport.handle_async_request(request)) as response:
            if response.status_code != 200:
                raise await self._refusal(spec, response)
            body = await _body(response, self._byte_limit)
            return body, _seconds_of_date(response.headers.get("date"))

    async def _refusal(self, spec: SourceSpec, response: httpx.Response) -> LookFailed:
        try:
            said = _said(await _body(response, _ERROR_BYTES))
        except (LookFailed, zlib.error):
            said = ""
        status = response.status_code
        if response.has_redirect_location:
            said = f"redirects are not followed ({response.headers['location']})"
        return _failed(
            spec,
            f"HTTP {status}: {said or response.reason_phrase or 'without a word'}",
            status=status,
            again=status == 429 or status >= 500,
            retry_after=self._retry_after(response.headers),
        )

    def _retry_after(self, headers: httpx.Headers) -> float | None:
        """Seconds, from seconds or from an HTTP date, which is one of the server's clock."""
        text = headers.get("retry-after", "")
        if text.isascii() and text.isdigit():
            return float(text[:9])
        moment = _seconds_of_date(text)
        if moment is None:
            return None
        return max(0.0, moment - (_seconds_of_date(headers.get("date")) or self._clock.now()))


def _quoted(job_id: str) -> str:
    """A path of dots would lead elsewhere."""
    return quote(job_id, safe="").replace(".", "%2E")


def _is_worth_another(error: BaseException) -> bool:
    return isinstance(error, LookFailed) and error.again and (error.retry_after or 0.0) <= _LONGEST_WAIT


def _query(spec: SourceSpec, params: Params) -> dict[str, Any]:
    """Say it as the wire does: sorted, arrays as repeated keys, nothing empty."""
    own = {"project_id": spec.project_id, "organization_id": spec.organization_id}
    return {key: value for key, value in sorted({**own, **params}.items()) if value}


def _authorization(spec: SourceSpec) -> dict[str, str]:
    key = spec.api_key.reveal()
    if not key or not key.isascii() or not key.isprintable() or key != key.strip():
        raise LookFailed("the api_key is empty or holds characters that no header can carry")
    return {"Authorization": f"Bearer {key}"}


async def _body(response: httpx.Response, limit: int) -> bytes:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        raise LookFailed(
            f"an answer in the unknown encoding {one_line(encoding, 40)}", status=response.status_code
        )
    wbits = _ENCODINGS[encoding]
    unpack = None if wbits is None else zlib.decompressobj(wbits)
    assert isinstance(response.stream, httpx.AsyncByteStream)
    parts, room = [], limit + 1
    # Not aiter_bytes(): it unpacks a whole chunk before anyone can count.
    async for chunk in response.stream:
        part = unpack.decompress(chunk, room) if unpack else chunk
        parts.append(part)
        room -= len(part)
        if room <= 0:
            raise LookFailed(f"an answer of more than {limit} bytes", status=response.status_code)
    if unpack and parts and not unpack.eof:
        raise zlib.error("it was cut")
    return b"".join(parts)


def _said(body: bytes) -> str:
    """Find the API's words for an error: its `detail`, a text or a list of faults; else what came."""
    text = body.decode("utf-8", "replace")
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return text
    faults = detail if isinstance(detail, list) else [detail]
    return "; ".join(_fault(fault) for fault in faults)


def _fault(fault: Any) -> str:
    if not isinstance(fault, dict):
        return str(fault)
    where = fault.get("loc")
    place = ".".join(map(str, where)) if isinstance(where, list) else ""
    return f"{place}: {fault.get('msg', fault)}" if place else str(fault.get("msg", fault))


def _failed(spec: SourceSpec, reason: str, **what: Any) -> LookFailed:
    return LookFailed(one_line(hiding([spec.api_key])(reason), _LONGEST_REASON), **what)


def _page(answer: _Answer, read: Callable[[bytes], Page]) -> Page:
    page = read(answer.body)
    page.date, page.requests = answer.date, answer.requests
    return page


def _seconds_of_date(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
