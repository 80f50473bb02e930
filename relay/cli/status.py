import json
from collections.abc import Container, Sequence
from typing import Any

import click

from relay.cli.common import config_option, json_option, load, table, with_store
from relay.cli.pace import pace
from relay.message import one_line
from relay.store import Row, Store


@click.command()
@config_option
@json_option
def status(config: str | None, as_json: bool) -> None:
    """Show each source with its last look and trouble, each destination with what waits and is dead."""
    loaded = load(config, secrets=False)

    async def work(store: Store) -> tuple[list[Row], list[Row], Sequence[Row], Sequence[Row]]:
        return (
            await store.rows("sources", limit=10_000),
            await store.rows("destinations", limit=10_000),
            await store.hint_statistics(),
            await store.waiting(),
        )

    seen, owed, hinted, waiting = with_store(loaded.database, work)
    sources = _sources([spec.name for spec in loaded.sources], seen)
    destinations = _destinations(list(loaded.destinations), owed)
    parked = [{**row, "note": note} for row in waiting if (note := _parked(row, loaded))]
    if as_json:
        found = {"relay": loaded.relay, "sources": sources, "destinations": destinations, "hints": hinted}
        click.echo(json.dumps({**found, "parked": parked}))
        return
    click.echo(f"relay {loaded.relay}, {loaded.path}")
    click.echo(table(sources, ("name", "kind", "open_jobs", "whole_at", "requests", "failures", "trouble")))
    for line in pace(loaded.sources, {row["name"]: row["requests"] for row in sources}):
        click.echo(line)
    for row in sources:
        if row["ordering"] == "none":
            click.echo(f"{row['name']}: its list shows no order, so it is read whole once an hour")
    click.echo()
    click.echo(table(destinations, ("name", "waiting", "delivered", "dead", "oldest", "note")))
    for row in parked:
        click.echo(one_line("{waiting} to {destination} by rule {rule} wait: {note}".format_map(row), 300))
    if hinted:
        click.echo()
        click.echo(table([_hints(row) for row in hinted], ("hints_for", "asked", "came_first", "earlier_by")))


def _parked(row: Row, loaded: Any) -> str | None:
    """Why these wait for nothing but the configuration, and the ways out."""
    gone = [key for key, known in _known(loaded) if row[key] not in known]
    if not gone:
        return None
    until = f"given up from {row['give_up_at']} on"
    return (
        f"{gone[0]} is not in the configuration; {until}, 'relay drop --{gone[0]} {row[gone[0]]}' ends them"
    )


def _known(loaded: Any) -> tuple[tuple[str, Container[str]], ...]:
    return ("destination", loaded.destinations), ("rule", loaded.rule_names)


def _sources(configured: list[str], seen: list[Row]) -> list[Row]:
    """Those of the configuration; what is no longer in it is not looked at."""
    known = {row["name"]: row for row in seen}
    blank = dict.fromkeys(
        ("kind", "baseline", "mark", "whole_at", "looked_at", "trouble", "ordering", "requests")
    )
    return [known.get(name, {"name": name, **blank, "failures": 0, "open_jobs": 0}) for name in configured]


def _hints(row: Row) -> Row:
    """How often a hint came before the look that would have seen the change, and by how much."""
    seconds = row["seconds"]
    return {
        "hints_for": row["source"],
        "asked": row["asked"],
        "came_first": row["first"],
        "earlier_by": None if seconds is None else f"{seconds:.1f} s on average",
    }


def _destinations(configured: list[str], owed: list[Row]) -> list[Row]:
    known = {row["name"]: {**row, "note": _down(row)} for row in owed}
    blank = {"waiting": 0, "delivered": 0, "dead": 0, "oldest": None, "down_at": None, "reason": None}
    rows = [{"name": name, **blank, "note": None, **known.get(name, {})} for name in configured]
    gone = [row for name, row in known.items() if name not in configured and row["waiting"]]
    return rows + [{**row, "note": "not in the configuration"} for row in gone]


def _down(row: Row) -> str | None:
    return row["down_at"] and f"down since {row['down_at']}: {row['reason']}"
