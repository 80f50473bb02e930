"""While relay runs it becomes what is written: by SIGHUP, and when the file has changed."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from relay.config import Config, refuse_changes
from relay.errors import ConfigError
from relay.model import utc_text
from relay.service.systemd import Systemd
from relay.web import View

log = logging.getLogger("relay.service")

Become = Callable[[Config], Awaitable[None]]

LOOK_EVERY = 0.9
"""Seconds between two looks at the file; it is read once two in a row show the same, so not half written."""


class Again:
    """Says when the configuration is to be read again, and reads it. Made before it is first read."""

    def __init__(self, path: Path, load: Callable[[], Config]) -> None:
        self.load = load
        self._path = path
        self._asked = False
        self._read = self._last = self._mark()

    def ask(self) -> None:
        """Someone wants it."""
        self._asked = True

    def is_due(self) -> bool:
        """Whether someone asked, or the file is another than was read and has come to rest."""
        mark = self._mark()
        rests, self._last = mark == self._last, mark
        due = self._asked or (rests and mark != self._read)
        if due:
            self._asked, self._read = False, mark
        return due

    def _mark(self) -> object:
        """Another for another file or content; a file that is not there has one, too."""
        try:
            stat = self._path.stat()
        except OSError as error:
            return error.errno
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


async def reloading(view: View, become: Become, again: Again, systemd: Systemd) -> None:
    """Until cancelled. What has mistakes is refused whole, and what runs goes on."""
    while True:
        await view.clock.beat(LOOK_EVERY)
        if again.is_due():
            systemd.reloading()
            systemd.reloaded(await _refused(view, become, again))


async def _refused(view: View, become: Become, again: Again) -> str | None:
    """Reload, and say in a few words if it was refused."""
    name = view.config.path.name
    try:
        config = again.load()
        refuse_changes(view.config, config)
        await become(config)
    except (ConfigError, OSError) as error:
        log.error("reload refused, what runs goes on: %s has mistakes:\n%s", name, error)  # noqa: TRY400
        return f"{name} was refused at {utc_text(view.clock.now())[:19]}Z, what was before goes on"
    for warning in config.warnings:
        log.warning("%s", warning)
    log.info("reloaded %s: %s", name, config.counted())
    return None
