"""The templates of a rule: its own words for title and body."""

import logging
import re
from datetime import UTC, tzinfo
from typing import Any

from relay.message import Flavour, Message, one_line
from relay.render import trial, units
from relay.render.engine import environment
from relay.render.fields import fields_of

log = logging.getLogger("relay.render")

TITLE = 150
"""Characters."""


def check(title: str | None, body: str | None) -> list[tuple[str, str]]:
    """Keys, and what is wrong with their templates, tried on messages of every shape."""
    templates = {"title": title, "body": body}
    return [
        (key, text)
        for key, source in templates.items()
        if source is not None
        for text in trial.mistakes(key, source)
    ]


class Templates:
    """Of one rule, for destinations of one flavour. Values are escaped as the flavour asks.

    `counting`: a title of several events says how many, also where no template asks for their `count`. To be
    used by one thread at a time.
    """

    def __init__(
        self,
        *,
        title: str | None,
        body: str | None,
        rule: str,
        flavour: Flavour,
        zone: tzinfo = UTC,
        counting: bool = False,
    ) -> None:
        self._sources = {"title": title, "body": body}
        self._rule = rule
        self._flavour = flavour
        self._environments = {
            "title": environment(flavour.title, zone),
            "body": environment(flavour.body, zone),
        }
        self._reads_items = self._names("job")
        self._counting = counting and not self._names("count")
        self._said = False

    def render(self, message: Message) -> tuple[str | None, str | None]:
        """Title and body; None for each that has no template, says nothing, or fails (which is logged once).

        Never raises.
        """
        if not any(self._sources.values()):
            return None, None
        try:
            fields = fields_of(message, items=self._reads_items)
        except trial.FAILURES as error:
            self._warn("fields", error)
            return None, None
        title, body = (self._rendered(key, fields) for key in ("title", "body"))
        said = one_line(title or "", TITLE * 2)
        if said and self._counting and message.count > 1:
            said = f"{units.many(message.count, 'event')}: {said}"
        cut = self._flavour.cut
        return cut(said, TITLE) or None, cut(body or "", self._flavour.longest) or None

    def _names(self, field: str) -> bool:
        return any(re.search(rf"\b{field}\b", source or "") for source in self._sources.values())

    def _rendered(self, key: str, fields: dict[str, Any]) -> str | None:
        source = self._sources[key]
        if source is None:
            return None
        try:
            return self._environments[key].render_str(source, key, **fields).strip()
        except trial.FAILURES as error:
            self._warn(key, error)
            return None

    def _warn(self, what: str, error: Exception) -> None:
        if not self._said:
            self._said = True
            log.warning(
                "rule=%s %s: its template failed, the default text is sent (said once): %s",
                self._rule,
                what,
                one_line(trial.told(error), 300),
            )
