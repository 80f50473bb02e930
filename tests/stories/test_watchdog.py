"""What hangs is noticed: the watchdog is fed by what gets on, and by no timer of its own."""

import asyncio
import socket
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from virtual import START, VirtualClock

from relay.deliver.lane import IDLE, LONGEST_TURN
from relay.destinations import Receipt
from relay.poll.poller import LONGEST_SILENCE
from relay.service.systemd import Systemd, status, troubles
from relay.simulator import Scenario
from relay.store.figures import Queue, Summary
from relay.web.health import Read

HOUR = 3600.0


@asynccontextmanager
async def running(it):
    task = asyncio.ensure_future(it.relay.run())
    try:
        yield
    finally:
        it.relay.stop()
        await task


async def for_ever(*_, **__):
    await asyncio.get_running_loop().create_future()


class Timid:
    """A destination that neither answers nor lets itself be cancelled, until it is `let_go`."""

    def __init__(self):
        self.let_go = False

    async def send(self, _message):
        while not self.let_go:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if self.let_go:
                    raise
        return Receipt()

    async def close(self):
        self.let_go = True


@pytest.fixture
def fed(tmp_path):
    """Counts how often the watchdog of a relay is fed in so many seconds."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(path)
        sock.setblocking(False)

        async def count(relay, seconds):
            systemd = Systemd({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "120000000"})
            view = SimpleNamespace(
                clock=VirtualClock(),
                pollers={},
                courier=SimpleNamespace(lanes={}),
                reads=list,
                summary=_nothing,
            )
            feeding = asyncio.create_task(systemd.watched(view, relay.stalled))
            meals = 0
            for _ in range(int(seconds / 10)):
                await asyncio.sleep(10)
                meals += sum(b"WATCHDOG=1" in said for said in _heard(sock))
            feeding.cancel()
            return meals

        yield count


def _heard(sock):
    while True:
        try:
            yield sock.recv(4000)
        except BlockingIOError:
            return


async def _nothing():
    return Summary(sources=[], open_jobs={}, queues={}, ever={}, hints=[], last_event=0, bytes=0)


async def test_an_idle_relay_is_fed_for_days(story, fed):
    it = await story()
    async with running(it):
        assert await fed(it.relay, 24 * HOUR) == pytest.approx(24 * 360, abs=3)


async def test_a_poller_that_waits_long_since_it_was_asked_to_is_fed(story, fed):
    it = await story(Scenario(retry_after=3000))
    async with running(it):
        it.simulator.fail_next(1000, "too_many_wait")
        assert await fed(it.relay, 6 * HOUR) >= 6 * 360 - 3


async def test_a_relay_whose_budget_is_small_is_fed(story, fed):
    it = await story(requests_per_minute=1)
    async with running(it):
        assert await fed(it.relay, 12 * HOUR) >= 12 * 360 - 3


async def test_a_look_that_hangs_starves_the_watchdog(story, fed):
    it = await story()
    async with running(it):
        await fed(it.relay, 600)
        it.store.jobs_to_ask = for_ever
        await fed(it.relay, 2 * LONGEST_SILENCE)
        assert it.relay.stalled() == ["source parse"]
        assert await fed(it.relay, HOUR) == 0
        del it.store.jobs_to_ask


async def test_a_lane_that_hangs_starves_the_watchdog(story, fed):
    it = await story()
    async with running(it):
        await fed(it.relay, 600)
        it.store.turn = for_ever
        await fed(it.relay, IDLE + LONGEST_TURN + 60)
        assert it.relay.stalled() == ["destination inbox"]
        assert await fed(it.relay, HOUR) == 0
        del it.store.turn


async def test_a_send_that_can_not_be_ended_starves_the_watchdog(story, fed):
    timid = Timid()
    it = await story()
    it.inbox = timid
    await it.start()
    async with running(it):
        await it.clock.sleep(60)
        it.simulator.create("parse", status="FAILED")
        await it.clock.sleep(HOUR)
        assert it.relay.stalled() == ["destination inbox"]
        assert await fed(it.relay, HOUR) == 0
        timid.let_go = True
        await it.clock.sleep(HOUR)
        assert it.relay.stalled() == []
        assert await fed(it.relay, HOUR) > 0


async def test_a_clock_that_jumps_neither_starves_nor_feeds(story, fed):
    it = await story()
    async with running(it):
        await fed(it.relay, 600)
        it.clock.jump(7 * 86400)
        assert await fed(it.relay, HOUR) >= 357
        it.clock.jump(-14 * 86400)
        assert await fed(it.relay, HOUR) >= 357


def _read(source, *, was=True, in_time=False, trouble=None):
    return Read(source=source, age=0.0 if in_time else 1000.0, pace=15.0, was=was, trouble=trouble)


def test_the_worst_trouble_is_named_first():
    lanes = {"ops": SimpleNamespace(probe_at=START)}
    view = SimpleNamespace(
        reads=lambda: [
            _read("a", in_time=True),
            _read("b", trouble="denied"),
            _read("c", was=False),
        ],
        courier=SimpleNamespace(lanes=lanes),
    )
    assert troubles(view, ["source d"]) == [
        "source d hangs",
        "b is not read any more (denied)",
        "c is not read yet",
        "ops takes nothing",
    ]


@pytest.mark.parametrize(
    ("jobs", "waiting", "dead", "amiss", "says"),
    [
        (0, 0, 0, [], "2 sources, 0 open jobs, 0 waiting to be sent; all well"),
        (1, 3, 2, [], "2 sources, 1 open job, 3 waiting to be sent, 2 dead; all well"),
        (5, 0, 0, list("abcde"), "2 sources, 5 open jobs, 0 waiting to be sent; a, b, c and 2 more"),
    ],
)
def test_the_status_is_one_line_of_words(jobs, waiting, dead, amiss, says):
    queue = Queue(waiting=waiting, dead=dead, oldest=None, next_due=None)
    summary = Summary(
        sources=[],
        open_jobs={("parse", "RUNNING"): jobs},
        queues={"ops": queue},
        ever={},
        hints=[],
        last_event=0,
        bytes=0,
    )
    assert status(summary, amiss, 2) == says
