"""A message: what a person or a machine is told, whatever the destination. Values only."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from unicodedata import category
from urllib.parse import urlsplit

import msgspec

from relay.model import Event, Severity

SHOWN = 100
"""Events of a group that a message holds whole."""

_ESCAPED = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours and the cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n]*(?:\x07|\x9c|\x1b\\)"  # titles
    r"|\x1b[ -/]*[0-~]?"
)
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U0001bca0-\U0001bca3\U000e0100-\U000e01ef]"
)
_WEB = re.compile(r"https?://[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7b\x7d\x7e]{1,2000}")
_CONTROLS = dict.fromkeys((*range(10), *range(11, 32), 127), " ")
_MARKS_ON_ONE = 4


def cleaned(text: str, limit: int) -> str:
    """`text` for people, of at most `limit` characters, in time that `limit` bounds.

    Bidi, zero-width, control and ANSI characters are gone; half surrogates and what no standard knows are
    shown as such; no pile of marks reaches into other lines. Line ends stay, at most two in a row.
    """
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # as nearly all are
    read = 8 * limit + 1000
    lines = "\n".join(_ESCAPED.sub("", text[:read]).splitlines())
    clean = lines.translate(_CONTROLS) if lines.isascii() else _seen(lines)
    clean = re.sub(r" *\n *", "\n", re.sub(r"[^\S\n]+", " ", clean))
    clean = re.sub(r"\n{3,}", "\n\n", clean).strip()
    return cut(clean if len(text) <= read else clean + "…", limit)


def _seen(text: str) -> str:
    kept, marks = [], 0
    for char in text:
        seen = _as_seen(char)
        if not seen:
            continue
        marks = marks + 1 if category(seen)[0] == "M" else 0
        if marks <= _MARKS_ON_ONE:
            kept.append(seen)
    return "".join(kept)


@lru_cache(4096)
def _as_seen(char: str) -> str:
    kind = category(char)
    if char == "\n":
        return char
    if kind[0] == "Z" or kind == "Cc" or char == "\N{BRAILLE PATTERN BLANK}":
        return " "
    if kind == "Cf" or _UNSEEN.match(char):
        return ""
    return "\N{REPLACEMENT CHARACTER}" if kind[0] == "C" else char


def one_line(text: str, limit: int) -> str:
    """The same in one line."""
    return cut(" ".join(cleaned(text, limit * 4).split()), limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; where some are left out the last is an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip(" \n…") + "…"


def web_link(url: str | None) -> str | None:
    """The URL if it is a plain one of the web, with nothing in it that could end or begin another thing."""
    try:
        return url if url and _WEB.fullmatch(url) and urlsplit(url).hostname else None
    except ValueError:
        return None


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True)
class Flavour:
    """How a destination takes what templates say. `title`, `body`: a value, so that it is read as it is and
    does nothing; `cut`: to a length what has been through these; `longest`: characters of a body.
    """

    title: Callable[[str], str] = _as_it_is
    body: Callable[[str], str] = _as_it_is
    cut: Callable[[str, int], str] = cut
    longest: int = 10_000


PLAIN = Flavour()


class Tally(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """So many events of one type, and where they failed of one kind of error.

    `kinds`: of how many rarer kinds together, 0 where that can't be told; None for one that is by itself.
    """

    count: int
    type: str
    error_kind: str | None = None
    kinds: int | None = None


def folded(tallies: Sequence[Tally], most: int) -> tuple[Tally, ...]:
    """The first `most` as they are, then what else there is of each type, together: no count is lost."""
    alone = [tally for tally in tallies if tally.kinds is None]
    rest: dict[str, tuple[int, int, bool]] = {}
    for tally in (*alone[most:], *(tally for tally in tallies if tally.kinds is not None)):
        count, kinds, known = rest.get(tally.type, (0, 0, True))
        more = 1 if tally.kinds is None else tally.kinds
        rest[tally.type] = (count + tally.count, kinds + more, known and more > 0)
    together = (
        Tally(count, event_type, None, kinds if known else 0)
        for event_type, (count, kinds, known) in rest.items()
    )
    return (*alone[:most], *sorted(together, key=lambda tally: -tally.count))


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
    what, the most frequent first; of a batch that finished, its failed files. `progress`: of a batch that
    goes on, how many of its files have ended. `aloud`: of a message that has changed in place, what is new.
    Empty or None where there is nothing of it.
    """

    title: str
    subtitle: str = ""
    error: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    url: str | None = None
    why: str = ""
    when: str = ""
    lines: tuple[str, ...] = ()
    progress: str = ""
    aloud: tuple[str, ...] = ()
    is_test: bool = False


class Aloud(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why it is not enough to change a message in place, of which nobody is notified.

    `ended`: it is the end of a batch that did not go well. `worse`: than all before. `kinds`: of errors, not
    told of before. `count`: events since people were notified last, `seconds` ago. `severity`: of the news.
    """

    severity: Severity
    ended: bool = False
    worse: bool = False
    kinds: tuple[Tally, ...] = ()
    count: int = 1
    seconds: float = 0.0


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery ready for its destination. `id` is the delivery's, the same over all attempts.

    `events`: whole, the first 100 of a group; `count` says of how many. `group`: what they have in
    common, None for an event that goes by itself. `first` and `last`: timestamps. `tallies`: of all
    events of a group, the most frequent first; they add up to `count`. `rest`: the group's events after
    those of `events`, up to a limit, for destinations that take tables. `title` and `body`: by the rule's
    templates, values escaped as the destination's flavour asks, None where the rule has none. `place`:
    where the destination put the message that this one brings up to date, as its last receipt said.
    `progress`: of a batch, how many of how many files have ended; `only_progress`: it has arrived, and
    nothing else of it is new. `earlier`: the first events that the message in `place` told before; of a
    batch's the latest, where that is younger than these.
    `arrived_at`: when this delivery arrived already, of one that is sent once more. `aloud`: why people are
    to be told that the message in `place` has changed. `text`: for destinations that people read.
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
    only_progress: bool = False
    earlier: tuple[Event, ...] = ()
    arrived_at: str | None = None
    aloud: Aloud | None = None
    text: Text = Text(title="")

    @property
    def batch(self) -> tuple[str | None, str | None] | None:
        """Source and id of the one batch that it is about; None where it is about anything else."""
        subjects = {
            (e.data.source, e.data.job_id) if e.data.product == "batch" and e.data.job_id else None
            for e in self.events
        }
        return subjects.pop() if len(subjects) == 1 and self.count == len(self.events) else None
