import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from relay.cli.common import (
    config_option,
    ends,
    in_slices,
    load,
    may_go_on,
    since_option,
    told,
    with_store,
    yes_option,
)
from relay.model import utc_text
from relay.render.units import many, number
from relay.store import Replay, Store, Stored

if TYPE_CHECKING:
    from relay.ingest import Owed

READ_AT_ONCE = 500

STATES = ("waiting", "delivered", "dead", "silenced", "superseded")


@click.command()
@config_option
@click.argument("ids", nargs=-1, metavar="[EVENT]...")
@click.option("--to", multiple=True, metavar="DESTINATION", help="To these, not to whom the rules sent it.")
@click.option("--rule", help="What this rule would have sent and did not; with --exact, what it sent.")
@click.option("--exact", is_flag=True, help="Old deliveries instead of events: the same bytes and id.")
@click.option("--destination", help="With --exact: all to this destination.")
@since_option("All since then, such as 2h or 2026-11-20T08:00:00Z.")
@yes_option
def replay(
    config: str | None,
    ids: tuple[str, ...],
    to: tuple[str, ...],
    rule: str | None,
    exact: bool,
    destination: str | None,
    since: float | None,
    yes: bool,
) -> None:
    """Send old events again, each as a new message; or, since a rule came later, for the first time.

    With --rule and --since: what the rule would have sent, to those of its destinations that have nothing of
    the event, as the rule says. With --exact it is no new message: deliveries, named by their ids, are sent
    once more whatever became of them, under the same id with the same content; a receiver that keeps ids
    takes them for what it has.
    """
    _refuse(ids, to, rule, destination, since, exact=exact)
    loaded = load(config, secrets=False)
    text = None if since is None else utc_text(since)

    async def work(store: Store) -> int:
        if exact:
            return await _exactly(store, loaded, yes, ids=ids, destination=destination, rule=rule, since=text)
        owed = _owed(loaded, to, rule)
        return await _anew(store, owed, yes, ids=ids, since=text or "")

    count = with_store(loaded.database, work)
    click.echo(f"{number(count)} to be sent; a running relay begins within a second")


def _refuse(
    ids: Sequence[str],
    to: Sequence[str],
    rule: str | None,
    destination: str | None,
    since: float | None,
    *,
    exact: bool,
) -> None:
    if exact and to:
        raise click.UsageError("--exact goes where it went: leave out --to, or --exact.")
    if exact and bool(ids) == any(fits is not None for fits in (destination, rule, since)):
        raise click.UsageError(
            "With --exact name deliveries, or those of a --destination, --rule or --since."
        )
    if not exact and destination:
        raise click.UsageError("--destination is for --exact; --to says where events go.")
    if not exact and bool(ids) == (since is not None):
        raise click.UsageError("Name events, or all --since a time; 'relay events' lists them.")
    if not exact and rule and (ids or to):
        raise click.UsageError("--rule goes with --since alone: the rule says which events, and to whom.")


def _owed(loaded: Any, to: Sequence[str], rule: str | None) -> "Owed":
    from relay.deliver import routes_of  # noqa: PLC0415
    from relay.ingest import Again, Missed  # noqa: PLC0415

    if unknown := set(to) - set(loaded.destinations):
        names = ", ".join(loaded.destinations) or "none"
        raise click.UsageError(f"There is no destination '{told(unknown)}'; there are: {names}.")
    if rule is None:
        return Again(routes=routes_of(loaded), rules=loaded.rules, to=to)
    rules = {known.name: known for known in loaded.rules}
    if rule not in rules:
        raise click.UsageError(f"There is no rule '{told([rule])}'; there are: {', '.join(rules) or 'none'}.")
    return Missed(routes=routes_of(loaded), rule=rules[rule])


async def _exactly(store: Store, loaded: Any, yes: bool, **fits: Any) -> int:
    chosen = await store.chosen(states=STATES, **fits)
    if unknown := set(fits["ids"]) - {delivery for _, delivery, _ in chosen}:
        raise click.ClickException(f"no such delivery: {told(unknown)}; 'relay deliveries' lists them")
    click.echo(
        f"{_deliveries(chosen)} to send again, each under its old id: {_counted(to for *_, to in chosen)}"
    )
    if not may_go_on(chosen, asking=not yes):
        return 0

    async def again(some: Sequence[tuple[int, str, str]]) -> int:
        now = time.time()
        return await store.repeat(give_up_at=ends(loaded, some, now), now=now)

    return await in_slices(chosen, again)


async def _anew(store: Store, owed: "Owed", yes: bool, *, ids: Sequence[str], since: str) -> int:
    now = time.time()
    found: list[Replay] = []
    seen = set()
    async for stored in _stored(store, ids, since):
        seen.add(stored.event.id)
        found += owed(stored, now)
    if unknown := set(ids) - seen:
        raise click.ClickException(f"no such event: {told(unknown)}; 'relay events' lists them")
    events = len({one.event for one in found})
    click.echo(
        f"{_deliveries(found)} of {many(events, 'event')}: {_counted(r.delivery.destination for r in found)}"
    )
    if not may_go_on(found, asking=not yes):
        return 0
    return await in_slices(found, lambda some: store.replay(replays=some, now=now))


async def _stored(store: Store, ids: Sequence[str], since: str) -> AsyncIterator[Stored]:
    after = 0
    while some := await store.stored(ids=ids, since=since, after=after, limit=READ_AT_ONCE):
        for stored in some:
            yield stored
        after = some[-1].seq


def _deliveries(chosen: Sequence[object]) -> str:
    return many(len(chosen), "delivery", "deliveries")


def _counted(destinations: Any) -> str:
    counts = Counter(destinations)
    return ", ".join(f"{count} to {name}" for name, count in sorted(counts.items())) or "none"
