"""The store: what was seen, what happened, what is owed. SQL stays in here."""

from relay.store.audit import Ledger, Place
from relay.store.gone import Overdue
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
    Replay,
    Result,
    Row,
    SourceRow,
    Stored,
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
    "Overdue",
    "Place",
    "Replay",
    "Result",
    "Row",
    "SourceRow",
    "Store",
    "Stored",
    "Turn",
    "Whole",
    "open_store",
]
