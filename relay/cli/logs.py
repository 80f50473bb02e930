"""Logs for people, for the journal, and as JSON: one line each, without control characters."""

import json
import logging
import re
from collections.abc import Iterable, Mapping
from typing import Literal

import click

from relay.model import Secret, utc_text
from relay.secrecy import Hide, hiding
from relay.wide import Wide

Format = Literal["text", "json"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Line(logging.Formatter):
    def __init__(self, *, journal: bool) -> None:
        super().__init__("%(message)s" if journal else "%(asctime)s %(levelname)-7s %(message)s")
        self._journal = self.for_machines = journal
        self.hide: Hide = str

    def format(self, record: logging.LogRecord) -> str:
        text = _CONTROL.sub("�", self.hide(super().format(record)))
        return _marked(text, record) if self._journal else text


class _Json(logging.Formatter):
    """One object a line, in ASCII: no value can break a line or steer a terminal. A wide line comes with its
    fields; one named as what all lines have does not replace that.
    """

    for_machines = True

    def __init__(self, *, journal: bool) -> None:
        super().__init__()
        self._journal = journal
        self.hide: Hide = str

    def format(self, record: logging.LogRecord) -> str:
        fields = dict(record.msg.fields) if isinstance(record.msg, Wide) else {}
        line = fields | {
            "time": utc_text(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.msg.what if isinstance(record.msg, Wide) else record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        hidden = {name: self.hide(value) if isinstance(value, str) else value for name, value in line.items()}
        text = json.dumps(hidden, default=lambda value: self.hide(str(value)))
        return _marked(text, record) if self._journal else text


def _marked(text: str, record: logging.LogRecord) -> str:
    """Each line with its priority, as the journal reads it."""
    mark = f"<{_PRIORITIES.get(record.levelno, 6)}>"
    return "\n".join(mark + line for line in text.split("\n"))


def set_up(environ: Mapping[str, str], *, level: int = logging.INFO, form: Format = "text") -> None:
    """To stderr; under systemd's journal each line begins with its priority. Terminals of a desktop inherit
    the journal's variable, and are none.
    """
    handler = logging.StreamHandler()
    kind = _Json if form == "json" else _Line
    handler.setFormatter(kind(journal="JOURNAL_STREAM" in environ and not handler.stream.isatty()))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("relay").setLevel(level)


def say(text: str, level: int) -> None:
    """What a command says on stderr to whoever started it: where machines read that, as a line of the log."""
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    if any(isinstance(one, _Line | _Json) and one.for_machines for one in formatters):
        logging.getLogger("relay").log(level, "%s", text)
    else:
        click.echo(text, err=True)


def hide(secrets: Iterable[Secret]) -> None:
    """From now on: an error of anyone's may quote a URL or a header in its words."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Line | _Json):
            handler.formatter.hide = hiding(secrets)
