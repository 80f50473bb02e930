"""What relay has told, from its database."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from tests.soak.oracle import JobKey
from tests.soak.reading import Change
from tests.soak.reign import Reign


class Said(NamedTuple):
    """`nth`: the number of its job's change, whose event it is or that it came after."""

    nth: int
    type: str
    data: dict[str, Any]


@dataclass
class Told:
    """Per job its changes in their order, its other news; `snapshot`: its status as last known. `files`:
    the jobs that a batch's files got.
    """

    changes: dict[JobKey, tuple[Change, ...]] = field(default_factory=dict)
    news: defaultdict[JobKey, list[Said]] = field(default_factory=lambda: defaultdict(list))
    snapshot: dict[JobKey, str] = field(default_factory=dict)
    baselines: dict[str, str] = field(default_factory=dict)
    files: defaultdict[JobKey, list[JobKey]] = field(default_factory=lambda: defaultdict(list))
    of_sources: list[tuple[str, str]] = field(default_factory=list)

    def others(self) -> Counter[str]:
        words = Counter(said.type.partition(".")[2] for them in self.news.values() for said in them)
        return words + Counter(kind for _, kind in self.of_sources)


def told_by(reign: Reign) -> Told:
    told = Told()
    told.baselines = dict(reign.rows("SELECT kind, baseline FROM sources"))
    jobs = reign.rows("SELECT s.kind, j.id, j.status FROM jobs AS j JOIN sources AS s ON s.id = j.source")
    told.snapshot = {(kind, job_id): status for kind, job_id, status in jobs}
    files = reign.rows("""SELECT s.kind, batch, f.kind, f.job
        FROM batch_files AS f JOIN sources AS s ON s.id = f.source WHERE f.job IS NOT NULL""")
    for kind, batch, file_kind, job_id in files:
        told.files[kind, batch].append((file_kind, job_id))
    rows = reign.rows("""SELECT s.kind, s.name, job_id, nth, type, data
        FROM events AS e JOIN sources AS s ON s.id = e.source ORDER BY e.seq""")
    changes: defaultdict[JobKey, list[Change]] = defaultdict(list)
    for kind, name, job_id, nth, event_type, text in rows:
        data = msgspec.json.decode(text)
        if event_type.startswith("source."):
            told.of_sources.append((name, event_type))
        elif event_type == f"{data['product']}.{data['status'].lower()}":
            changes[kind, job_id].append((data["previous"], data["status"]))
        else:
            told.news[kind, job_id].append(Said(nth, event_type, data))
    told.changes = {key: tuple(them) for key, them in changes.items()}
    return told
