"""From a page to the outbox: what was seen becomes changes, events and deliveries, in one transaction."""

from relay.ingest.ingest import Ingest
from relay.ingest.look import Look
from relay.ingest.news import News, OwnNews
from relay.ingest.reading import job_of
from relay.ingest.replays import Again, Missed, Owed
from relay.ingest.routes import LatestRoutes, Routes, Terms

__all__ = [
    "Again",
    "Ingest",
    "LatestRoutes",
    "Look",
    "Missed",
    "News",
    "Owed",
    "OwnNews",
    "Routes",
    "Terms",
    "job_of",
]
