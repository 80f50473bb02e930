import json
import sys
from dataclasses import asdict

import click

from relay.cli.common import config_option, json_option, load, with_store


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
        states = ", ".join(f"{count} {state}" for state, count in ledger.deliveries.items()) or "none"
        click.echo(f"events: {ledger.transitions} = {ledger.matched} matched + {ledger.unmatched} unmatched")
        click.echo(f"deliveries: {states}")
        for line in ledger.amiss:
            click.echo(f"amiss: {line}")
        click.echo("nothing amiss" if not ledger.amiss else f"{len(ledger.amiss)} things amiss")
    sys.exit(1 if ledger.amiss else 0)
