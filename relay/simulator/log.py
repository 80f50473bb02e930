"""What the API showed: the oracle of tests."""

from collections.abc import Iterable
from typing import NamedTuple


class Shown(NamedTuple):
    """One job in one answer that went out whole."""

    answer: int
    at: float
    kind: str
    job_id: str
    status: str  # upper case
    created_at: str


def changes(log: Iterable[Shown]) -> dict[tuple[str, str], list[str]]:
    """Per (kind, job id) the statuses shown, in the order of the answers, without repetitions."""
    seen: dict[tuple[str, str], list[str]] = {}
    for row in log:
        statuses = seen.setdefault((row.kind, row.job_id), [])
        if not statuses or statuses[-1] != row.status:
            statuses.append(row.status)
    return seen
