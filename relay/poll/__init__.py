"""A loop per source: look, ingest, wait."""

from relay.poll.hints import LARGEST_BODY, Hints, is_signed, job_named
from relay.poll.poller import Looked, Poller

__all__ = ["LARGEST_BODY", "Hints", "Looked", "Poller", "is_signed", "job_named"]
