import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from relay.cli.common import config_option, json_option, load, on_signals, print_rows, with_store
from relay.message import one_line
from relay.render.units import many
from relay.store import Row, Store

FOLLOW_EVERY = 0.5

_HELD = {"order": "an earlier event of its job", "alone": "its turn to be sent alone, having been lost twice"}

_limit = click.option("--limit", default=50, type=click.IntRange(1, 100_000), show_default=True)
_follow = click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")


@click.command()
@config_option
@json_option
@_limit
@click.option("--source")
@click.option("--status")
@click.option("--id", "job_id")
def jobs(
    config: str | None, as_json: bool, limit: int, source: str | None, status: str | None, job_id: str | None
) -> None:
    """List jobs as last seen, those that changed last first."""
    database = load(config, secrets=False).database
    found = with_store(
        database,
        lambda store: store.rows(
            "jobs", limit=limit, source=source, status=status and status.upper(), id=job_id
        ),
    )
    print_rows(found, ("source", "id", "name", "status", "changed_at", "error"), as_json=as_json)


@click.command()
@config_option
@json_option
@_limit
@_follow
@click.option("--source")
@click.option("--type", "event_type", help="Such as parse.failed.")
@click.option("--job", "job_id")
def events(
    config: str | None,
    as_json: bool,
    limit: int,
    follow: bool,
    source: str | None,
    event_type: str | None,
    job_id: str | None,
) -> None:
    """List events, newest first; with --follow oldest first, and on."""
    filters = {"source": source, "type": event_type, "job_id": job_id}
    columns = ("timestamp", "type", "source", "name", "previous", "status", "rules", "id")
    shape = _event if as_json else _flat_event
    database = load(config, secrets=False).database
    _list(database, "events", filters, columns, shape, limit=limit, follow=follow, as_json=as_json)


@click.command()
@config_option
@json_option
@_limit
@_follow
@click.option("--destination")
@click.option("--state", type=click.Choice(["waiting", "delivered", "dead", "superseded"]))
@click.option("--rule")
@click.option("--id", "delivery_id")
def deliveries(
    config: str | None,
    as_json: bool,
    limit: int,
    follow: bool,
    destination: str | None,
    state: str | None,
    rule: str | None,
    delivery_id: str | None,
) -> None:
    """List deliveries, newest first; with --follow oldest first, and on."""
    filters = {"destination": destination, "state": state, "rule": rule, "id": delivery_id}
    columns = (
        "id",
        "destination",
        "rule",
        "type",
        "job_id",
        "events",
        "state",
        "attempts",
        "due_at",
        "reason",
    )
    loaded = load(config, secrets=False)

    def shape(row: Row) -> Row:
        noted = {**row, "note": waits_for(row, loaded)}
        return noted if as_json else {**noted, "reason": noted["note"] or row["reason"]}

    _list(loaded.database, "deliveries", filters, columns, shape, limit=limit, follow=follow, as_json=as_json)


def _event(row: Row) -> Row:
    data, rules = json.loads(row["data"]), json.loads(row["rules"])
    return {"id": row["id"], "type": row["type"], "timestamp": row["timestamp"], "data": data, "rules": rules}


def _flat_event(row: Row) -> Row:
    return {**row, **json.loads(row["data"]), "rules": ", ".join(json.loads(row["rules"])) or None}


def event_for_people(row: Row) -> str:
    """One line: when, what, which, and from which status."""
    flat = _flat_event(row)
    error = f": {flat['error']}" if flat["error"] else ""
    return one_line(f"{flat['timestamp']} {flat['type']} {flat['name']}{_change(flat)}{error}", 300)


def _change(flat: Row) -> str:
    if outcome := flat["outcome"]:
        return f" ({outcome['failed']} of {many(outcome['total'], 'file')} failed)"
    return f" ({flat['previous'] or 'new'} → {flat['status']})" if flat["status"] else ""


def waits_for(row: Row, loaded: Any) -> str | None:
    """What a delivery waits for, where it is not its time."""
    if row["state"] != "waiting":
        return None
    if row["destination"] not in loaded.destinations:
        return "its destination is not in the configuration"
    if row["rule"] not in loaded.rule_names:
        return "its rule is not in the configuration"
    return "its time to settle" if row["settle_until"] else _HELD.get(row["held"])


def _list(
    database: Path,
    what: str,
    filters: dict[str, Any],
    columns: Sequence[str],
    shape: Callable[[Row], Row],
    *,
    limit: int,
    follow: bool,
    as_json: bool,
) -> None:
    def show(rows: list[Row]) -> None:
        print_rows(map(shape, rows), columns, as_json=as_json)

    async def work(store: Store) -> None:
        rows = await store.rows(what, limit=limit, **filters)
        show(rows[::-1] if follow else rows)
        if follow:
            await _go_on(store, what, filters, rows[0]["seq"] if rows else 0, show)

    with_store(database, work)


async def _go_on(
    store: Store, what: str, filters: dict[str, Any], last: int, show: Callable[[list[Row]], None]
) -> None:
    """Show what comes, until SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    on_signals(stop.set)
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), FOLLOW_EVERY)
        while rows := await store.rows(what, limit=1000, after=last, **filters):
            show(rows)
            last = rows[-1]["seq"]
