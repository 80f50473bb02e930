"""Kill relay again and again while jobs move, and prove that nothing was lost, doubled or invented.

`python -m tests.soak --jobs 2000 --kills 20 --seed 1`
"""

import argparse
import asyncio
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from relay.model import utc_text
from relay.simulator import Fault, Scenario, Simulator, Stream
from relay.simulator.http import app
from tests.process.live import KEY, KINDS, Home, Receiver, served, until
from tests.soak.oracle import Excuses
from tests.soak.verdict import Verdict, judge

FIRST_LOOK = 2.0
"""Seconds from the first start to the first job, so that most jobs are news."""

MOMENT = 1.0
"""Seconds before a kill within which an answer may not have reached the disk."""

RECEIVER = """
[destinations.all]
type = "webhook"
url = "{url}/all"
secret = "$WEBHOOK_SECRET"
[destinations.failed]
type = "webhook"
url = "{url}/failed"
secret = "$WEBHOOK_SECRET"
[rules.failures]
on = ["*.failed"]
to = ["failed"]
[rules.everything]
on = ["*"]
to = ["all"]
"""

# 5 % of all answers.
_FAULTS: Mapping[Fault, float] = {
    "error": 0.015,
    "too_many": 0.01,
    "html": 0.005,
    "broken": 0.005,
    "cut": 0.005,
    "drop": 0.005,
    "slow": 0.005,
}
_SHARES = {"parse": 0.44, "classify": 0.2, "extract": 0.24, "split": 0.1, "batch": 0.01, "batch_v1": 0.01}
_LOOKED = re.compile(r"(\S+ \S+) \w+ +look source=(\S+) .*")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`seconds`: how long jobs keep coming; `speed`: how fast each of them moves."""

    jobs: int
    kills: int
    seed: int
    seconds: float
    speed: float = 1.0


@dataclass
class Report:
    numbers: dict[str, object] = field(default_factory=dict)
    amiss: list[str] = field(default_factory=list)


@dataclass
class _Clock:
    fixed: float | None

    def __call__(self) -> float:
        return self.fixed or time.time()


class _Soak:
    def __init__(self, plan: Plan, home: Home, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._home = home
        self._say = say
        self._random = random.Random(plan.seed)
        self._begin = time.time() + FIRST_LOOK
        clock = _Clock(self._begin)  # jobs begin to come at the time at which the simulator is made
        self._simulator = Simulator(_scenario(plan), now=clock, seed=plan.seed, api_key=KEY)
        clock.fixed = None
        self._old = set(self._create_old())
        self._answers: Counter[int] = Counter()
        self._receiver = Receiver(self._status)
        self._at_work = asyncio.Event()
        self._dead: list[tuple[float, float]] = []
        self._report = Report()

    def _create_old(self) -> list[tuple[str, str]]:
        """Jobs that were there before relay and stand still: no news."""
        jobs = (
            self._simulator.create(kind, status=status, created_at=time.time() - age)
            for kind in KINDS
            for status, age in (
                ("PENDING", 600),
                ("COMPLETED", 600),
                ("RUNNING", 100_000),
                ("FAILED", 100_000),
            )
        )
        return [(job.kind, job.id) for job in jobs]

    def _status(self, _: object, times: int) -> int:
        """The receiver has taken it, but sometimes says that it has not."""
        self._at_work.set()
        return 503 if times == 1 and self._random.random() < 0.02 else 204

    async def run(self) -> Report:
        api = app(self._simulator)
        api.middlewares.append(self._count)
        async with served(api) as base_url, served(self._receiver.app()) as url:
            self._home.watch(base_url, RECEIVER.format(url=url))
            await self._kill_again_and_again()
            await self._last_reign()
        self._judge()
        audit = await self._home.relay("audit", "--json")
        if audit.status != 0:
            self._report.amiss.append(f"relay audit: {audit.out}{audit.err}")
        self._report.numbers["audit"] = json.loads(audit.out)
        return self._report

    @web.middleware
    async def _count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._at_work.set()
        response = await handler(request)
        self._answers[response.status] += 1
        return response

    async def _kill_again_and_again(self) -> None:
        plan = self._plan
        moments = sorted(
            self._random.uniform(self._begin, self._begin + plan.seconds) for _ in range(plan.kills)
        )
        for number, moment in enumerate(moments, 1):
            async with self._home.started("run") as relay:
                self._dead_until_now()
                await asyncio.sleep(max(0.0, moment - time.time()))
                if number % 2:
                    await self._amid_work()
                if relay.returncode is not None:
                    self._report.amiss.append(f"relay ended by itself with {relay.returncode}")
                else:
                    relay.kill()
                await relay.wait()
                self._dead.append((time.time() - MOMENT, time.time()))
            (events,) = self._home.ask("SELECT count(*) FROM events")
            self._say(
                f"kill {number} of {plan.kills} after {time.time() - self._begin:.1f} s, {events[0]} events"
            )
            await asyncio.sleep(self._random.uniform(0.0, 0.5))

    async def _amid_work(self) -> None:
        """Relay rests most of the time: wait until it asks or sends, and a little more."""
        self._at_work.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._at_work.wait(), 5)
        await asyncio.sleep(self._random.uniform(0.0, 0.02))

    def _dead_until_now(self) -> None:
        if self._dead:
            self._dead[-1] = (self._dead[-1][0], time.time())

    async def _last_reign(self) -> None:
        """Until all is seen and delivered, and relay has ended as it is told."""
        async with self._home.started("run") as relay:
            self._dead_until_now()
            await until(self._simulator.finished, within=120)
            end = utc_text(time.time())
            self._say("all jobs have come to their end")
            await until(lambda: self._settled(end), within=90)
            relay.terminate()
            status = await asyncio.wait_for(relay.wait(), 15)
        if status != 0:
            self._report.amiss.append(f"relay ended with {status} on SIGTERM")

    def _settled(self, end: str) -> bool:
        looked = self._home.ask("SELECT 1 FROM sources WHERE whole_at > ?", end)
        return len(looked) == len(KINDS) and not self._home.ask(
            "SELECT 1 FROM deliveries WHERE state = 'waiting' LIMIT 1"
        )

    def _judge(self) -> None:
        looks = _looks(self._home.log, self._dead)
        if blind := [kind for kind, ends in looks.items() if len(ends) <= len(self._dead)]:
            self._report.amiss.append(
                f"relay's log tells of no looks at {blind}: what it left out can't be judged"
            )
        excuses = Excuses(dead=self._dead, looks=looks)
        verdict: Verdict = judge(
            log=self._simulator.log, old=self._old, home=self._home, receiver=self._receiver, excuses=excuses
        )
        self._report.amiss += verdict.amiss
        self._report.numbers |= verdict.numbers
        self._report.numbers["requests to the API"] = self._answers.total()
        self._report.numbers["refused requests"] = sum(
            n for status, n in self._answers.items() if status != 200
        )


def _scenario(plan: Plan) -> Scenario:
    def stream(kind: str, share: float) -> Stream:
        count = max(2, round(plan.jobs * share))
        return Stream(count=count, rate=count / plan.seconds, waiting=1.5, working=3.0)

    streams = {kind: stream(kind, share) for kind, share in _SHARES.items()}
    return Scenario(streams=streams, speed=plan.speed, faults=_FAULTS, slow=0.3)


def _looks(log: Path, dead: Sequence[tuple[float, float]]) -> Mapping[str, Sequence[float]]:
    """When looks ended, from relay's own log, which cuts to milliseconds; a kill ends one too."""
    ends = {kind: [started for _, started in dead] for kind in KINDS}
    for line in log.read_text("utf-8").splitlines():
        if looked := _LOOKED.fullmatch(line):
            ends[looked[2]].append(datetime.fromisoformat(looked[1].replace(",", ".")).timestamp() + 0.005)
    return {kind: sorted(times) for kind, times in ends.items()}


async def soak(plan: Plan, folder: Path, say: Callable[[str], None] = lambda _: None) -> Report:
    return await _Soak(plan, Home(folder), say).run()


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - it is what this program is run for


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=120.0, help="how long jobs keep coming")
    parser.add_argument("--keep", type=Path, help="a folder for the database and the log, which stay there")
    given = parser.parse_args()
    plan = Plan(jobs=given.jobs, kills=given.kills, seed=given.seed, seconds=given.seconds)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="relay-soak-") as folder:
        if given.keep:
            given.keep.mkdir(parents=True)
        report = asyncio.run(soak(plan, given.keep or Path(folder), _print))
    for name, number in report.numbers.items():
        _print(f"{name}: {number}")
    for line in report.amiss:
        _print(f"AMISS {line}")
    _print(f"{len(report.amiss)} things amiss, {time.monotonic() - began:.0f} s")
    return 1 if report.amiss else 0
