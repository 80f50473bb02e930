import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from relay.cli.common import config_option, load

if TYPE_CHECKING:
    from relay.store.backup import Progress


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
    size = back_up(
        database, file.absolute(), overwrite=force, progress=_bar() if sys.stderr.isatty() else None
    )
    click.echo(f"{file}: {size / 1e6:.1f} MB")


def _bar() -> "Progress":
    shown = -1

    def progress(_: int, left: int, pages: int) -> None:
        nonlocal shown
        percent = 100 * (pages - left) // max(1, pages)
        if percent != shown:
            shown = percent
            click.echo(f"\r{percent:3d} %" + ("\n" if not left else ""), nl=False, err=True)

    return progress
