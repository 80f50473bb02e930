import time
from collections.abc import Sequence

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
from relay.store import Store


@click.command()
@config_option
@click.argument("ids", nargs=-1, metavar="[DELIVERY]...")
@click.option("--all", "every", is_flag=True, help="All dead deliveries.")
@click.option("--destination", help="Those to this destination.")
@click.option("--rule", help="Those of this rule.")
@since_option("Those that died since, such as 2h or 2026-11-20T08:00:00Z.")
@yes_option
def retry(
    config: str | None,
    ids: tuple[str, ...],
    every: bool,
    destination: str | None,
    rule: str | None,
    since: float | None,
    yes: bool,
) -> None:
    """Send dead deliveries again: the same message under the same id, with all its time once more."""
    if bool(ids) == (every or any(fits is not None for fits in (destination, rule, since))):
        raise click.UsageError(
            "Name deliveries, or all dead ones by --all; 'relay deliveries --state dead' lists them."
        )
    loaded = load(config, secrets=False)

    async def work(store: Store) -> int:
        chosen = await store.chosen(
            states=["dead"],
            ids=ids,
            destination=destination,
            rule=rule,
            since=None if since is None else utc_text(since),
        )
        if unknown := set(ids) - {delivery for _, delivery, _ in chosen}:
            raise click.ClickException(f"not dead, or not there: {told(unknown)}")
        click.echo(f"{many(len(chosen), 'dead delivery', 'dead deliveries')} to send again")
        if not may_go_on(chosen, asking=not (yes or ids)):
            return 0

        async def again(some: Sequence[tuple[int, str, str]]) -> int:
            now = time.time()
            return await store.retry(give_up_at=ends(loaded, some, now), now=now)

        return await in_slices(chosen, again)

    count = with_store(loaded.database, work)
    click.echo(f"{number(count)} to be sent; a running relay begins within a second")
