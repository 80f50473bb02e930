"""What the API showed: the oracle of tests."""

from collections.abc import Iterable
from typing import NamedTuple


class Shown(NamedTuple):
    """One job at one place of one answer that went out whole, as the answer had it: lagging, or twice.

    What nobody can read as a job is not logged, nor what a fault kept back.
    """

    answer: int
    at: float  # by `now()`, when it was asked for, and made
    kind: str
    job_id: str
    status: str  # upper case
    created_at: str  # "" where the answer had none
    by_id: bool = False  # GET of one; a list by `job_ids` is a list
    delay: float = 0.0  # seconds after `at` that a slow answer went out
    updated_at: str = ""  # likewise "" where the answer had none


class Missed(NamedTuple):
    """One job that was asked for by its id, and was not there.

    That is a GET's 404, and a list by `job_ids` and no other filter that came in one page without it.
    """

    answer: int
    at: float
    kind: str
    job_id: str
    by_id: bool


class Happened(NamedTuple):
    """What became of a job, whether anyone looked or not."""

    at: float  # by the API's clock
    kind: str
    job_id: str
    status: str | None  # upper case; None: it was deleted


class Drained(NamedTuple):
    shown: list[Shown]
    missed: list[Missed]


def changes(log: Iterable[Shown]) -> dict[tuple[str, str], list[str]]:
    """Per (kind, job id) the statuses shown, in the order of the answers, without repetitions."""
    seen: dict[tuple[str, str], list[str]] = {}
    for row in log:
        statuses = seen.setdefault((row.kind, row.job_id), [])
        if not statuses or statuses[-1] != row.status:
            statuses.append(row.status)
    return seen
