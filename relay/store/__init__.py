"""The store: what was seen, what happened, what is owed. SQL stays in here."""

from relay.store.audit import Ledger, Place
from relay.store.figures import Queue, Summary
from relay.store.overdue import Overdue
from relay.store.pages import Page
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
    Slice,
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
    "Page",
    "Place",
    "Queue",
    "Replay",
    "Result",
    "Row",
    "Slice",
    "SourceRow",
    "Store",
    "Stored",
    "Summary",
    "Turn",
    "Whole",
    "open_store",
]
