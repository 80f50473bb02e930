"""What a service manager is told: that relay is ready, how it stands, and that it gets on."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Mapping, Sequence

from relay.deliver.room import wait_for
from relay.errors import StoreFailed
from relay.render.units import many
from relay.store import Summary
from relay.web import View
from relay.web.health import Read

log = logging.getLogger("relay.service")

STATUS_EVERY = 60.0
LOOK_EVERY = 10.0
"""Seconds between two looks at whether all gets on, or a quarter of what the watchdog allows."""

NAMED = 3
"""Troubles that are named; of more the number is said."""


class Systemd:
    """By its socket (sd_notify); where there is none it is told nothing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._refused: str | None = None
        self._news = asyncio.Event()
        self._watchdog = _seconds(environ)

    def tell(self, state: str) -> None:
        """One or more lines of NAME=value. That it did not hear is no trouble of relay's."""
        if not self._address.startswith(("/", "@")):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            try:
                sock.sendto(state.encode(), self._address.replace("@", "\0", 1))
            except OSError as error:
                log.warning("systemd could not be told %s: %s", state.partition("\n")[0], error.strerror)

    def reloading(self) -> None:
        self.tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def reloaded(self, refused: str | None) -> None:
        """It is over; `refused` says in a few words that it was, and stays in the status."""
        self._refused = refused
        self.tell("READY=1")
        self._news.set()

    async def watched(self, view: View, stalled: Callable[[], Sequence[str]]) -> None:
        """Feed the watchdog while nothing is `stalled`, and say how relay stands; until cancelled."""
        if not self._address:
            return
        hung: Sequence[str] = []
        said: Sequence[str] | None = None
        since = 0.0
        while True:
            hangs, now = stalled(), asyncio.get_running_loop().time()
            if hangs != hung:
                hung = hangs
                log.log(logging.ERROR if hangs else logging.INFO, "watchdog: %s", _moves(hangs))
            if self._watchdog and not hangs:
                self.tell("WATCHDOG=1")
            amiss = [*troubles(view, hangs), *filter(None, [self._refused])]
            if self._news.is_set() or amiss != said or now - since >= STATUS_EVERY:
                self._news.clear()
                self.tell(f"STATUS={await _status(view, amiss)}")
                said, since = amiss, now
            await wait_for(view.clock, self._news, min(LOOK_EVERY, self._watchdog / 4 or LOOK_EVERY))


async def _status(view: View, amiss: Sequence[str]) -> str:
    try:
        return status(await view.summary(), amiss, len(view.pollers))
    except StoreFailed:
        return f"The database does not answer; {_some(amiss)}"


def _seconds(environ: Mapping[str, str]) -> float:
    """Within which the watchdog wants to hear; 0 where there is none."""
    usec = environ.get("WATCHDOG_USEC", "")
    return int(usec) / 1e6 if usec.isdigit() else 0.0


def _moves(hangs: Sequence[str]) -> str:
    return f"{_some(hangs)} no longer gets on; relay is to be started again" if hangs else "all gets on"


def troubles(view: View, hangs: Sequence[str]) -> list[str]:
    """In a few words each, the worst first; nothing of it is what an API said."""
    late = [f"{one.source} is {_unread(one)}" for one in view.reads() if not one.in_time]
    shut = [f"{name} takes nothing" for name, lane in view.courier.lanes.items() if lane.probe_at]
    return [f"{name} hangs" for name in hangs] + late + shut


def _unread(read: Read) -> str:
    return f"not read {'any more' if read.was else 'yet'}" + (f" ({read.trouble})" if read.trouble else "")


def status(summary: Summary, amiss: Sequence[str], sources: int) -> str:
    """One line: what is read, what waits, and what is wrong."""
    waiting = sum(queue.waiting for queue in summary.queues.values())
    dead = sum(queue.dead for queue in summary.queues.values())
    jobs = sum(summary.open_jobs.values())
    line = f"{many(sources, 'source')}, {many(jobs, 'open job')}, {waiting} waiting to be sent"
    if dead:
        line += f", {dead} dead"
    return f"{line}; {_some(amiss)}" if amiss else f"{line}; all well"


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
