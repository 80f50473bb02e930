"""Deliveries whose destination or rule left the configuration: they wait until they are given up."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from relay.model import utc_text
from relay.store.named import SQL, as_json
from relay.store.outbox import end_unsent, tell
from relay.store.records import Edge

AT_ONCE = 1000
"""Deliveries that are given up in one transaction."""

NO_DESTINATION = "given up: its destination is not in the configuration"
NO_RULE = "given up: its rule is not in the configuration"


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """Deliveries to one destination whose time is over, for one reason."""

    destination: str
    reason: str
    seqs: Sequence[int]


def overdue(
    db: Connection, *, destinations: Collection[str], rules: Collection[str], now: float
) -> Sequence[Overdue]:
    """Those that no lane takes, since their destination or rule is not among these; at most 1000."""
    known = (as_json(list(destinations)), as_json(list(rules)))
    found: dict[tuple[str, str], list[int]] = {}
    for seq, destination, is_known in db.execute(SQL["overdue"], (*known, utc_text(now), AT_ONCE)):
        found.setdefault((destination, NO_RULE if is_known else NO_DESTINATION), []).append(seq)
    return [Overdue(destination=to, reason=why, seqs=seqs) for (to, why), seqs in found.items()]


def give_up(db: Connection, *, overdue: Overdue, dead: Callable[[str], Edge], now: float) -> int:
    """They are dead, and people hear of it as of others; how many."""
    ended, tells = end_unsent(db, seqs=overdue.seqs, reason=overdue.reason, now=now)
    if tells:
        tell(db, overdue.destination, [dead(overdue.reason)], now)
    return ended
