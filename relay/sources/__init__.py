"""Where jobs are seen: the list endpoints, how one is asked, and its walk from page to page."""

from relay.sources.budget import Budget
from relay.sources.client import Client, Transport
from relay.sources.items import Item, Page, without
from relay.sources.kinds import KINDS, Kind, SourceSpec
from relay.sources.walk import Walk

__all__ = ["KINDS", "Budget", "Client", "Item", "Kind", "Page", "SourceSpec", "Transport", "Walk", "without"]
