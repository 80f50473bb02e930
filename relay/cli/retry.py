import time

import click

from relay.cli.common import config_option, load, with_store
from relay.store import Store

GIVE_UP_AFTER = 3 * 86400.0


@click.command()
@config_option
@click.argument("ids", nargs=-1, metavar="[DELIVERY]...")
@click.option("--all", "every", is_flag=True, help="All dead deliveries.")
@click.option("--destination", help="With --all: only of this destination.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def retry(config: str | None, ids: tuple[str, ...], every: bool, destination: str | None, yes: bool) -> None:
    """Send dead deliveries again: the same message under the same id, with all its time once more."""
    if every == bool(ids):
        raise click.UsageError(
            "Name deliveries, or all dead ones by --all; 'relay deliveries --state dead' lists them."
        )
    loaded = load(config, secrets=False)

    async def work(store: Store) -> int:
        dead = await store.rows("deliveries", state="dead", destination=destination, limit=1_000_000)
        chosen = [row for row in dead if every or row["id"] in ids]
        if unknown := set(ids) - {row["id"] for row in chosen}:
            raise click.ClickException(f"not dead, or not there: {', '.join(sorted(unknown))}")
        click.echo(f"{len(chosen)} dead deliveries to send again")
        if not chosen or not (yes or ids or click.confirm("Go on?")):
            return 0
        now = time.time()
        after = {name: options.give_up_after for name, options in loaded.destinations.items()}
        ends = {row["id"]: now + after.get(row["destination"], GIVE_UP_AFTER) for row in chosen}
        return await store.retry(give_up_at=ends, now=now)

    count = with_store(loaded.database, work)
    click.echo(f"{count} wait to be sent; a running relay begins within a second")
