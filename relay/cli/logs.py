"""Logs for people and for the journal: one line each, without control characters."""

import logging
import re
from collections.abc import Iterable, Mapping

from relay.model import Secret
from relay.secrecy import Hide, hiding

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Line(logging.Formatter):
    def __init__(self, *, journal: bool) -> None:
        super().__init__("%(message)s" if journal else "%(asctime)s %(levelname)-7s %(message)s")
        self._journal = journal
        self.hide: Hide = str

    def format(self, record: logging.LogRecord) -> str:
        text = _CONTROL.sub("�", self.hide(super().format(record)))
        if not self._journal:
            return text
        mark = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(mark + line for line in text.split("\n"))


def set_up(environ: Mapping[str, str], *, level: int = logging.INFO) -> None:
    """To stderr; under systemd's journal each line begins with its priority."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Line(journal="JOURNAL_STREAM" in environ))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("relay").setLevel(level)


def hide(secrets: Iterable[Secret]) -> None:
    """From now on: an error of anyone's may quote a URL or a header in its words."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Line):
            handler.formatter.hide = hiding(secrets)
