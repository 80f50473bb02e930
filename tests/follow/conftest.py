import json
from collections import Counter
from dataclasses import replace

import pytest
from stories.conftest import pytest_asyncio_loop_factories, story  # noqa: F401 - the same relay in virtual time

from relay.simulator.job import BatchFile

BATCH, PARSE, OLD = "/api/v2/batches", "/api/v2/parse", "/api/v1/beta/batch-processing"


class Batched:
    """A story with a batch, which has ended or is about to, and the jobs of its files."""

    def __init__(self, told, *, kind="batch"):
        self.story = told
        self.kind = kind

    def files(self, *statuses, makes="parse"):
        """A file each: of a job in this status, or, for None, one that could not be given a job."""
        create = self.story.simulator.create
        return [
            BatchFile(
                id=f"file-{n}",
                name=f"{n}.pdf",
                job=create(makes, id=f"{makes}-{n}", status=status, name=f"{n}.pdf", error=_error(status))
                if status
                else None,
                error=None if status else "no such file",
            )
            for n, status in enumerate(statuses)
        ]

    async def begin(self, *statuses, makes="parse", **more):
        """The batch is seen at work by a relay that knew nothing before."""
        await self.story.look()
        files = self.files(*statuses, makes=makes)
        self.batch = self.story.simulator.create(
            self.kind, id="bat-1", status="RUNNING", makes=makes, files=files, **more
        )
        await self.story.look(after=15)
        return self.batch

    async def end(self, status="COMPLETED"):
        self.story.simulator.move(self.batch, status)
        await self.story.look(after=15)

    def move(self, job, status, error=None):
        self.story.simulator.move(job, status, error)

    async def looks(self, number, *, after=15):
        for _ in range(number):
            await self.story.look(after=after)

    async def finished(self):
        """The outcomes told, each with the event's own fields."""
        events = await self.story.events()
        return [event for event in events if event["type"] == "batch.finished"]

    async def outcome(self):
        (event,) = await self.finished()
        return event["outcome"]

    def asked(self, path):
        """What was asked about single jobs: (path, ids) of GETs and of questions by `job_ids`."""
        return [
            (request.path, [value for key, value in request.query if key == "job_ids"])
            for _, request in self.story.api.asked
            if request.path.startswith(path)
            and (request.path != path or any(key == "job_ids" for key, _ in request.query))
        ]

    def answers(self, change, *, path=f"{BATCH}/bat-1"):
        """From now on what is answered under this path is what `change` makes of its JSON."""
        right = self.story.api.answer

        def answer(request):
            found = right(request)
            if request.path != path or found.status != 200:
                return found
            changed = change(json.loads(found.body))
            body = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
            return replace(found, body=body)

        self.story.api.answer = answer

    def refuses(self, status, fits, *, times=None):
        """From now on requests that fit are answered with this status."""
        right, left = self.story.api.answer, Counter(left=times or 10**9)

        def answer(request):
            found = right(request)
            if not fits(request) or left["left"] <= 0:
                return found
            left["left"] -= 1
            return replace(found, status=status, body=b'{"detail":"no"}')

        self.story.api.answer = answer


def _error(status):
    return "PDF_IS_BROKEN" if status == "FAILED" else None


def sums(outcome):
    return sum(outcome[part] for part in ("completed", "failed", "skipped", "cancelled", "unknown"))


@pytest.fixture
async def batched(story):  # noqa: F811 - the fixture from above
    async def begin(*statuses, kinds=("parse", "batch"), kind="batch", scenario=None, makes="parse", **spec):
        it = Batched(await story(scenario, kinds=kinds, **spec), kind=kind)
        await it.begin(*statuses, makes=makes)
        return it

    return begin
