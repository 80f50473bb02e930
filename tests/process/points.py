"""Where relay is killed: the named points of its writer, its sends, its looks, its reload, its commands."""

from itertools import product

from tests.process.mortal import Doom

MOMENTS = ("at", "before", "committed", "counted")
"""Of a transaction: amid it, before its commit, and after it twice: before and after its number is noted."""


def _each(
    *statements: str, moments: tuple[str, ...] = MOMENTS, nth: int = 1, hinted: bool = False
) -> list[Doom]:
    return [Doom(moment=m, statement=s, nth=nth, hinted=hinted) for s, m in product(statements, moments)]


FIRST_LOOK = ("add_source", "add_job", "look_whole")
"""Statements of a first look, in their order."""

SEEING = _each("add_event", "move_job", "look_whole", "source_down", "source_up")

FOLLOWING = _each("keep_batch_file", "follow_again")
"""What is learned of a batch's files, and that it is told of with them."""

SENDING = [
    *_each("lease", "settle_delivered", "settle_again", "settle_dead", "destination_dead"),
    *_each("raise_severity", "supersede", "forget_delivery"),
    *_each("lease", "settle_delivered", moments=("before", "counted"), nth=3),
    *(Doom(moment="claimed", nth=n) for n in (1, 4)),
    *(Doom(moment="sent", nth=n) for n in (1, 4)),
    *(Doom(moment="answered", nth=n) for n in (1, 4)),
    *(Doom(moment="asked", nth=n) for n in (1, 2)),
]

HINTS = [
    *_each("add_hint", "move_job", "add_event", hinted=True),
    Doom(moment="taken", hinted=True),
    Doom(moment="asked", hinted=True),
]
"""That a hint is counted; what its answer shows; between that it was taken and that answer."""

MEASURING = _each("measure_hints")
"""By how much the hints that the one before has left came earlier."""

PRUNING = [
    *_each("move_pruned_until", "prune_job"),
    # First of all goes what is of no source, and there is nothing, so that nothing is committed.
    *_each("prune_events", moments=("at", "before"), nth=2),
    *_each("prune_events", moments=("committed", "counted")),
    *_each("prune_deliveries", moments=("at", "before"), nth=2),
    *_each("prune_deliveries", moments=("committed", "counted")),
]

STARTING = _each("lose_leases")
"""What the one before has left under lease is lost to it."""

STOPPING = _each("end_leases", moments=("at", "before"))

RELOADING = [
    *_each("look_at_rules_again", moments=("at", "before"), nth=2),
    *_each("end_leases", moments=("at", "before")),
    *_each("add_source"),
]

MIGRATING = [
    Doom(moment="at", statement="ALTER TABLE jobs ADD COLUMN newer"),
    Doom(moment="before", statement="ALTER TABLE jobs ADD COLUMN newer"),
    Doom(moment="at", statement="SAVEPOINT work"),  # the first of all after it
]

COMMANDS = [
    *((("retry", "--all", "--yes"), doom) for doom in _each("retry_delivery", moments=("at", "before"))),
    *((("drop", "--rule", "calm", "--yes"), doom) for doom in _each("end_unsent", moments=("at", "before"))),
    *(
        (("replay", "--since", "1h", "--to", "failed", "--yes"), doom)
        for doom in _each("add_part", moments=("at", "before"))
    ),
    (("backup", "copy.db"), Doom(moment="naming")),
]
