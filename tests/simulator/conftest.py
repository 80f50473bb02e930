import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from relay.simulator import Answer, Request, Scenario, Simulator

START = 1_790_000_000.0  # 2026-09-21T14:13:20Z
KEY = "llx-test"


class Clock:
    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> float:
        return self.time

    def pass_(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Account:
    """A simulator, its clock, and a client that has the key."""

    simulator: Simulator
    clock: Clock

    def answer(self, path: str, *, method: str = "GET", key: str | None = KEY, **query: Any) -> Answer:
        pairs = [(n, str(v)) for n, vs in query.items() for v in (vs if isinstance(vs, list) else [vs])]
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.simulator.answer(Request(path=path, method=method, query=pairs, headers=headers))

    def get(self, path: str, **query: Any) -> Any:
        answer = self.answer(path, **query)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def ids(self, path: str, **query: Any) -> list[str]:
        return [item["id"] for item in self.get(path, **query)["items"]]

    def walk(self, path: str, **query: Any) -> list[list[str]]:
        """Go from token to token; the ids of each page."""
        pages: list[list[str]] = []
        while True:
            page = self.get(path, **query)
            pages.append([item["id"] for item in page["items"]])
            if "next_page_token" not in page:
                return pages
            query["page_token"] = page["next_page_token"]


@pytest.fixture(scope="session")
def open_account() -> Callable[..., Account]:
    def opened(scenario: Scenario | None = None, *, seed: int = 1) -> Account:
        clock = Clock()
        return Account(Simulator(scenario or Scenario(), now=clock, seed=seed, api_key=KEY), clock)

    return opened


@pytest.fixture
def account(open_account) -> Account:
    return open_account()


@pytest.fixture
def simulator(account) -> Simulator:
    return account.simulator


@pytest.fixture
def clock(account) -> Clock:
    return account.clock
