"""Whom to tell: what a destination of each type needs to be asked for."""

import base64
import secrets
from collections.abc import Callable

import click

from relay.cli.init.answers import Answers
from relay.cli.init.writing import Value

Destination = dict[str, Value]

_SIGNS = """\
A secret that signs was made, WEBHOOK_SECRET; once all is written, give the receiver what its file holds.
Until then a receiver that checks signatures refuses the test: that is no reason not to go on.\
"""


def _slack(answers: Answers) -> tuple[str, Destination]:
    answers.secret("SLACK_WEBHOOK_URL", "URL of an incoming webhook (https://hooks.slack.com/…)")
    return "ops", {"type": "slack", "url": "$SLACK_WEBHOOK_URL"}


def _email(answers: Answers) -> tuple[str, Destination]:
    options: Destination = {"type": "email"}
    options["server"] = _literal(answers.ask("Mail server (smtp://user@mail.example:587)"))
    if "@" in str(options["server"]):
        answers.secret("SMTP_PASSWORD", "Its password")
        options["password"] = "$SMTP_PASSWORD"  # noqa: S105 - a name
    options["from"] = _literal(answers.ask("Mails come from"))
    options["to"] = [_literal(each.strip()) for each in answers.ask("Mails go to").split(",")]
    return "oncall", options


def _webhook(answers: Answers) -> tuple[str, Destination]:
    """With a secret that is made here: the receiver has to be given it."""
    url = answers.ask("URL of the receiver")
    if answers.made("WEBHOOK_SECRET", _secret):
        click.echo(_SIGNS, err=True)
    return "hook", {"type": "webhook", "url": _literal(url), "secret": "$WEBHOOK_SECRET"}


def _secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _literal(text: str) -> str:
    """What begins with a dollar would be looked up."""
    return f"${text}" if text.startswith("$") else text


TYPES: dict[str, Callable[[Answers], tuple[str, Destination]]] = {
    "slack": _slack,
    "email": _email,
    "webhook": _webhook,
}


def whom(answers: Answers) -> tuple[str, Destination]:
    """The name and the options of a destination."""
    chosen: str = click.prompt("Whom to tell", type=click.Choice(list(TYPES)), default="slack", err=True)
    return TYPES[chosen](answers)
