"""What came to a relay in virtual time, in its order: the material of the oracle."""

import asyncio
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from relay.poll import Poller
from relay.simulator import Happened, Missed, Request, Shown, Simulator
from relay.sources import KINDS
from tests.virtual import Api


class Came(NamedTuple):
    """An answer that arrived as the API sent it out, at a `time` that no one sets.

    `number` is the simulator's. `look`: of which look, None for a hint's. `asked`: how many answers had come
    when it was asked for; `before`: and when the last one had come that its asker waited for. `ours`: relay's
    clock. `follows`: it is asked for to learn of a batch's files, or may be, and says no status then.
    """

    number: int
    source: str
    look: int | None
    by_id: bool
    follows: bool | None
    asked: int
    before: int
    date: float | None
    page: bool
    ours: float
    time: float


class Looked(NamedTuple):
    """By the API's clock."""

    source: str
    began: float
    ended: float
    whole: bool


class Killed(NamedTuple):
    """Of what came at this `time` no one knows whether it was kept. `based` and `whole`: the sources of which
    the next start knows a baseline, and a whole look.
    """

    time: float
    based: frozenset[str]
    whole: frozenset[str]


class Record:
    """`entries` in their order; the rest is by number of answer, or as the simulator tells it."""

    def __init__(self) -> None:
        self.entries: list[Came | Looked | Killed] = []
        self.happened: list[Happened] = []
        self.shown: list[Shown] = []
        self.missed: list[Missed] = []
        self.requests = 0
        self.failed = 0
        self.came = 0
        self.looks = 0
        self._now = lambda: 0.0
        self._strands: dict[asyncio.Task | None, tuple[str, int, float]] = {}
        self._waited: dict[asyncio.Task | None, int] = {}

    def begins(self, source: str, now: float) -> None:
        task = asyncio.current_task()
        self.looks += 1
        self._strands[task] = source, self.looks, now
        self._waited[task] = self.came

    def ends(self, now: float, *, whole: bool) -> None:
        source, _, began = self._strands[asyncio.current_task()]
        self.entries.append(Looked(source, began, now, whole))

    def strand(self) -> tuple[str, int, float] | None:
        return self._strands.get(asyncio.current_task())

    def waited(self) -> int:
        return self._waited.get(asyncio.current_task(), 0)

    def add(self, came: Came) -> None:
        self.came += 1
        self.entries.append(came)

    def goes_on(self) -> None:
        """Who asked has its answer."""
        self._waited[asyncio.current_task()] = self.came

    def killed(self, killed: Killed) -> None:
        self.entries.append(killed)
        self._strands.clear()
        self._waited.clear()

    def drain(self, simulator: Simulator) -> None:
        shown, missed = simulator.drain()
        self.shown += shown
        self.missed += missed

    def by_answer(self) -> Mapping[int, list[Shown]]:
        rows: dict[int, list[Shown]] = {}
        for row in self.shown:
            rows.setdefault(row.answer, []).append(row)
        return rows


class Watched(Poller):
    """`record` is told when a look begins and ends; `world_now` is the API's clock."""

    record: Record
    world_now = staticmethod(lambda: 0.0)

    async def look(self):
        self.record.begins(self.spec.name, self.world_now())
        looked = await super().look()
        self.record.ends(self.world_now(), whole=looked.trouble is None)
        return looked


class Noted(Api):
    """`before_asking` may kill the relay that asks."""

    def __init__(self, simulator, clock, *, record, our_clock, latency, before_asking=lambda: None):
        super().__init__(simulator, clock, latency=latency)
        self._record = record
        self._ours = our_clock
        self._before_asking = before_asking
        self._given = {}

    async def ask(self, asked):
        if given := self._given.pop(asyncio.current_task(), None):
            return given
        if self._before_asking():
            await asyncio.Event().wait()  # of a process that is dead nothing comes
        record = self._record
        record.requests += 1
        place = record.came
        answer = await super().ask(asked)
        self.asked.clear()
        if answer.fault is None and answer.status == 200:
            self._note(asked, answer, place)
        else:
            record.failed += answer.status != 404
        return answer

    def gives_once_more(self, answer):
        """To whom it has been given; it is not asked for again."""
        self._given[asyncio.current_task()] = answer

    def _note(self, asked, answer, place):
        record, strand = self._record, self._record.strand()
        of, by_id = _route(asked.path)
        source = strand[0] if strand else of
        record.add(
            Came(
                number=answer.number,
                source=source,
                look=strand[1] if strand else None,
                by_id=by_id,
                follows=_follows(source, of, asked, by_id=by_id and strand is not None),
                asked=place,
                before=record.waited(),
                date=seconds_of_date(answer.headers.get("Date")),
                page=_is_page(answer.body),
                ours=self._ours.now(),
                time=asyncio.get_running_loop().time(),
            )
        )
        record.goes_on()


def _route(path: str) -> tuple[str, bool]:
    """The kind, and whether it is one job that is asked for."""
    of = next(kind for kind in KINDS.values() if path == kind.path or path.startswith(f"{kind.path}/"))
    return of.name, path != of.path


def _follows(source: str, of: str, asked: Request, *, by_id: bool) -> bool | None:
    """None where it can't be told."""
    if source != of or ("expand", "results") in asked.query:
        return True
    return None if by_id and of == "batch_v1" else False


def _is_page(body: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(body), dict)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


@lru_cache(maxsize=16)
def seconds_of_date(date: str | None) -> float | None:
    return parsedate_to_datetime(date).timestamp() if date else None
