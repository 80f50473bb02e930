"""Deliveries: claim by lease, settle in groups, give back."""

from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from relay.model import utc_text
from relay.store.claims import claim, place_key
from relay.store.events import add_events, ripen
from relay.store.named import SQL, as_json
from relay.store.records import Claimed, Claims, Edge, Result, Turn
from relay.store.tallies import tally

OWN = 0
"""The source of relay's own events that are of no source."""


def turn(
    db: Connection,
    *,
    destination: str,
    owner: str,
    results: Sequence[Result] = (),
    unsent: Sequence[Claimed] = (),
    edges: Sequence[Edge] = (),
    claims: Claims | None = None,
    now: float,
) -> Turn:
    """A lane's one hop: what ended is settled, what was not sent given back, and what is due claimed."""
    died = settle(db, results, destination, now)
    give_back(db, unsent=unsent, now=now)
    news = tell(db, destination, [edge for edge in edges if died or edge.what != "dead"], now)
    more = ripen(db, destination, now)
    claimed = claim(db, destination, owner, claims, now) if claims and claims.room > 0 else ()
    at = utc_text(now)
    return Turn(claimed=claimed, next_due=at if more else _next_due(db, destination, at), news=news)


def _next_due(db: Connection, destination: str, at: str) -> str | None:
    """When there is something to do again, as far as it is known by time."""
    (due,) = db.execute(SQL["next_due"], (destination, at)).fetchone()
    return None if due is None else str(due)


def settle(db: Connection, results: Sequence[Result], destination: str, now: float) -> bool:
    """Whether a delivery died."""
    at = utc_text(now)
    placed = [r for r in results if r.delivered and r.place is not None]
    db.executemany(
        SQL["keep_place"],
        ((destination, place_key(r.claimed.message), r.place, r.claimed.id, at) for r in placed),
    )
    results = [r for r in results if r.claimed.is_attempt]
    if not results:
        return False
    done = [r.claimed.seq for r in results if r.delivered]
    arrived = db.execute(SQL["settle_delivered"], (at, as_json(done))).rowcount
    if done:
        db.execute(SQL["destination_works"], (destination,))
    failed = [r for r in results if not r.delivered]
    db.executemany(
        SQL["settle_again"],
        ((r.due_at, r.reason, r.place, r.claimed.seq, r.claimed.attempt) for r in failed if r.due_at),
    )
    died = db.executemany(
        SQL["settle_dead"],
        ((at, r.reason, r.claimed.seq, r.claimed.attempt) for r in failed if r.due_at is None),
    ).rowcount
    tally(db, "delivery", at, {f"{destination}/delivered": arrived, f"{destination}/dead": died})
    db.execute(SQL["add_attempts"], (as_json([_attempt(r) for r in results]),))
    db.executemany(SQL["hold_followers"], ((r.due_at, r.claimed.seq) for r in failed if r.due_at is not None))
    over = (r for r in results if (r.delivered or r.due_at is None) and r.claimed.failures)
    db.executemany(SQL["release_followers"], ((at, r.claimed.seq, at) for r in over))
    return died > 0


def _attempt(r: Result) -> tuple[object, ...]:
    return (r.claimed.id, r.claimed.attempt, r.started_at, r.seconds, r.outcome, r.status, r.answer, r.reason)


def tell(db: Connection, destination: str, edges: Sequence[Edge], now: float) -> bool:
    """Relay's own news of this destination, each once a trouble; whether there was any."""
    told = False
    for edge in edges:
        db.execute(SQL["add_destination"], (destination,))
        values = {"name": destination, "now": utc_text(now), "reason": edge.reason}
        for (nth,) in db.execute(SQL[f"destination_{edge.what}"], values).fetchall():
            add_events(db, OWN, [edge.event(nth)], now)
            told = True
    return told


def is_down(db: Connection, *, destination: str) -> bool:
    """Whether people were told that this destination is down, and not yet that it is up again."""
    return db.execute(SQL["destination_is_down"], (destination,)).fetchone() is not None


def give_back(db: Connection, *, unsent: Sequence[Claimed], now: float) -> None:
    at = utc_text(now)
    db.executemany(SQL["give_back_unsent"], ((at, c.seq, c.attempt) for c in unsent if c.is_attempt))


def end_leases(db: Connection, *, of: str | None = None, now: float) -> None:
    """Of one destination, or of all."""
    db.execute(SQL["end_leases"], {"of": of, "now": utc_text(now)})


def retry(db: Connection, *, give_up_at: Mapping[str, float], now: float) -> int:
    """How many of these dead deliveries wait again, each until its own end."""
    at = utc_text(now)
    rows = ({"id": i, "now": at, "give_up_at": utc_text(end)} for i, end in give_up_at.items())
    return sum(db.execute(SQL["retry_delivery"], row).rowcount for row in rows)
