"""From page to page, under every trap of a list."""

from dataclasses import replace
from itertools import chain, count

import httpx
import pytest

from relay.errors import LookFailed
from relay.sources import KINDS, Walk

TINY = replace(KINDS["batch_v1"], page_limit=3)


@pytest.fixture
def walk(client, spec):
    """Walk over `answer(params) -> body or response`, with what was asked."""

    async def make(answer, *, source=None, params=None, **options):
        source = source or spec()
        asked = []

        def respond(request):
            asked.append(dict(request.url.params))
            said = answer(asked[-1])
            return httpx.Response(200, text=said) if isinstance(said, str) else said

        opened = await client(respond, specs=[source])
        return Walk(opened, source, params or {}, sequence=count(1).__next__, **options), asked

    return make


async def ids_of(walk):
    return [[item.id for item in page.items] async for page in walk]


def by_token(pages):
    return lambda params: pages[params.get("page_token")]


async def test_a_walk_follows_tokens_to_the_end(walk, page):
    pages = {None: page("ab", "t1"), "t1": page("cd", "t2"), "t2": page("e")}
    steps, asked = await walk(by_token(pages), params={"status": "FAILED"})
    assert await ids_of(steps) == [["a", "b"], ["c", "d"], ["e"]]
    assert steps.whole
    assert (steps.pages, steps.requests) == (3, 3)
    assert asked[1] == {"status": "FAILED", "page_size": "100", "page_token": "t1"}


@pytest.mark.parametrize(
    "last", ['{"items":[]}', '{"items":[],"next_page_token":""}', "{}", '{"items":null}']
)
async def test_a_missing_or_empty_token_ends_the_walk(walk, page, last):
    steps, _ = await walk(by_token({None: page("a", "t"), "t": last}))
    assert await ids_of(steps) == [["a"], []]
    assert steps.whole


async def test_an_empty_page_with_a_token_does_not_end_the_walk(walk, page):
    steps, _ = await walk(by_token({None: page("", "t"), "t": page("", "u"), "u": page("a")}))
    assert await ids_of(steps) == [[], [], ["a"]]
    assert steps.whole


async def test_a_repeated_token_ends_the_walk(walk, page):
    steps, _ = await walk(by_token({None: page("ab", "t"), "t": page("ab", "t")}))
    assert len(await ids_of(steps)) == 2
    assert steps.whole


async def test_a_repeated_token_on_a_page_of_news_is_not_the_whole_list(walk, page):
    steps, _ = await walk(by_token({None: page("ab", "t"), "t": page("bc", "t")}))
    assert len(await ids_of(steps)) == 2
    assert not steps.whole


async def test_a_circle_of_tokens_ends_the_walk(walk, page):
    steps, _ = await walk(by_token({None: page("a", "t"), "t": page("b", "u"), "u": page("a", "t")}))
    assert await ids_of(steps) == [["a"], ["b"], ["a"]]
    assert steps.whole


async def test_endless_tokens_end_at_the_cap(walk, page):
    numbers = count()
    steps, _ = await walk(lambda _: page([f"j{next(numbers)}"], f"t{next(numbers)}"), page_cap=5)
    assert len(await ids_of(steps)) == 5
    assert not steps.whole


@pytest.mark.parametrize("total", [0, None, "many", 1, 1e9])
async def test_total_size_does_not_steer_the_walk(walk, page, total):
    steps, _ = await walk(
        by_token({None: page("a", "t", total_size=total), "t": page("b", total_size=total)})
    )
    assert await ids_of(steps) == [["a"], ["b"]]
    assert steps.whole


async def test_one_bad_item_does_not_end_the_walk(walk, page):
    bad = '{"items":[{"id":"x"},{"id":"b","status":"FAILED"}],"next_page_token":"u"}'
    steps, _ = await walk(by_token({None: page("a", "t"), "t": bad, "u": page("c")}))
    assert await ids_of(steps) == [["a"], ["b"], ["c"]]


async def test_a_failed_page_ends_the_walk_and_leaves_what_came_before(walk, page):
    pages = {None: page("a", "t"), "t": httpx.Response(403, text="no")}
    steps, _ = await walk(by_token(pages))
    seen = []
    with pytest.raises(LookFailed, match="HTTP 403: no"):
        async for one in steps:
            seen.extend(one.items)
    assert [item.id for item in seen] == ["a"]
    assert not steps.whole


async def test_a_walk_may_be_left_early(walk, page):
    steps, asked = await walk(by_token({None: page("a", "t"), "t": page("b")}))
    async for _ in steps:
        break
    assert len(asked) == 1
    assert not steps.whole


async def test_a_page_tells_when_its_request_began(walk, page):
    steps, _ = await walk(by_token({None: page("a", "t"), "t": page("b")}))
    assert [one.began async for one in steps] == [1, 2]


async def test_requests_that_failed_are_counted(walk, page):
    left = [httpx.Response(500), page("a", "t"), httpx.Response(429), httpx.Response(429), page("b")]
    steps, _ = await walk(lambda _: left.pop(0))
    assert len(await ids_of(steps)) == 2
    assert (steps.pages, steps.requests) == (2, 5)


async def test_a_page_is_as_large_as_asked_and_allowed(walk, page, spec):
    for kind, size, sent in [
        ("parse", 30, "30"),
        ("parse", None, "100"),
        ("parse", 900, "900"),
        ("classify", 900, "100"),
        ("batch_v1", None, "1000"),
        ("batch_v1", 2, "2"),
    ]:
        steps, asked = await walk(lambda _: page("a"), source=spec(kind, page_size=size))
        await ids_of(steps)
        assert (asked[0].get("page_size") or asked[0]["limit"]) == sent


def by_offset(jobs, page, changes=()):
    """Serve a list of jobs that the nth of `changes` changes after the nth answer."""
    pending = list(changes)

    def answer(params):
        offset, limit = int(params["offset"]), int(params["limit"])
        body = page(jobs[offset : offset + limit])
        if pending:
            pending.pop(0)(jobs)
        return body

    return answer


@pytest.mark.parametrize("length", range(10))
async def test_offset_pages_show_every_job_of_a_list_at_rest(walk, page, spec, length):
    jobs = [f"j{n}" for n in range(length)]
    steps, asked = await walk(by_offset(jobs, page), source=spec(of=TINY))
    assert list(dict.fromkeys(chain(*await ids_of(steps)))) == jobs
    assert steps.whole
    assert "page_token" not in asked[0]


@pytest.mark.parametrize("shift", range(1, 8))
@pytest.mark.parametrize("when", range(3))
@pytest.mark.parametrize("direction", ["down", "up"])
async def test_offset_pages_that_shift_hide_no_job(walk, page, spec, shift, when, direction):
    jobs = [f"j{n}" for n in range(12)]
    stays = jobs[shift:] if direction == "up" else list(jobs)

    def change(listed):
        listed[:] = listed[shift:] if direction == "up" else [f"new{n}" for n in range(shift)] + listed

    changes = [lambda _: None] * when + [change]
    steps, _ = await walk(by_offset(jobs, page, changes), source=spec(of=TINY))
    assert set(stays) <= set(chain(*await ids_of(steps)))
    assert steps.whole


async def test_an_offset_list_that_never_meets_ends_at_the_cap(walk, page, spec):
    numbers = count()
    steps, _ = await walk(
        lambda _: page([f"j{next(numbers)}" for _ in range(3)]), source=spec(of=TINY), page_cap=20
    )
    assert len(await ids_of(steps)) == 20
    assert not steps.whole


@pytest.mark.parametrize("offset", range(12))
async def test_a_walk_from_an_offset_shows_all_that_comes_after_it(walk, page, spec, offset):
    jobs = [f"j{n}" for n in range(9)]
    steps, _ = await walk(by_offset(jobs, page), source=spec(of=TINY), offset=offset)
    assert set(jobs[offset:]) <= set(chain(*await ids_of(steps)))
    assert (steps.whole, steps.offset) == (True, 9)


@pytest.mark.parametrize("deleted", range(9))
async def test_a_walk_from_an_end_that_has_moved_up_goes_back_until_it_finds_something(
    walk, page, spec, deleted
):
    """The list is oldest first; the walk begins where it ended before some were deleted."""
    jobs = [f"j{n}" for n in range(9)][deleted:]
    steps, _ = await walk(by_offset(jobs, page), source=spec(of=TINY), offset=8)
    assert jobs[-1:] == (list(chain(*await ids_of(steps))) or [None])[-1:]
    assert steps.whole


@pytest.mark.parametrize("length", [0, 1, 49, 50, 51, 99, 100, 101, 149, 150, 250])
@pytest.mark.parametrize("limit", [50, 100])
async def test_a_server_that_silently_lowers_the_limit_hides_no_job(walk, page, spec, length, limit):
    jobs = [f"j{n}" for n in range(length)]
    full = by_offset(jobs, page)
    steps, _ = await walk(
        lambda params: full({**params, "limit": str(min(limit, int(params["limit"])))}),
        source=spec("batch_v1"),
    )
    assert set(chain(*await ids_of(steps))) == set(jobs)
    assert (steps.whole, steps.offset) == (True, length)
