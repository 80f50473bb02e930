import click

from relay.cli.common import config_option, load
from relay.cli.pace import pace


@click.command()
@config_option
@click.option("--no-secrets", is_flag=True, help="Do not resolve $NAME from the environment.")
def check(config: str | None, no_secrets: bool) -> None:
    """Check the configuration: every mistake at once, each with its line; then what may be unintended.

    Exit status 2 if it would be refused.
    """
    loaded = load(config, secrets=not no_secrets, say=True)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}")
    click.echo(f"ok: {loaded.counted()}")
    for spec in loaded.sources:
        click.echo(f"  {spec.name}: {spec.kind.name} of {spec.base_url}, every {spec.every:g} s")
    for line in pace(loaded.sources, {}):
        click.echo(line)
