"""Questions, and where secrets are kept that were typed."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from relay.config.environ import NotThere, look_up
from relay.errors import Refused
from relay.model import Secret


class Answers:
    """Of who sits there, or of a pipe. `environ`: as commands have it once what was typed is kept."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self.secrets = folder / "secrets"
        self.typed: dict[str, str] = {}
        self._environ = {"CREDENTIALS_DIRECTORY": str(self.secrets), **environ}

    @property
    def environ(self) -> dict[str, str]:
        return {**self._environ, **self.typed}

    def ask(self, words: str, default: str | None = None) -> str:
        answer: str = click.prompt(words, default=default, err=True, value_proc=_text)
        return answer

    def secret(self, name: str, words: str) -> Secret:
        """As `$NAME` is found by a configuration, among what was kept before too; else by asking."""
        if (value := self._found(name)) is not None:
            click.echo(f"{words}: as ${name} says", err=True)
            return Secret(value)
        hidden = sys.stdin.isatty()
        self.typed[name] = click.prompt(words, hide_input=hidden, err=True, value_proc=_text)
        return Secret(self.typed[name])

    def made(self, name: str, make: Callable[[], str]) -> bool:
        """Whether it had to be made."""
        if self._found(name) is not None:
            return False
        self.typed[name] = make()
        return True

    def _found(self, name: str) -> str | None:
        try:
            return look_up(name, self._environ)
        except NotThere:
            return None

    def keep(self) -> list[Path]:
        """The files of what was typed, readable by their owner alone. Raises Refused where one is there."""
        if not self.typed:
            return []
        self.secrets.mkdir(mode=0o700, exist_ok=True)
        for name, value in self.typed.items():
            try:
                file = os.open(self.secrets / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                raise Refused(
                    f"{self.secrets / name}: is there already; move it away, or set CREDENTIALS_DIRECTORY"
                ) from None
            with os.fdopen(file, "w", encoding="utf-8") as kept:
                kept.write(value)
        return [self.secrets / name for name in self.typed]


def _text(answer: str) -> str:
    if not answer.strip():
        raise click.UsageError("An answer is needed.")
    if not answer.strip().isprintable() or len(answer) > 4000:
        raise click.UsageError("It holds what can't be typed.")
    return answer.strip()
