"""The conversation."""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path

import click

from relay.cli.init.account import Seen, seen
from relay.cli.init.answers import Answers
from relay.cli.init.whom import whom
from relay.cli.init.writing import configuration
from relay.cli.test import in_words, sent
from relay.config import load
from relay.errors import ConfigError, Refused
from relay.message import one_line

BASE_URL = "https://api.cloud.llamaindex.ai"


@click.command()
@click.option("--config", default="rules.toml", metavar="FILE", help="What to write; default ./rules.toml.")
def init(config: str) -> None:
    """Ask a few questions, show what the key can see, send a test, and write a configuration with comments.

    Nothing that is there is overwritten. Secrets that are not in the environment are kept in files beside it.
    """
    path = Path(config).absolute()
    if path.exists():
        raise Refused(
            f"{path}: is there already, and is left as it is; move it away, or name another by --config"
        )
    answers = Answers(os.environ, path.parent)
    base_url, watched = _account(answers)
    text = _told(answers, path, base_url, watched)
    _write(path, text, answers)


def _account(answers: Answers) -> tuple[str, list[str]]:
    """Where the API is, and which lists to watch. Raises Refused where the key sees nothing."""
    base_url = answers.ask("LlamaCloud's address, in Europe api.cloud.eu.llamaindex.ai", BASE_URL)
    base_url = base_url if "://" in base_url else f"https://{base_url}"
    lists = asyncio.run(seen(base_url, answers.secret("LLAMA_CLOUD_API_KEY", "API key")))
    click.echo("\nWhat this key can see:")
    for one in lists:
        click.echo(f"  {one.kind:9} {one_line(one.in_words, 200)}")
    click.echo()
    there = [one.kind for one in lists if one.failed is None]
    if not there:
        raise Refused(_why_nothing(lists))
    return base_url, _chosen(there)


def _why_nothing(lists: Collection[Seen]) -> str:
    if any(one.failed and one.failed.denied for one in lists):
        return "the key is refused; make one in LlamaCloud's web UI, under API keys. Nothing was written"
    return "nothing could be read there; check the address and the network. Nothing was written"


def _chosen(there: list[str]) -> list[str]:
    def kinds(answer: str) -> list[str]:
        words = answer.replace(",", " ").split()
        if unknown := [word for word in words if word not in there]:
            raise click.UsageError(f"{one_line(unknown[0], 60)} is none of {', '.join(there)}.")
        return words

    chosen: list[str] = click.prompt("Which to watch", default=" ".join(there), value_proc=kinds, err=True)
    return chosen


def _told(answers: Answers, path: Path, base_url: str, watched: list[str]) -> str:
    """The configuration, once a test has arrived or is given up."""
    while True:
        before = dict(answers.typed)
        name, destination = whom(answers)
        text = configuration(base_url=base_url, watched=watched, name=name, destination=destination)
        if _arrives(text, path, name, answers):
            return text
        answers.typed = before


def _arrives(text: str, path: Path, name: str, answers: Answers) -> bool:
    """Whether to go on with it."""
    trial = path.with_name(f".{path.name}.{os.getpid()}")
    _create(trial, text)
    try:
        loaded = load(trial, environ=answers.environ, secrets=True)
    except ConfigError as error:
        for mistake in error.mistakes:
            click.echo(one_line(mistake.removeprefix(f"{trial}:").partition(": ")[2], 300), err=True)
        return False
    finally:
        trial.unlink()
    came = asyncio.run(sent(loaded, name))
    click.echo(f"\nA test: {in_words(came)}\n")
    return bool(came["delivered"]) or click.confirm("Write it all the same?", default=False, err=True)


def _write(path: Path, text: str, answers: Answers) -> None:
    kept = answers.keep()
    _create(path, text)
    click.echo(f"Written: {path}")
    for file in kept:
        click.echo(f"         {file} (a secret; only you can read it)")
    click.echo("\nThen:")
    if kept:
        click.echo(f"  export CREDENTIALS_DIRECTORY={answers.secrets}")
    option = "" if path.name == "rules.toml" else f" --config {path}"
    click.echo(f"  relay check{option}\n  relay run{option}")


def _create(path: Path, text: str) -> None:
    """Raises Refused where something is there, or can't be."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Refused(f"{path}: can't be written: {error.strerror}") from None
