"""Hints: how often one came before the look that would have seen the change, and by how much."""

from collections.abc import Sequence
from sqlite3 import Connection

from relay.model import utc_text
from relay.store.named import SQL
from relay.store.records import Row


def hinted(db: Connection, *, source: int, job: str, received: float, changed: bool, now: float) -> None:
    values = (source, job, utc_text(received), now, int(changed))
    db.execute(SQL["add_hint"], values)


def hints_measured(db: Connection, *, source: int, now: float) -> None:
    """A look begins: what hints saw since the last one, they saw so much earlier."""
    db.execute(SQL["measure_hints"], {"source": source, "now": now})


def hint_statistics(db: Connection) -> Sequence[Row]:
    """Per source: hints asked for, those that showed a change first, and by how many seconds on average."""
    rows = db.execute(SQL["hint_statistics"])
    return [dict(zip(("source", "asked", "first", "seconds"), row, strict=True)) for row in rows]
