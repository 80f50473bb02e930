"""What a person at the terminal sees of it: a line for each change, and a frame for what people are told."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from relay.destinations import email, slack
from relay.message import one_line

MOST = 12
"""Lines of a frame."""

_COLOURS = {"COMPLETED": "green", "FAILED": "red", "CANCELLED": "yellow"}
_INDENT = " " * 10


def event(told: Mapping[str, Any], *, again: bool) -> None:
    data = told["data"]
    now = click.style(time.strftime("%H:%M:%S"), dim=True)
    came = click.style("✓ delivered" + (" again" if again else ""), fg="cyan")
    error = f"  {one_line(data['error'], 40)}" if data["error"] else ""
    click.echo(f"{now}  {data['kind']:<8}  {one_line(data['name'], 28):<28}  {_change(data)}  {came}{error}")


def _change(data: Mapping[str, Any]) -> str:
    if outcome := data["outcome"]:
        return f"finished, {outcome['failed']} of {outcome['total']} files failed"
    status = click.style(data["status"], fg=_COLOURS.get(data["status"], "blue"), bold=True)
    return f"{data['previous'] or 'new'} → {status}"


def slack_message(before: Mapping[str, Any] | None, payload: Mapping[str, Any]) -> None:
    """Of a message that was changed in place, its title and what is new in it."""
    lines = slack.shown(payload).splitlines()
    where = "Slack #ops, in the thread" if "thread_ts" in payload else "Slack #ops"
    if before is not None:
        where = "Slack #ops, updated in place"
        old = slack.shown(before).splitlines()
        lines = [lines[0], *(line for line in lines[1:] if line not in old)]
    _frame(click.style(where, fg="magenta", bold=True), lines)


def mail(content: bytes) -> None:
    head, _, text = email.shown(content).partition("\n\n")
    headers = [line for line in head.splitlines() if line.startswith(("To: ", "Subject: "))]
    lines = (*headers, *(line.rstrip() for line in text.splitlines() if line.strip("- ")))
    _frame(click.style("Mail", fg="yellow", bold=True), [f"┃ {line}" for line in lines])


def _frame(head: str, lines: Sequence[str]) -> None:
    more = len(lines) - MOST
    shown = lines if more <= 0 else (*lines[: MOST - 1], f"┃ … {more + 1} more lines")
    click.echo("\n".join(f"{_INDENT}{line}" for line in (head, *shown)))
