"""Items of a page as no one should send them."""

from collections.abc import Sequence
from copy import copy
from random import Random
from typing import Any

from relay.simulator.items import Expand, item_of, listed
from relay.simulator.job import Job
from relay.simulator.scenario import Fault

Items = tuple[list[Any], Sequence[Job]]


def items_of(jobs: Sequence[Job], expand: Expand, fault: Fault | None, random: Random) -> Items:
    """Give the items of a page, and the jobs that they show."""
    if fault == "twice":
        jobs = _with_a_twin(jobs, random)
    items = [listed(job, expand) for job in jobs]
    if fault == "garbled" and jobs:
        n = random.randrange(len(jobs))
        items[n] = _garbled(item_of(jobs[n], expand), random)
        jobs = [job for m, job in enumerate(jobs) if m != n]
    return items, jobs


def _with_a_twin(jobs: Sequence[Job], random: Random) -> Sequence[Job]:
    """Show one of those that have moved also as it was before, somewhere on the page."""
    moved = [job for job in jobs if job.before is not None]
    if not moved:
        return jobs
    job = random.choice(moved)
    twin = copy(job)
    twin.status, twin.encoded = job.before or job.status, None
    place = random.randint(0, len(jobs))
    return [*jobs[:place], twin, *jobs[place:]]


def _garbled(item: dict[str, Any], random: Random) -> Any:
    """Make an item that has no id or no status, or is no item at all."""
    without_id = {key: value for key, value in item.items() if key != "id"}
    without_status = {key: value for key, value in item.items() if key != "status"}
    return random.choice(
        [
            without_id,
            without_status,
            {**item, "id": None},
            {**item, "id": 7},
            {**item, "status": None},
            {**item, "status": 3},
            [item],
            "job",
            None,
        ]
    )
