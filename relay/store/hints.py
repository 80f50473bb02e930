"""Hints: how often one came before the look that would have seen the change, and by how much."""

from sqlite3 import Connection

from relay.model import utc_text
from relay.store.named import SQL


def hinted(db: Connection, *, source: int, job: str, received: float, changed: bool, now: float) -> None:
    values = (source, job, utc_text(received), now, int(changed))
    db.execute(SQL["add_hint"], values)


def hints_measured(db: Connection, *, source: int, now: float) -> None:
    """A look begins: what hints saw since the last one, they saw so much earlier."""
    db.execute(SQL["measure_hints"], {"source": source, "now": now})
