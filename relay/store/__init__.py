"""The store: what was seen, what happened, what is owed. SQL stays in here."""

from relay.store.audit import Ledger
from relay.store.figures import Queue, Summary
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
    Result,
    Row,
    SourceRow,
    Turn,
    Whole,
)
from relay.store.sqlite import Store, audited, open_store

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
    "Page",
    "Queue",
    "Result",
    "Row",
    "SourceRow",
    "Store",
    "Summary",
    "Turn",
    "Whole",
    "audited",
    "open_store",
]
