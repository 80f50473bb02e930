"""Simulated hours by the thousand, in virtual time: what relay told is what it was shown, exactly.

`python -m tests.soak.hours --seed 1 --hours 10000`, or `--world 1/17` for one world of a seed again.
"""

import argparse
import asyncio
import gc
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from random import Random
from typing import Any

from relay.sources import Client
from tests.soak.reading import Reading, open_questions, unlike
from tests.soak.reign import Direct, Mortal, Reign
from tests.soak.told import told_by
from tests.soak.truth import untrue
from tests.soak.worlds import World, a_world, worlds
from tests.virtual import VirtualLoop

SHOWN_OF_ONE = 5
"""What is amiss in one world is often amiss many times."""


SLOW_HINTS = 0.3
"""Of the hints: their answer is slow, so that one of a look may overtake it."""


@dataclass
class Verdict:
    """Of one world, or of many: `numbers` add up."""

    world: str
    numbers: Counter[str] = field(default_factory=Counter)
    amiss: list[str] = field(default_factory=list)


class _Alarm(logging.Handler):
    """Hears, and no one else does, of faults that relay has caught at the top of a loop."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(logging.Formatter().format(record))


Judged = Callable[[str], Verdict]


def judged(name: str) -> Verdict:
    """Live through a world and say what is amiss in what relay told."""
    return in_virtual_time(lambda: _judged(a_world(name)))


def in_virtual_time(work: Callable[[], Coroutine[Any, Any, Verdict]]) -> Verdict:
    """What it says, and the faults that relay has logged meanwhile."""
    gc.disable()
    alarm = _Alarm()
    try:
        with _heard_by(alarm), asyncio.Runner(loop_factory=VirtualLoop) as runner:
            verdict = runner.run(work())
    finally:
        gc.enable()
        gc.collect()
    verdict.amiss += alarm.heard
    return verdict


@contextmanager
def _heard_by(alarm: logging.Handler) -> Iterator[None]:
    """What relay logs goes there alone; afterwards all is as it was."""
    relay = logging.getLogger("relay")
    before = relay.level, relay.propagate
    relay.addHandler(alarm)
    relay.setLevel(logging.ERROR)
    relay.propagate = False
    try:
        yield
    finally:
        relay.removeHandler(alarm)
        relay.setLevel(before[0])
        relay.propagate = before[1]


async def _judged(world: World) -> Verdict:
    began = time.process_time()
    client = Client if world.by_httpx else Direct
    reign = Reign(world.scenario, world.specs, seed=world.seed, client=client)
    try:
        numbers = await lived(world, reign)
        lived_in = time.process_time() - began
        told = told_by(reign)
    finally:
        reign.end()
    reading = Reading(reign.record)
    amiss = [*unlike(reading, told.changes), *untrue(world, reign.record, told)]
    questions = open_questions(reading)
    record = reign.record
    numbers |= {
        "hours": world.hours,
        "looks": record.looks,
        "requests": record.requests,
        "of them failed": record.failed,
        "items shown": len(record.shown),
        "jobs": len({(event.kind, event.job_id) for event in record.happened}),
        "changes that happened": len(record.happened),
        "changes told": sum(map(len, told.changes.values())),
        "jobs with more than one right answer": questions.total() - questions[1],
        "seconds": lived_in,
        "seconds of judging": time.process_time() - began - lived_in,
    }
    numbers.update({f"told {what}": count for what, count in told.others().items()})
    return Verdict(world.name, numbers, amiss)


async def lived(world: World, reign: Reign) -> Counter[str]:
    """Let a world pass, with all that befalls it."""
    fate, numbers = Random(f"{world.name} fate"), Counter[str]()
    reign.clock.jump(world.our_offset)
    await reign.start()
    befalls = [
        asyncio.ensure_future(_again_and_again(fate, every, act))
        for every, act in (
            (world.jumps_every, partial(_jump, world, reign, fate, numbers)),
            (world.hinted_every, partial(_hint, reign, fate, numbers)),
        )
        if every
    ]
    loop, end = asyncio.get_running_loop(), world.hours * 3600
    while (left := end - loop.time()) > 0:
        lives = fate.expovariate(1 / world.killed_every) if world.killed_every else left
        if lives >= left:
            await reign.live(left, Mortal.die)
            break
        await reign.live(lives, partial(_arm, fate))
        numbers["kills"] += 1
    for task in befalls:
        task.cancel()
    await asyncio.gather(*befalls, return_exceptions=True)
    await reign.kill()
    return numbers


async def _again_and_again(fate: Random, every: float, act) -> None:
    while True:
        await asyncio.sleep(fate.expovariate(1 / every))
        act()


def _arm(fate: Random, mortal: Mortal) -> None:
    """It dies now, at a request, or with a commit, which is then done or undone."""
    way, count = fate.randint(0, 3), fate.randint(1, 6)
    if way == 0:
        mortal.die()
    elif way == 1:
        mortal.die_at(requests=count)
    else:
        mortal.die_at(commits=count, undone=way == 2)


def _jump(world: World, reign: Reign, fate: Random, numbers: Counter[str]) -> None:
    numbers["clock jumps"] += 1
    reign.clock.jump(fate.uniform(-world.our_jump, world.our_jump))
    reign.world_clock.jump(fate.uniform(-world.their_jump, world.their_jump))


def _hint(reign: Reign, fate: Random, numbers: Counter[str]) -> None:
    """Most are of what has just happened, as LlamaCloud's own are."""
    reign.simulator.advance()
    happened = reign.record.happened
    if happened and reign.pollers:
        event = happened[-1] if fate.random() < 0.8 else fate.choice(happened[-50:])
        for poller in reign.pollers:
            if poller.spec.kind.name == event.kind and poller.hints is not None:
                if fate.random() < SLOW_HINTS:
                    reign.simulator.fail_next(1, "slow")
                poller.hints.offer(event.job_id)
                numbers["hints"] += 1


def many(judged: Judged, names: Iterable[str], *, processes: int) -> Iterator[Verdict]:
    """Judge them in so many processes, the verdicts in the order of the worlds."""
    if processes == 1:
        yield from map(judged, names)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(judged, names)


def soak(judged: Judged, names: Iterable[str], *, processes: int, again: str, say) -> Verdict:
    """All of them. What is amiss is said as it is found, with the command that shows it `again`."""
    whole = Verdict("")
    for n, verdict in enumerate(many(judged, names, processes=processes), 1):
        whole.numbers += verdict.numbers
        for line in verdict.amiss[:SHOWN_OF_ONE]:
            whole.amiss.append(f"world {verdict.world}: {line}")
            say(f"AMISS {whole.amiss[-1]}")
        if verdict.amiss:
            say(f"again: {again.format(verdict.world)}")
        if n % 20 == 0:
            say(f"{whole.numbers['hours']:.0f} hours, {whole.numbers['kills']} kills")
    whole.numbers["worlds"] = n
    return whole


def report(verdict: Verdict) -> Iterator[str]:
    for name, number in sorted(verdict.numbers.items()):
        yield f"{name}: {number:,.0f}"


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - it is what this program is run for


def main(
    judged: Judged,
    names: Callable[[int, float], Iterable[str]],
    *,
    prog: str,
    what: str,
    hours: float,
    again: str,
) -> int:
    """The command of a soak: `names` are those of the worlds that a seed has for so many hours."""
    parser = argparse.ArgumentParser(prog=f"python -m {prog}", description=what)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hours", type=float, default=hours)
    parser.add_argument("--world", help="one world of a seed, such as 1/17")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    began = time.monotonic()
    if given.world:
        verdict = judged(given.world)
        for line in verdict.amiss:
            _print(f"AMISS {line}")
    else:
        _print(f"seed {given.seed}, {given.hours:.0f} simulated hours")
        some = names(given.seed, given.hours)
        verdict = soak(judged, some, processes=given.processes, again=again, say=_print)
    for line in report(verdict):
        _print(line)
    _print(f"{len(verdict.amiss)} things amiss, after {time.monotonic() - began:.0f} seconds")
    return 1 if verdict.amiss else 0


def _named(seed: int, hours: float) -> Iterator[str]:
    return (world.name for world in worlds(seed, hours))


if __name__ == "__main__":
    raise SystemExit(
        main(
            judged,
            _named,
            prog="tests.soak.hours",
            what=__doc__ or "",
            hours=10_000,
            again='make soak ARGS="--world {}"',
        )
    )
