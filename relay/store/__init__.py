"""The store: what was seen, what happened, what is owed. SQL stays in here."""

from relay.store.audit import Ledger
from relay.store.records import (
    AskRow,
    BatchFile,
    Changes,
    Claimed,
    Claims,
    Decide,
    Edge,
    Followed,
    Group,
    KnownRow,
    NewDelivery,
    NewEvent,
    Result,
    Row,
    Slice,
    SourceRow,
    Turn,
    Whole,
)
from relay.store.sqlite import Store, open_store

__all__ = [
    "AskRow",
    "BatchFile",
    "Changes",
    "Claimed",
    "Claims",
    "Decide",
    "Edge",
    "Followed",
    "Group",
    "KnownRow",
    "Ledger",
    "NewDelivery",
    "NewEvent",
    "Result",
    "Row",
    "Slice",
    "SourceRow",
    "Store",
    "Turn",
    "Whole",
    "open_store",
]
