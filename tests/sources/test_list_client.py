"""What is sent to the API, and what its refusals become."""

from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl

import httpx
import pytest
from aiohttp import web

from relay.errors import LookFailed
from relay.model import Secret

OOPS = "Oops! Something went wrong on our end, providing this correlation ID: 4f0e"
KEY = "llx-key-of-tests"


def answers(*responses):
    """Give these, one after another; an exception is raised."""
    left = list(responses)

    def answer(request):
        response = left.pop(0)
        if isinstance(response, Exception):
            raise response
        return response

    return answer


def ok(**headers):
    return httpx.Response(200, text='{"items":[]}', headers=headers)


async def failure_of(awaitable):
    with pytest.raises(LookFailed) as failed:
        await awaitable
    assert failed.value.reason.isprintable()
    assert len(failed.value.reason) <= 300
    assert KEY not in failed.value.reason
    return failed.value


async def test_the_query_is_what_the_official_client_sends(api, client, spec):
    api.answers = [web.Response(text="{}")]
    source = spec(base_url=api.url, project_id="1111", organization_id="2222")
    params = {
        "created_at_on_or_after": "2026-11-01T12:30:15.123456+00:00",
        "created_at_on_or_before": "2026-11-02T00:00:00Z",
        "job_ids": ["pjb-a", "pjb,b"],
        "page_size": "50",
        "page_token": "tok/+= &1",
        "status": "FAILED",
    }
    await (await client(specs=[source])).list(source, params)
    assert api.requests[0].raw_path == (
        "/api/v2/parse?created_at_on_or_after=2026-11-01T12%3A30%3A15.123456%2B00%3A00"
        "&created_at_on_or_before=2026-11-02T00%3A00%3A00Z&job_ids=pjb-a&job_ids=pjb%2Cb&organization_id=2222"
        "&page_size=50&page_token=tok%2F%2B%3D+%261&project_id=1111&status=FAILED"
    )
    headers = api.requests[0].headers
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Accept-Encoding"] == "gzip, deflate"


async def test_a_plus_in_a_date_arrives_as_a_plus(api, client, spec):
    api.answers = [web.Response(text="{}")]
    source = spec(base_url=api.url)
    await (await client(specs=[source])).list(source, {"created_at_on_or_after": "2026-11-01T12:30:15+02:00"})
    assert api.requests[0].query["created_at_on_or_after"] == "2026-11-01T12:30:15+02:00"


async def test_the_sources_query_goes_with_a_list_and_not_with_one_job(client, spec):
    source = spec("extract", query={"expand": ("configuration", "extract_metadata"), "file_input": ""})
    asked = []

    def answer(request):
        asked.append(request.url)
        return httpx.Response(200, text='{"id":"x","status":"PENDING"}')

    opened = await client(answer, specs=[source])
    await opened.list(source, {})
    await opened.get(source, "x", {"expand": "usage"})
    expand = [("expand", "configuration"), ("expand", "extract_metadata")]
    assert parse_qsl(asked[0].query.decode()) == expand
    assert asked[1].raw_path == b"/api/v2/extract/x?expand=usage"


async def test_a_prefix_of_the_base_url_and_odd_ids_are_kept(client, spec):
    source = spec("batch_v1", base_url="http://api.test/proxy/x/")
    asked = []

    def answer(request):
        asked.append(request.url.raw_path)
        return httpx.Response(200, text='{"job":{"id":"b","status":"pending"},"progress_percentage":0}')

    opened = await client(answer, specs=[source])
    assert [item.id for item in (await opened.get(source, "a/b?c#ü")).items] == ["b"]
    await opened.get(source, "..")
    prefix = b"/proxy/x/api/v1/beta/batch-processing/"
    assert asked == [prefix + b"a%2Fb%3Fc%23%C3%BC", prefix + b"%2E%2E"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("Sun, 22 Nov 2026 10:15:30 GMT", 1795342530.0), ("yesterday", None), ("", None), (None, None)],
)
async def test_a_page_tells_the_time_of_the_api(client, spec, text, seconds):
    source = spec()
    opened = await client(lambda _: ok(**({} if text is None else {"date": text})), specs=[source])
    assert (await opened.list(source, {})).date == seconds


@pytest.mark.parametrize(
    ("status", "body", "reason", "again"),
    [
        (500, f'{{"detail":"{OOPS}"}}', f"HTTP 500: {OOPS}", True),
        (503, "<html>\nno</html>", "HTTP 503: <html> no</html>", True),
        (502, "", "HTTP 502: Bad Gateway", True),
        (429, '{"detail":"Rate limit exceeded."}', "HTTP 429: Rate limit exceeded.", True),
        (400, '{"detail":{"a":1}}', "HTTP 400: {'a': 1}", False),
        (401, f'{{"detail":"bad key {KEY}"}}', "HTTP 401: bad key ***", False),
        (403, "[]", "HTTP 403: []", False),
        (
            422,
            '{"detail":[{"loc":["query","status"],"msg":"Input should be one of"},{"msg":"more"},"x"]}',
            "HTTP 422: query.status: Input should be one of; more; x",
            False,
        ),
        (204, "", "HTTP 204: No Content", False),
        (299, "", "HTTP 299: without a word", False),
        (418, "x" * 1000, "HTTP 418: " + "x" * 289 + "…", False),
        (500, "a\x1b[31m\u202eb\x00", "HTTP 500: ab", True),
    ],
)
async def test_a_refusal_says_what_came(client, spec, status, body, reason, again):
    source = spec()
    opened = await client(lambda _: httpx.Response(status, text=body), specs=[source])
    failed = await failure_of(opened.list(source, {}))
    assert (failed.reason, failed.status, failed.again) == (reason, status, again)


async def test_a_redirect_is_not_followed(client, spec):
    source = spec()
    moved = httpx.Response(302, headers={"location": "https://elsewhere.test/login"})
    failed = await failure_of((await client(answers(moved), specs=[source])).list(source, {}))
    assert failed.reason == "HTTP 302: redirects are not followed (https://elsewhere.test/login)"


@pytest.mark.parametrize("status", [404, 410])
async def test_a_job_that_is_not_there_is_absent(client, spec, status):
    source = spec()
    opened = await client(
        answers(httpx.Response(status, text='{"detail":"Parse job not found"}')), specs=[source]
    )
    failed = await failure_of(opened.get(source, "pjb-1"))
    assert failed.absent
    assert failed.reason == f"HTTP {status}: Parse job not found"


async def test_html_with_200_says_what_came_without_the_key(client, spec):
    source = spec()
    html = "x" * 195 + KEY
    opened = await client(lambda _: httpx.Response(200, html=html), specs=[source])
    failed = await failure_of(opened.list(source, {}))
    assert failed.reason == "200 but not JSON: " + "x" * 195 + "***"


@pytest.mark.parametrize(
    "first",
    [
        httpx.Response(500),
        httpx.Response(429),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("closed"),
    ],
    ids=str,
)
async def test_what_may_pass_is_asked_again(client, clock, spec, first):
    source = spec()
    page = await (await client(answers(first, ok()), specs=[source])).list(source, {})
    assert page.requests == 2
    assert 1 <= clock.slept[0] <= 1.5


async def test_the_third_failure_is_the_last_and_pauses_double(client, clock, spec):
    source = spec()
    failing = [httpx.Response(500, text=str(n)) for n in (1, 2, 3)]
    failed = await failure_of((await client(answers(*failing), specs=[source])).list(source, {}))
    assert failed.reason == "HTTP 500: 3"
    assert 1 <= clock.slept[0] <= 1.5
    assert 2 <= clock.slept[1] <= 3


async def test_what_will_not_pass_is_asked_once(client, clock, spec):
    source = spec()
    await failure_of((await client(answers(httpx.Response(401)), specs=[source])).list(source, {}))
    assert clock.slept == []


@pytest.mark.parametrize("asked", ["17", "date"])
async def test_retry_after_is_honoured(client, clock, spec, asked):
    source = spec()
    moment = datetime.fromtimestamp(clock.now() + 17, UTC)
    value = format_datetime(moment, usegmt=True) if asked == "date" else asked
    busy = httpx.Response(429, headers={"retry-after": value})
    await (await client(answers(busy, ok()), specs=[source])).list(source, {})
    assert clock.slept == [17]


async def test_a_retry_after_is_of_the_servers_clock(client, clock, spec):
    source = spec()
    headers = {"date": "Sun, 22 Nov 2026 10:00:00 GMT", "retry-after": "Sun, 22 Nov 2026 10:00:09 GMT"}
    await (await client(answers(httpx.Response(503, headers=headers), ok()), specs=[source])).list(source, {})
    assert clock.slept == [9]


async def test_a_long_retry_after_gives_up_at_once(client, clock, spec):
    source = spec()
    busy = httpx.Response(429, headers={"retry-after": "61"})
    failed = await failure_of((await client(answers(busy), specs=[source])).list(source, {}))
    assert (failed.retry_after, failed.again, clock.slept) == (61, True, [])


@pytest.mark.parametrize("nonsense", ["-1", "soon", "", "²"])
async def test_a_retry_after_of_nonsense_is_as_if_absent(client, clock, spec, nonsense):
    source = spec()
    busy = httpx.Response(503, headers={"retry-after": nonsense.encode()})
    await (await client(answers(busy, ok()), specs=[source])).list(source, {})
    assert 1 <= clock.slept[0] <= 1.5


@pytest.mark.parametrize("over", ["0", "Thu, 01 Jan 1970 00:00:00 GMT"])
async def test_a_retry_after_that_is_over_hastens_nothing(client, clock, spec, over):
    """Three requests at once answer no one who has too many."""
    source = spec()
    busy = httpx.Response(429, headers={"retry-after": over})
    await (await client(answers(busy, busy, ok()), specs=[source])).list(source, {})
    assert 1 <= clock.slept[0] <= 1.5
    assert 2 <= clock.slept[1] <= 3


async def test_every_attempt_takes_from_the_budget(client, clock, spec):
    source = spec(requests_per_minute=1)
    opened = await client(answers(httpx.Response(500), httpx.Response(500), ok()), specs=[source])
    began = clock.now()
    await opened.list(source, {})
    assert clock.now() - began >= 120


@pytest.mark.parametrize("key", ["", "llx-ü", "llx-1\r\nX-Evil: 1", "llx-1\x00", " llx-1"])
async def test_a_key_that_no_header_can_carry_fails_without_a_request(client, spec, key):
    source = spec(api_key=Secret(key))
    failed = await failure_of((await client(answers(), specs=[source])).list(source, {}))
    assert failed.reason.startswith("the api_key")
    assert not failed.again


@pytest.mark.parametrize(
    "base_url", ["api.test", "ftp://api.test", "http://", "http://[", "http://a:99999", "\0"]
)
async def test_a_base_url_of_nonsense_fails_in_words(client, spec, base_url):
    source = spec(base_url=base_url)
    failed = await failure_of((await client(specs=[source])).list(source, {}))
    assert failed.reason


async def test_a_server_that_is_not_there_fails_in_words(client, spec, unused_tcp_port):
    source = spec(base_url=f"http://127.0.0.1:{unused_tcp_port}")
    failed = await failure_of((await client(specs=[source])).list(source, {}))
    assert failed.reason.startswith("no answer: ")
    assert failed.again


async def test_one_keys_cookie_does_not_go_with_anothers_request(client, spec):
    one, other = spec(), spec(api_key=Secret("llx-other"))
    seen = []

    def answer(request):
        seen.append(request.headers.get("cookie"))
        return ok(**{"set-cookie": "session=one; Path=/"})

    opened = await client(answer, specs=[one, other])
    await opened.list(one, {})
    await opened.list(other, {})
    assert seen == [None, None]
