import time

import click

from relay.cli.common import config_option, in_slices, load, may_go_on, told, with_store, yes_option
from relay.render.units import many
from relay.store import Store


@click.command()
@config_option
@click.argument("ids", nargs=-1, metavar="[DELIVERY]...")
@click.option("--destination", help="All that wait for this destination.")
@click.option("--rule", help="All of this rule that wait.")
@yes_option
def drop(
    config: str | None, ids: tuple[str, ...], destination: str | None, rule: str | None, yes: bool
) -> None:
    """End deliveries that wait: they are dead, with the reason 'dropped'; 'relay retry' sends them after all.

    What is being sent at this moment may still arrive.
    """
    if bool(ids) == any(fits is not None for fits in (destination, rule)):
        raise click.UsageError(
            "Name deliveries, or those of a --destination or --rule; "
            "'relay deliveries --state waiting' lists them."
        )
    loaded = load(config, secrets=False)

    async def work(store: Store) -> int:
        chosen = await store.chosen(states=["waiting"], ids=ids, destination=destination, rule=rule)
        if unknown := set(ids) - {delivery for _, delivery, _ in chosen}:
            raise click.ClickException(f"not waiting, or not there: {told(unknown)}")
        click.echo(f"{many(len(chosen), 'waiting delivery', 'waiting deliveries')} to drop")
        if not may_go_on(chosen, asking=not yes):
            return 0
        dropped = [delivery for _, delivery, _ in chosen]
        return await in_slices(dropped, lambda some: store.drop(ids=some, now=time.time()))

    click.echo(f"{with_store(loaded.database, work)} dropped")
