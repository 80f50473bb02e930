"""The list of a History of parse jobs, of any length, made as it is asked for."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import formatdate
from typing import Any

from relay.simulator import Answer, Request
from tests.bench.history import APART, History, id_of

_AT_HAND = 12_000  # after `size` jobs, besides those at work: may be asked for by id


class Listed:
    """Answers as a simulator does. `size` jobs are there when `now` is `began + size * APART`; where there
    are to be `more`, one comes each APART after that.
    """

    def __init__(
        self, *, began: int, size: int, working: Sequence[int], now: Callable[[], float], more: bool = True
    ) -> None:
        self._history = History(began, working)
        self._began = began
        self._working = sorted(working)
        self._numbers = {id_of(n): n for n in (*range(max(0, size - 100), size + _AT_HAND), *working)}
        self._now = now
        self._most = size + _AT_HAND if more else size

    def answer(self, request: Request) -> Answer:
        query = dict(request.query)
        found: Sequence[int]
        ids = [value for name, value in request.query if name == "job_ids"]
        if ids:
            found = sorted(self._numbers[job_id] for job_id in ids)
        elif "status" in query:
            found = self._working if query["status"] == "RUNNING" else []
        else:
            found = self._window(query)
        page = self._page(found, int(query["page_size"]), int(query.get("page_token", 0)))
        headers = {"Date": formatdate(int(self._now()), usegmt=True), "Content-Type": "application/json"}
        return Answer(status=200, body=json.dumps(page).encode(), headers=headers)

    def take_back(self, answer: Answer) -> None:
        """No log is kept."""

    def _window(self, query: dict[str, str]) -> Sequence[int]:
        last = min(self._most - 1, int(self._now() * 1e6 - self._began) // APART)
        after, before = query.get("created_at_on_or_after"), query.get("created_at_on_or_before")
        low = 0 if after is None else max(0, -((self._began - _micros(after)) // APART))
        high = last if before is None else min(last, (_micros(before) - self._began) // APART)
        return range(low, high + 1)

    def _page(self, rising: Sequence[int], size: int, skip: int) -> dict[str, Any]:
        """Newest first; the token says how many came before."""
        end = len(rising) - skip
        numbers = rising[max(0, end - size) : end][::-1]
        more = str(skip + size) if end > size else None
        return {"items": [self._history.item(n) for n in numbers], "next_page_token": more}


def _micros(text: str) -> int:
    whole, _, part = text.removesuffix("Z").partition(".")
    return int(datetime.fromisoformat(whole + "+00:00").timestamp()) * 1_000_000 + int(part.ljust(6, "0"))
