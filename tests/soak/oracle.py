"""What relay should have made of what it was shown: an own reading, that shares nothing with relay's."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from relay.simulator import Shown

JobKey = tuple[str, str]  # kind, id


@dataclass(kw_only=True)
class Excuses:
    """When a sighting may be left out.

    `dead`: spans of time, each from a moment before a kill to the next start; what was answered in one may
    never have been read. `looks`: per kind the times at which a look ended; a job that one look showed with
    two statuses is asked for by id, and that answer counts.
    """

    dead: Sequence[tuple[float, float]] = ()
    looks: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def unread(self, at: float) -> bool:
        place = bisect_right(self.dead, (at, float("inf"))) - 1
        return place >= 0 and at <= self.dead[place][1]

    def in_one_look(self, kind: str, earlier: float, later: float) -> bool:
        ends = self.looks.get(kind, ())
        return bisect_left(ends, earlier) == bisect_left(ends, later)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A status shown; `optional` where relay may leave it out."""

    status: str
    optional: bool


def sightings(log: Iterable[Shown], excuses: Excuses) -> dict[JobKey, list[Seen]]:
    """Per job what was shown of it, in the order of the answers."""
    rows: defaultdict[JobKey, list[Shown]] = defaultdict(list)
    for row in log:
        rows[row.kind, row.job_id].append(row)
    return {key: list(_sightings(shown, excuses)) for key, shown in rows.items()}


def _sightings(rows: Sequence[Shown], excuses: Excuses) -> Iterator[Seen]:
    yield Seen(status=rows[0].status, optional=excuses.unread(rows[0].at))
    for before, row in pairwise(rows):
        conflict = row.status != before.status and excuses.in_one_look(row.kind, before.at, row.at)
        yield Seen(status=row.status, optional=conflict or excuses.unread(row.at))


def fits(told: Sequence[str], seen: Iterable[Seen]) -> bool:
    """Whether `told` is `seen` with repetitions removed, less some of what may be left out."""
    reached = {0}  # how many of `told` the rows so far may have told
    for row in seen:
        reached = {k for before in reached for k in _after(told, before, row)}
    return len(told) in reached


def _after(told: Sequence[str], k: int, row: Seen) -> Iterator[int]:
    """How many are told after a row, when `k` were before; nothing where one that must be told was not."""
    if row.optional or (k > 0 and told[k - 1] == row.status):
        yield k
    if k < len(told) and told[k] == row.status and (k == 0 or told[k - 1] != row.status):
        yield k + 1
