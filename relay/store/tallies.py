"""Counts of what happened, ever and by hour and minute, so that no chart counts rows of a long table."""

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Literal

from relay.store.named import SQL

What = Literal["event", "rule", "delivery"]


def tally(db: Connection, what: What, at: str, names: Mapping[str, int]) -> None:
    """So many of each name at this time. Of "delivery" a name is DESTINATION/STATE, when one ends."""
    spans = (("ever", ""), ("hour", at[:13]), ("minute", at[:16]))
    counted = [(name, n) for name, n in names.items() if n]
    db.executemany(SQL["tally"], ((what, *span, *each) for span in spans for each in counted))
