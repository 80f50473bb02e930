"""The manual page, from what the commands say of themselves."""

import inspect
import re
from collections.abc import Iterator

import click

from relay import __version__


@click.command()
def man() -> None:
    """Print the manual page: relay man > relay.1, then man ./relay.1."""
    from relay.cli import relay  # noqa: PLC0415

    click.echo("\n".join(_page(relay)))


def _page(relay: click.Group) -> Iterator[str]:
    top = click.Context(relay, info_name="relay")
    yield from (f'.TH RELAY 1 "" "relay {__version__}" "User Commands"', ".SH NAME")
    yield f"relay \\- {_text(_help(relay)).rstrip('.')}"
    yield from (".SH SYNOPSIS", r"\fBrelay\fR \fICOMMAND\fR [\fIOPTION\fR]... [\fIARGUMENT\fR]...")
    yield from (".SH COMMANDS", _text("relay COMMAND --help says the same of one command."))
    for name in relay.list_commands(top):
        command = relay.get_command(top, name)
        if command is not None:
            yield from _command(click.Context(command, info_name=name, parent=top))
    yield from (".SH EXIT STATUS", ".TP", "0", "well", ".TP", "1", "failed")
    yield from (".TP", "2", "wrong usage or configuration")
    yield from (
        ".SH FILES",
        _text("./rules.toml, /etc/relay/rules.toml; --config or $RELAY_CONFIG name another."),
    )


def _command(ctx: click.Context) -> Iterator[str]:
    yield f".SS {_text(ctx.command_path)} {_text(' '.join(ctx.command.collect_usage_pieces(ctx)))}"
    for paragraph in _help(ctx.command).split("\n\n"):
        plain = paragraph.startswith("\b\n")
        yield from (".PP", *([".nf"] if plain else []))
        yield from map(_text, paragraph.removeprefix("\b\n").splitlines())
        yield from [".fi"] if plain else []
    for param in ctx.command.params:
        if (record := param.get_help_record(ctx)) is not None:
            yield from (".TP", f"\\fB{_text(record[0])}\\fR", _text(record[1]))


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "")


def _text(words: str) -> str:
    """Nothing in it is taken for a request of the formatter."""
    return re.sub(r"^([.'])", r"\\&\1", words.replace("\\", "\\e").replace("-", "\\-"))
