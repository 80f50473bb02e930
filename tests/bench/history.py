"""An account's parse jobs by number: the same in every run, as known rows and as pages that a list shows."""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

from relay.simulator.items import item_of
from relay.simulator.job import Job, time_text
from relay.simulator.words import FAILURES

PAGE = 100
BEGAN = 1_790_000_000_000_000  # microseconds since 1970
APART = 7_300_019
"""Microseconds from one to the next."""

_TOOK = 60_000_000
_FAILS_EVERY = 20
_PROJECT = "11111111-2222-3333-4444-555555555555"


class History:
    """From `began` on, in microseconds. `turns` is how often each job has changed since it was COMPLETED;
    those of `working` still run, since the youngest of them came.
    """

    def __init__(self, began: int = BEGAN, working: Iterable[int] = ()) -> None:
        self._began = began
        self._working = frozenset(working)
        self._moved = began + max(self._working, default=0) * APART
        self._turns: dict[int, int] = {}

    def change(self, numbers: Iterable[int]) -> None:
        """Move each on to another terminal status, later; one in twenty has failed."""
        for n in numbers:
            self._turns[n] = self._turns.get(n, 0) + 1

    def pages(self, numbers: Sequence[int]) -> list[bytes]:
        return [self._page(numbers[at : at + PAGE]) for at in range(0, len(numbers), PAGE)]

    def rows(self, numbers: Iterable[int], source: int, seq: int) -> Iterator[tuple[object, ...]]:
        """What `add_job` stores of them."""
        for n in numbers:
            job = self._job(n)
            updated = time_text(job.updated)
            changed = updated[:-4] + "Z"
            yield (
                *(source, job.created_at, job.id, job.status, updated, seq, 0),
                *(changed, updated, None, job.name, job.error),
            )

    def created_at(self, n: int) -> str:
        return self._job(n).created_at

    def item(self, n: int) -> dict[str, Any]:
        return item_of(self._job(n))

    def _page(self, numbers: Sequence[int]) -> bytes:
        items = [self.item(n) for n in numbers]
        page = {"items": items, "next_page_token": str(numbers[-1]), "total_size": None}
        return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()

    def _job(self, n: int) -> Job:
        turns, works = self._turns.get(n, 0), n in self._working
        failed = not works and (n + turns) % _FAILS_EVERY == 0
        created = self._began + n * APART
        return Job(
            kind="parse",
            id=id_of(n),
            project_id=_PROJECT,
            created=created,
            updated=self._moved if works else created + _TOOK * (turns + 1),
            status="RUNNING" if works else "FAILED" if failed else ("COMPLETED", "CANCELLED")[turns % 2],
            name=f"résumé-{n:07}.pdf",
            error=FAILURES[n % len(FAILURES)] if failed else None,
        )


def id_of(n: int) -> str:
    digits = blake2b(n.to_bytes(8, "big"), digest_size=16).hexdigest()
    return f"pjb-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
