"""A message: what a person or a machine is told, whatever the destination. Values only."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from relay.model import Event, Severity

SHOWN = 100
"""Events of a group that a message holds whole."""

_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?", re.DOTALL)
_LONGEST = 1_000_000


def cleaned(text: str, limit: int) -> str:
    """`text` for people: without bidi, zero-width, control and ANSI characters; line ends stay."""
    lines = _ANSI.sub("", text[:_LONGEST]).splitlines()
    clean = "\n".join(
        "".join(c if c.isprintable() else " " for c in line[: limit * 4]) for line in lines[:200]
    )
    return cut(re.sub(r"[^\S\n]+", " ", clean).strip(), limit)


def one_line(text: str, limit: int) -> str:
    """The same in one line."""
    return cut(" ".join(cleaned(text, limit * 4).split()), limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; where some are left out the last is an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


class Tally(msgspec.Struct, frozen=True, gc=False):
    """So many events of one type, and where they failed of one kind of error."""

    count: int
    type: str
    error_kind: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event as a row of a table: as stored, not cleaned. `timestamp` is UTC, ISO 8601."""

    timestamp: str
    type: str
    source: str | None = None
    job_id: str | None = None
    name: str | None = None
    status: str | None = None
    error: str | None = None
    url: str | None = None


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A message in relay's own words: plain text, cleaned, not escaped for anything, with sane lengths.

    `title`: one line that says what happened. `subtitle`: product, change of status, how long it took.
    `error`: of a single event, may have several lines. `facts`: labels and values. `why`: which rule of
    which relay sent it. `when`: a time for people, or from when to when. `lines`: of a group, how many of
    what, the most frequent first; of a batch that finished, its failed files. Empty or None where there is
    nothing of it.
    """

    title: str
    subtitle: str = ""
    error: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    url: str | None = None
    why: str = ""
    when: str = ""
    lines: tuple[str, ...] = ()
    is_test: bool = False


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery ready for its destination. `id` is the delivery's, the same over all attempts.

    `events`: whole, the first 100 of a group; `count` says of how many. `group`: what they have in common,
    None for an event that goes by itself. `first` and `last`: timestamps. `tallies`: of all events of a
    group, the most frequent first. `rest`: the group's events after those of `events`, up to a limit, for
    destinations that take tables. `title` and `body`: by the rule's templates, values escaped as the
    destination's flavour asks, None where the rule has none. `place`: where the destination put the message
    that this one brings up to date, as its last receipt said. `progress`: of a batch, how many of how many
    files have ended. `text`: for destinations that people read.
    """

    id: str
    events: tuple[Event, ...]
    rule: str
    relay: str
    severity: Severity
    group: Mapping[str, Any] | None = None
    count: int = 1
    first: str = ""
    last: str = ""
    tallies: tuple[Tally, ...] = ()
    rest: tuple[Entry, ...] = ()
    title: str | None = None
    body: str | None = None
    place: str | None = None
    progress: tuple[int, int] | None = None
    text: Text = Text(title="")
