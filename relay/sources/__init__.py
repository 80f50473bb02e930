"""Where jobs are seen: the list endpoints, how one is asked, and its walk from page to page."""

from relay.sources.budget import Budget, Urgency
from relay.sources.client import Client, Transport
from relay.sources.items import Item, Page, decoded
from relay.sources.kept import without
from relay.sources.kinds import KINDS, Kind, SourceSpec
from relay.sources.walk import Walk

__all__ = [
    "KINDS",
    "Budget",
    "Client",
    "Item",
    "Kind",
    "Page",
    "SourceSpec",
    "Transport",
    "Urgency",
    "Walk",
    "decoded",
    "without",
]
