"""Deliveries: claim by lease, settle in groups, give back."""

from collections import Counter
from collections.abc import Callable, Sequence
from sqlite3 import Connection

from relay.model import utc_text
from relay.store.claims import Claim, claim, place_key, space
from relay.store.events import add_events, ripen
from relay.store.named import SQL, as_json
from relay.store.records import Claimed, Claims, Edge, Result, Turn
from relay.store.tallies import tally

OWN = 0
"""The source of relay's own events that are of no source."""

LONGEST_ANSWER = 4096
"""Characters that are kept of what a receiver answered."""

LOST_FOR_GOOD = 5
"""Attempts without an outcome after which a delivery is given up: it ends whoever sends it."""

POISON = f"poison: relay ended {LOST_FOR_GOOD} times while it was being sent"
UNREADABLE = "unreadable: it can't be made of what the database holds of it"


def turn(
    db: Connection,
    *,
    destination: str,
    owner: str,
    results: Sequence[Result] = (),
    unsent: Sequence[Claimed] = (),
    edges: Sequence[Edge] = (),
    dead: Callable[[str], Edge] | None = None,
    claims: Claims | None = None,
    now: float,
) -> Turn:
    """A lane's one hop: what ended is settled, what was not sent given back, and what is due claimed.

    `dead`: the news of a delivery that is poison, by its reason. What the messages of very many events say of
    all of them is still to be read.
    """
    died = settle(db, results, destination, now)
    give_back(db, unsent=unsent, now=now)
    told = [edge for edge in edges if died or edge.what != "dead"]

    def end(seqs: Sequence[int], reason: str) -> None:
        if end_unsent(db, seqs=seqs, reason=reason, now=now)[1] and dead is not None:
            told.append(dead(reason))

    found, more = Claim(), ripen(db, destination, now)
    if claims is not None:
        end(_poison(db, destination, now), POISON)
    if claims is not None and claims.room > 0:
        found = claim(db, destination, owner, claims, now)
        end(found.unreadable, UNREADABLE)
    over = (*(r.claimed for r in results), *unsent)
    news = tell(db, destination, told, now) or any(claimed.is_suspect for claimed in over)
    at = utc_text(now)
    next_due = at if more or found.soon else _next_due(db, destination, at)
    tables = claims is not None and claims.tables
    return Turn(claimed=found.claimed, next_due=next_due, news=news, tables=tables)


def _poison(db: Connection, destination: str, now: float) -> Sequence[int]:
    values = (destination, utc_text(now), LOST_FOR_GOOD)
    return [seq for (seq,) in db.execute(SQL["poisonous"], values)]


def end_unsent(db: Connection, *, seqs: Sequence[int], reason: str, now: float) -> tuple[int, bool]:
    """Those of these that wait are dead. How many, and whether one is of more than relay's own news."""
    if not seqs:
        return 0, False
    chosen = as_json(seqs)
    (tells,) = db.execute(SQL["carry_others_news"], (chosen,)).fetchone()
    at = utc_text(now)
    ended = Counter(f"{to}/dead" for (to,) in db.execute(SQL["end_unsent"], (at, reason, chosen)))
    tally(db, "delivery", at, ended)
    db.execute(SQL["release"], (chosen,))
    return ended.total(), ended.total() > 0 and bool(tells)


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
    over = [r for r in results if not r.claimed.is_attempt and r.place is None and _is_final(r)]
    db.executemany(SQL["to_move_again"], ((None, r.claimed.id) for r in over))
    results = [r for r in results if r.claimed.is_attempt]
    if not results:
        return False
    done = [r.claimed.seq for r in results if r.delivered]
    arrived = db.execute(SQL["settle_delivered"], (at, as_json(done))).rowcount
    if done:
        db.execute(SQL["destination_works"], (destination,))
    late = [r.claimed.seq for r in results if r.delivered and r.claimed.attempt > 1]
    space(db, db.execute(SQL["groups_of"], (as_json(late),)).fetchall() if late else (), now)
    failed = [r for r in results if not r.delivered]
    db.executemany(
        SQL["settle_again"],
        (
            (r.due_at, r.claimed.ahead_of is None, r.reason, r.place, r.claimed.seq, r.claimed.attempt)
            for r in failed
            if r.due_at
        ),
    )
    died = db.executemany(
        SQL["settle_dead"],
        ((at, r.reason, r.claimed.seq, r.claimed.attempt) for r in failed if r.due_at is None),
    ).rowcount
    tally(db, "delivery", at, {f"{destination}/delivered": arrived, f"{destination}/dead": died})
    db.execute(SQL["add_attempts"], (as_json([_attempt(r) for r in results]),))
    db.execute(SQL["release"], (as_json([r.claimed.seq for r in results if r.due_at is None]),))
    return died > 0


def _is_final(r: Result) -> bool:
    return r.delivered or r.due_at is None


def _attempt(r: Result) -> tuple[object, ...]:
    answer = r.answer[:LONGEST_ANSWER]
    return (r.claimed.id, r.claimed.attempt, r.started_at, r.seconds, r.outcome, r.status, answer, r.reason)


def tell(db: Connection, destination: str, edges: Sequence[Edge], now: float) -> bool:
    """Relay's own news of this destination, each once a trouble; whether there was any."""
    told = False
    for edge in edges:
        db.execute(SQL["add_destination"], (destination,))
        values = {"name": destination, "now": utc_text(now), "reason": edge.reason}
        if db.execute(SQL[f"destination_{edge.what}"], values).rowcount:
            (nth,) = db.execute(SQL["nth_of_destination"], (destination,)).fetchone()
            add_events(db, OWN, [edge.event(nth)], now)
            told = True
    return told


def is_down(db: Connection, *, destination: str) -> bool:
    """Whether people were told that this destination is down, and not yet that it is up again."""
    return db.execute(SQL["destination_is_down"], (destination,)).fetchone() is not None


def give_back(db: Connection, *, unsent: Sequence[Claimed], now: float) -> None:
    at = utc_text(now)
    db.executemany(
        SQL["give_back_unsent"], ((c.ahead_of, at, c.seq, c.attempt) for c in unsent if c.is_attempt)
    )
    db.executemany(SQL["to_move_again"], ((at, c.id) for c in unsent if not c.is_attempt))


def end_leases(db: Connection, *, of: str | None = None, now: float) -> None:
    """Of one destination, or of all."""
    db.execute(SQL["end_leases"], {"of": of, "now": utc_text(now)})
