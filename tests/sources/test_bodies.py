"""Bodies that are cut, slow, huge or packed, over a real connection."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest
from aiohttp import web

from relay.errors import LookFailed

BODY = b'{"items":[{"id":"a","status":"PENDING"}]}'


def packed(body, encoding, status=200):
    async def answer(_request):
        return web.Response(status=status, body=body, headers={"Content-Encoding": encoding})

    return answer


@pytest.fixture
def look(api, client, spec):
    async def look(*answers, deadline=5.0, **options):
        api.answers = list(answers)
        source = spec(base_url=api.url)
        return await (await client(specs=[source], deadline=deadline, **options)).list(source, {})

    return look


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("deflate", zlib.compress(BODY)),
        ("identity", BODY),
        ("GZIP", gzip.compress(BODY, mtime=0)),
    ],
)
async def test_a_packed_body_is_unpacked(look, encoding, body):
    assert (await look(packed(body, encoding))).raw(0) == b'{"id":"a","status":"PENDING"}'


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
async def test_an_unknown_encoding_is_refused(look, encoding):
    with pytest.raises(LookFailed, match=f"unknown encoding {encoding}"):
        await look(packed(BODY, encoding))


@pytest.mark.parametrize("body", [BODY, gzip.compress(BODY)[:-9]], ids=["not gzip", "cut"])
async def test_broken_compression_is_asked_again_and_then_said(look, api, body):
    with pytest.raises(LookFailed, match="its compression is broken"):
        await look(packed(body, "gzip"))
    assert len(api.requests) == 3


async def test_a_gzip_bomb_is_not_unpacked(look):
    bomb = gzip.compress(b" " * 67_000_000)
    tracemalloc.start()
    with pytest.raises(LookFailed, match="an answer of more than 1000000 bytes"):
        await look(packed(bomb, "gzip"), byte_limit=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


async def test_a_bomb_in_an_error_does_no_harm_either(look):
    bomb = web.Response(
        status=403, body=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"}
    )
    with pytest.raises(LookFailed, match="HTTP 403: Forbidden"):
        await look(bomb)


@pytest.mark.parametrize(("limit", "fits"), [(len(BODY), True), (len(BODY) - 1, False)])
@pytest.mark.parametrize("pack", [True, False])
async def test_the_byte_limit_is_of_what_is_unpacked(look, limit, fits, pack):
    answer = packed(gzip.compress(BODY), "gzip") if pack else web.Response(body=BODY)
    if fits:
        assert (await look(answer, byte_limit=limit)).items
    else:
        with pytest.raises(LookFailed, match="more than"):
            await look(answer, byte_limit=limit)


async def test_a_body_cut_by_the_connection_is_asked_again(look, api):
    async def cut(request):
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(BODY)
        request.transport.abort()
        return response

    assert (await look(cut, web.Response(body=BODY))).requests == 2


async def test_a_body_cut_by_the_server_is_no_page(look):
    with pytest.raises(LookFailed, match="200 but not JSON: "):
        await look(web.Response(body=BODY[:20]))


async def test_a_slow_drip_ends_at_the_deadline(look, clock):
    async def drip(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(LookFailed, match=r"no whole answer within 0\.2 s") as failed:
        await look(drip, deadline=0.2)
    assert failed.value.again
    assert loop.time() - began < 2


async def test_a_server_that_says_nothing_ends_at_the_deadline(look):
    async def silent(request):
        await asyncio.sleep(30)

    with pytest.raises(LookFailed, match=r"no whole answer within 0\.1 s"):
        await look(silent, deadline=0.1)
