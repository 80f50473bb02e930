"""The demo shows all of relay and leaves nothing behind; the simulator can be served alone."""

import asyncio
import re
import signal

import aiohttp
import pytest

from tests.process.live import KINDS, until

LINE = re.compile(r"\d\d:\d\d:\d\d  (\w+) +\S.*  (\w+ → \w+|finished, .*)  ✓ delivered(?:  .*)?")
UPDATED = "Slack #ops, updated in place"
FAILURES = re.compile(r"┃ (?:Subject: \[demo\]|🔴) (?:([\d,]+) failures|(?!Batch ).* failed) ?")
BATCH = re.compile(r"(?<=\()b(?:at|jb)-[0-9a-f-]+(?=\))")
ENDED = re.compile(r"Batch (?:finished|failed|was cancelled): ")


@pytest.fixture
def temporary(tmp_path):
    """A folder for temporary files, to see what is left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


async def test_it_shows_events_of_all_kinds_each_delivered_once(home, temporary):
    done = await home.relay("demo", "--for", "8", within=40, TMPDIR=str(temporary))
    assert (done.status, done.err) == (0, "")
    kinds = [line[1] for line in map(LINE.fullmatch, done.out.splitlines()) if line]
    assert set(kinds) == set(KINDS)
    count = len(kinds)
    assert re.search(rf"^{count} events: ", done.out, re.MULTILINE)
    assert f"{count} webhooks delivered and verified, 0 twice, 0 with a wrong signature" in done.out
    assert done.out.splitlines()[-1] == "the ledger: nothing amiss"
    assert list(temporary.iterdir()) == []
    assert list(home.folder.iterdir()) == [temporary]


async def test_its_dashboard_shows_what_happens(home):
    async with home.started("demo") as process, aiohttp.ClientSession() as session:
        await until(lambda: re.search(r"The dashboard: (\S+)", home.log.read_text("utf-8")))
        url = re.search(r"The dashboard: (\S+)", home.log.read_text("utf-8"))[1]
        await until(lambda: LINE.search(home.log.read_text("utf-8")))
        async with session.get(f"{url}/events") as answer:
            assert answer.status == 200
            assert "parse.pending" in await answer.text()
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_what_people_read_adds_up_to_what_happened(home):
    done = await home.relay("demo", "--for", "9", "--speed", "10", within=40)
    changes = [line.groups() for line in map(LINE.fullmatch, done.out.splitlines()) if line]
    failed = sum(change.endswith("FAILED") and "batch" not in kind for kind, change in changes)
    running = sum(change.endswith("RUNNING") and "batch" in kind for kind, change in changes)
    finished = sum(change.startswith("finished") for _, change in changes)
    heads = ("Slack #ops", UPDATED, "Slack #ops, in the thread", "Mail")
    posted, updated, threaded, mails = (frames(done.out, head) for head in heads)
    (living,) = filter(FAILURES.search, posted)
    living = [living, *filter(FAILURES.search, updated)][-1]
    assert 0 < failed == sum(map(failures_of, mails)) == failures_of(living)
    assert len(mails) < failed, "some came together"
    assert 0 < finished == len([frame for frame in posted + updated if ENDED.search(frame)])
    begun = BATCH.findall("".join(posted))
    assert sorted(set(begun)) == sorted(begun), "a message for each batch"
    assert set(BATCH.findall("".join(updated))) <= set(begun)
    count = len(posted) + len(threaded)
    assert done.out.splitlines()[-2] == (
        f"{count} messages in Slack, updated {len(updated)} times, and {len(mails)} mails: "
        f"they tell of {failed + running + finished} events and of {failed} events"
    )
    assert done.out.splitlines()[-1] == "the ledger: nothing amiss"


def frames(said, head):
    """What was shown under such a head."""
    return re.findall(rf"^ {{10}}{head}\n((?: {{10}}┃.*\n)+)", said, re.MULTILINE)


def failures_of(frame):
    """How many a message tells of."""
    return int((FAILURES.search(frame)[1] or "1").replace(",", ""))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_within_ten_seconds_and_nothing_is_left(home, temporary, number):
    async with home.started("demo", TMPDIR=str(temporary)) as demo:
        await until(lambda: "✓ delivered" in home.log.read_text())
        demo.send_signal(number)
        assert await asyncio.wait_for(demo.wait(), 10) == 0
    assert "the ledger: nothing amiss" in home.log.read_text()
    assert list(temporary.iterdir()) == []


async def test_it_is_plain_text_where_nobody_sees_colours(home):
    done = await home.relay("demo", "--for", "1", within=40)
    assert "\x1b" not in done.out


async def test_the_simulator_says_where_it_is_and_answers_there(home):
    async with home.started("simulate", "--listen", "127.0.0.1:0", "--api-key", "llx-mine") as simulate:
        await until(lambda: "base_url" in home.log.read_text())
        url = re.search(r'base_url = "(.*)"', home.log.read_text())[1]
        assert await statuses(url, "llx-mine", "llx-other") == [200, 401]
        simulate.terminate()
        assert await asyncio.wait_for(simulate.wait(), 10) == 0


async def statuses(url, *keys):
    found = []
    async with aiohttp.ClientSession() as session:
        for key in keys:
            headers = {"Authorization": f"Bearer {key}"}
            async with session.get(f"{url}/api/v2/parse", headers=headers) as answer:
                found.append(answer.status)
    return found


async def test_the_simulator_ends_when_its_time_is_over(home):
    assert (await home.relay("simulate", "--listen", "127.0.0.1:0", "--for", "1")).status == 0


async def test_a_port_in_use_is_refused_in_one_line(home):
    async with home.started("simulate", "--listen", "127.0.0.1:0"):
        await until(lambda: "base_url" in home.log.read_text())
        address = re.search(r'base_url = "http://(.*)"', home.log.read_text())[1]
        done = await home.relay("simulate", "--listen", address)
    assert (done.status, done.out) == (1, "")
    assert done.err == f"relay: can't listen on {address}: Address already in use; choose another address\n"
