"""The command line: each command's module is imported only when it runs."""

import importlib
import signal
import sys
from contextlib import suppress
from typing import Any

import click

from relay import __version__
from relay.errors import ConfigError, Refused, StoreFailed

_COMMANDS = {
    "run": ("relay.cli.run", "Watch the sources and deliver, until told to stop."),
    "demo": ("relay.cli.demo", "Show everything at once: simulated API, relay, receiver. No account needed."),
    "init": ("relay.cli.init", "Ask a few questions and write a configuration."),
    "check": ("relay.cli.check", "Check the configuration; list every mistake with its line."),
    "test": ("relay.cli.test", "Send a sample message to a destination."),
    "poll": ("relay.cli.poll", "Look once at the sources."),
    "status": ("relay.cli.status", "Show sources, destinations and what waits."),
    "jobs": ("relay.cli.lists", "List jobs as last seen."),
    "events": ("relay.cli.lists", "List events."),
    "deliveries": ("relay.cli.lists", "List deliveries."),
    "retry": ("relay.cli.retry", "Send dead deliveries again, under their old ids."),
    "replay": ("relay.cli.replay", "Send old events again, or what a new rule would have sent."),
    "drop": ("relay.cli.drop", "End deliveries that wait."),
    "audit": ("relay.cli.audit", "Prove that every event is accounted for."),
    "backup": ("relay.cli.backup", "Copy the database while relay runs."),
    "simulate": ("relay.cli.simulate", "Serve a simulated LlamaCloud API."),
    "completion": ("relay.cli.completion", "Print what makes a shell complete commands and options."),
    "man": ("relay.cli.man", "Print the manual page."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(_COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in _COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in _COMMANDS:
            import difflib  # noqa: PLC0415 - only where a word is wrong

            near = difflib.get_close_matches(args[0], _COMMANDS, 1)
            hint = f" Did you mean '{near[0]}'?" if near else " See 'relay --help'."
            raise click.UsageError(f"There is no command '{args[0][:100]}'.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=_Commands, name="relay", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="relay %(version)s")
def relay() -> None:
    """Tell people and machines what became of their LlamaCloud jobs."""


def main() -> None:
    """Exit 0 well, 1 failed, 2 wrong usage or configuration."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until a command has a way of its own to end
    try:
        relay(standalone_mode=False)
    except ConfigError as error:
        _leave(str(error), 2)
    except Refused as error:
        _leave(f"relay: {error}", 1)
    except StoreFailed as error:
        _leave(f"relay: the database did not answer: {error}", 1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _leave("relay: stopped", 1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:  # the output's disk is full, a name is too long
        with suppress(OSError, AttributeError):  # else Python tries once more at its end
            sys.stdout.close()
        _leave(f"relay: {error}", 1)
    except UnicodeEncodeError as error:
        if not "\ud800" <= error.object[error.start] <= "\udfff":
            raise
        _leave("relay: an argument holds bytes that are no text; write it as UTF-8", 2)


def _leave(text: str, status: int) -> None:
    import logging  # noqa: PLC0415 - only where a command fails

    from relay.cli import logs  # noqa: PLC0415

    logs.say(text, logging.ERROR)
    sys.exit(status)
