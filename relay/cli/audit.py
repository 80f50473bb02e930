import json
import sys
from collections.abc import Mapping
from dataclasses import asdict

import click

from relay.cli.common import config_option, json_option, load, with_store
from relay.render.units import many


@click.command()
@config_option
@json_option
def audit(config: str | None, as_json: bool) -> None:
    """Prove from the database that every event is accounted for. Exit status 1 if anything is amiss."""
    loaded = load(config, secrets=False)
    ledger = with_store(loaded.database, lambda store: store.audit())
    if as_json:
        click.echo(json.dumps(asdict(ledger)))
    else:
        click.echo(f"events: {ledger.transitions} = {ledger.matched} matched + {ledger.unmatched} unmatched")
        click.echo(f"owed: {sum(ledger.owed.values())} = {_counted(ledger.owed, ' + ')}")
        replayed = f"; {ledger.replayed} of them by hand" if ledger.replayed else ""
        click.echo(f"deliveries: {_counted(ledger.deliveries, ', ')}{replayed}")
        for line in ledger.amiss:
            click.echo(f"amiss: {line}")
        click.echo("nothing amiss" if not ledger.amiss else f"{many(ledger.imbalance, 'thing')} amiss")
    sys.exit(1 if ledger.amiss else 0)


def _counted(states: Mapping[str, int], between: str) -> str:
    return between.join(f"{count} {state}" for state, count in states.items()) or "none"
