"""An account whose every status has to be told: a job moves on once relay is known to know of it."""

import time
from collections import Counter
from itertools import count

from relay.simulator import Simulator
from relay.simulator.job import BatchFile, Job
from tests.process.live import KINDS, Arrival, Home

PATHS = {
    "plain": ("PENDING", "RUNNING", "COMPLETED"),
    "flaky": ("RUNNING", "FAILED"),
    "poor": ("RUNNING", "FAILED"),
    "calm": ("RUNNING", "FAILED", "COMPLETED"),
    "harsh": ("PENDING", "FAILED"),
}
ENDED = {"brief": ("COMPLETED",), "late": ("FAILED",)}
"""The statuses of jobs, by their names. Of `flaky` ones every other first webhook is answered by 503, of
`poor` ones that failed each by 410, and what a destination of their own should hear of `late` ones is refused
for long.
"""

BATCH = ("RUNNING", "COMPLETED")
MOST_OPEN = 40

WATCHED = """
[destinations.failed]
type = "webhook"
url = "{url}/failed"
secret = "$WEBHOOK_SECRET"
[destinations.groups]
type = "webhook"
url = "{url}/groups"
secret = "$WEBHOOK_SECRET"
[destinations.calm]
type = "webhook"
url = "{url}/calm"
secret = "$WEBHOOK_SECRET"
[destinations.late]
type = "webhook"
url = "{url}/late"
secret = "$WEBHOOK_SECRET"
give_up_after = "90d"
[rules.late]
on = ["*.failed"]
match = {{ name = "late*" }}
to = ["late"]
[rules.calm]
on = ["*.failed"]
match = {{ name = ["calm*", "harsh*"] }}
to = ["calm"]
settle = "2s"
group_by = []
group_wait = "1s"
group_interval = "1s"
[rules.groups]
on = ["*.failed", "*.completed"]
to = ["groups"]
group_by = []
group_wait = "1s"
group_interval = "1s"
[rules.failures]
on = ["*.failed"]
to = ["failed"]
[rules.everything]
on = ["*"]
to = ["all"]
[destinations.all]
type = "webhook"
url = "{url}/all"
secret = "$WEBHOOK_SECRET"
"""


class Account:
    """`truth`: of each job all statuses that it has had. `batches`: the jobs of each one's files, where
    `kinds` has them. `most_open`: none begins beyond so many. `forgotten`: jobs that need not be known any
    more; `hinted`: how often a hint of each was taken.
    """

    def __init__(self, simulator: Simulator, home: Home) -> None:
        self.truth: dict[str, list[str]] = {}
        self.batches: dict[str, list[str]] = {}
        self.kinds: tuple[str, ...] = ("parse",)
        self.old: set[str] = set()
        self.most_open = MOST_OPEN
        self.forgotten: frozenset[str] = frozenset()
        self.hinted = Counter[str]()
        self._simulator = simulator
        self._home = home
        self._left: dict[str, list[str]] = {}
        self._numbers = count(1)

    def was_there_before(self) -> None:
        """Jobs that stand still since long before relay came."""
        for kind in KINDS:
            for status, age in (("PENDING", 600), ("FAILED", 600), ("RUNNING", 90_000)):
                job = self._simulator.create(kind, status=status, created_at=time.time() - age)
                self.old.add(job.id)

    def moves(self) -> list[str]:
        """What relay knows of moves on, and some are new; which did."""
        before = {job: len(had) for job, had in self.truth.items()}
        known = dict(self._home.ask("SELECT id, status FROM jobs"))
        for job, left in list(self._left.items()):
            if known.get(job) == self.truth[job][-1]:
                self._simulator.move(job, left[0], "PDF_IS_BROKEN" if left[0] == "FAILED" else None)
                self.truth[job].append(left.pop(0))
                if not left:
                    del self._left[job]
        if len(self._left) < self.most_open:
            jobs = {name: self.begins(name) for name in PATHS}
            if "batch" in self.kinds:
                del jobs["calm"]  # which may be told of before it turns well
                self._batch_begins(list(jobs.values()))
        return [job for job, had in self.truth.items() if len(had) != before.get(job)]

    @property
    def rests(self) -> bool:
        """All that began has ended, and is known."""
        return not self._left and self.is_known()

    def is_known(self) -> bool:
        """Also what became of each batch."""
        known = dict(self._home.ask("SELECT id, status FROM jobs"))
        told = {row[0] for row in self._home.ask("SELECT job_id FROM events WHERE type = 'batch.finished'")}
        batches = {batch for batch in self.batches if self.has_ended(batch)}
        return batches <= told and all(
            known.get(job) == had[-1] or (job in self.forgotten and job not in known)
            for job, had in self.truth.items()
        )

    def has_ended(self, batch: str) -> bool:
        """With all jobs of its files."""
        return self._left.keys().isdisjoint({batch, *self.batches[batch]})

    def begins(self, name: str) -> Job:
        first, *left = (PATHS | ENDED)[name]
        job = self._simulator.create("parse", status=first, name=f"{name}-{next(self._numbers)}.pdf")
        self.truth[job.id] = [first]
        if left:
            self._left[job.id] = left
        return job

    def _batch_begins(self, jobs: list[Job]) -> None:
        first, *left = BATCH
        files = [BatchFile(id=f"file-{job.id}", name=str(job.name), job=job) for job in jobs]
        batch = self._simulator.create("batch", status=first, name="batch", files=files)
        self.truth[batch.id], self._left[batch.id] = [first], left
        self.batches[batch.id] = [job.id for job in jobs]


class Answers:
    """How a receiver answers, by the names of jobs; and who hears of each arrival first."""

    def __init__(self) -> None:
        self.heard = lambda: None
        self.refused = 0  # with what is to be tried again
        self.is_late = True
        self._refuses = False

    def __call__(self, arrival: Arrival, times: int) -> int:
        self.heard()
        name = str(arrival.event["data"].get("name"))
        if arrival.path == "/late" and self.is_late:
            return 503
        if arrival.path == "/failed" and name.startswith("poor"):
            return 410
        if name.startswith("flaky") and times == 1 and arrival.path == "/all":
            # Every other one: were it each, what waits untried could keep a breaker open, probe by probe.
            self._refuses = not self._refuses
            self.refused += self._refuses
            return 503 if self._refuses else 204
        return 204
