from pathlib import Path

import click

from relay.cli.common import config_option, load, percent


@click.command()
@config_option
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.argument("file", type=click.Path(path_type=Path))
def backup(config: str | None, force: bool, file: Path) -> None:
    """Copy the database to FILE, while relay runs: one file, of one moment, readable by its owner alone."""
    from relay.errors import Refused  # noqa: PLC0415
    from relay.store.backup import back_up  # noqa: PLC0415

    database = load(config, secrets=False).database
    if not database.exists():
        raise Refused(f"{database}: there is no database yet; 'relay run' or 'relay poll' makes it")
    show = percent()
    size = back_up(
        database,
        file.absolute(),
        overwrite=force,
        progress=lambda _, left, pages: show(pages - left, pages),
    )
    click.echo(f"{file}: {size / 1e6:.1f} MB")
