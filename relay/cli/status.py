import json

import click

from relay.cli.common import config_option, json_option, load, table, with_store
from relay.store import Row, Store


@click.command()
@config_option
@json_option
def status(config: str | None, as_json: bool) -> None:
    """Show each source with its last look and trouble, each destination with what waits and is dead."""
    loaded = load(config, secrets=False)

    async def work(store: Store) -> tuple[list[Row], list[Row]]:
        return await store.rows("sources", limit=10_000), await store.rows("destinations", limit=10_000)

    seen, owed = with_store(loaded.database, work)
    sources = _sources([spec.name for spec in loaded.sources], seen)
    destinations = _destinations(list(loaded.destinations), owed)
    if as_json:
        click.echo(json.dumps({"relay": loaded.relay, "sources": sources, "destinations": destinations}))
        return
    click.echo(f"relay {loaded.relay}, {loaded.path}")
    click.echo(table(sources, ("name", "kind", "open_jobs", "whole_at", "failures", "trouble")))
    click.echo()
    click.echo(table(destinations, ("name", "waiting", "delivered", "dead", "oldest", "note")))


def _sources(configured: list[str], seen: list[Row]) -> list[Row]:
    """Those of the configuration; what is no longer in it is not looked at."""
    known = {row["name"]: row for row in seen}
    blank = dict.fromkeys(("kind", "baseline", "mark", "whole_at", "looked_at", "trouble"))
    return [known.get(name, {"name": name, **blank, "failures": 0, "open_jobs": 0}) for name in configured]


def _destinations(configured: list[str], owed: list[Row]) -> list[Row]:
    known = {row["name"]: row for row in owed}
    blank = {"waiting": 0, "delivered": 0, "dead": 0, "oldest": None}
    rows = [{**blank, "name": name, **known.get(name, {}), "note": None} for name in configured]
    gone = [row for name, row in known.items() if name not in configured and row["waiting"]]
    return rows + [{**row, "note": "not in the configuration"} for row in gone]
