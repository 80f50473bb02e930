"""What every store has to pass. A store is how it is opened, and how its database is damaged by hand."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from bookkeeping import NOW, Account, Lane

from relay.store import open_store


@dataclass(frozen=True)
class Sqlite:
    folder: Path

    def open(self):
        return open_store(self.folder / "relay.db")

    def damage(self, sql):
        with closing(sqlite3.connect(self.folder / "relay.db", isolation_level=None)) as db:
            db.execute(sql)


STORES = [Sqlite]


@pytest.fixture(params=STORES, ids=lambda kind: kind.__name__.lower())
def place(request, tmp_path):
    return request.param(tmp_path)


@pytest.fixture
async def store(place):
    store = place.open()
    yield store
    await store.close()


@pytest.fixture
async def account(store):
    row = await store.open_source(name="parse", kind="parse", identity="{}", now=NOW)
    return Account(store, row.id)


@pytest.fixture
def lane(store):
    return Lane(store)


@pytest.fixture
def other_lane(store):
    """The same destination's, of another run of relay."""
    return Lane(store, owner="other")
