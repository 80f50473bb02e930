"""The store: what was seen, what happened, what is owed. SQL stays in here."""

from relay.store.audit import Ledger
from relay.store.records import (
    Changes,
    Claimed,
    Decide,
    KnownRow,
    NewDelivery,
    NewEvent,
    Result,
    Row,
    SourceRow,
    Turn,
)
from relay.store.sqlite import Store, open_store

__all__ = [
    "Changes",
    "Claimed",
    "Decide",
    "KnownRow",
    "Ledger",
    "NewDelivery",
    "NewEvent",
    "Result",
    "Row",
    "SourceRow",
    "Store",
    "Turn",
    "open_store",
]
