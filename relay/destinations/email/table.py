"""The events of a group: the first as rows of a table, all of them as a CSV. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from relay.message import SHOWN, Entry, Message, cut, one_line, web_link
from relay.model import Event

LARGEST = 4 * 1024 * 1024
"""Bytes of a CSV; what goes beyond is left out and said."""

FILE = "events.csv"

_CELL, _READ = 1000, 4000
_FORMULA = re.compile(r"(?:^|(?<=;))(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")


@dataclass(frozen=True)
class Row:
    name: str
    what: str
    when: str
    error: str
    url: str | None


@dataclass(frozen=True)
class Table:
    """`shown` events in `rows`; `listed` in `csv`, which is None where `rows` has them all."""

    rows: tuple[Row, ...] = ()
    csv: bytes | None = None
    note: str = ""


def table_of(message: Message, *, with_rows: bool = True) -> Table:
    """`with_rows` false: a CSV alone, for a message whose rule has a text of its own."""
    if message.count == 1:  # which is told in words
        return Table()
    entries = [entry_of(event) for event in message.events]
    rows = tuple(_rows(entries[:SHOWN])) if with_rows else ()
    if len(rows) >= message.count:
        return Table(rows)
    content, listed = _csv(chain(entries, message.rest))
    return Table(rows, content, _note(len(rows), listed, message.count))


def entry_of(event: Event) -> Entry:
    data = event.data
    return Entry(
        timestamp=event.timestamp,
        type=event.type,
        source=data.source,
        job_id=data.job_id,
        name=data.name,
        status=data.status,
        error=data.error,
        url=data.url,
    )


def _rows(entries: Sequence[Entry]) -> Iterator[Row]:
    """The day only where they are of several, the source only where the type does not say it."""
    one_day = len({entry.timestamp[:10] for entry in entries}) == 1
    for entry in entries:
        source = "" if entry.type.partition(".")[0] == entry.source else entry.source
        when = entry.timestamp[11:19] if one_day else entry.timestamp[:19].replace("T", " ")
        yield Row(
            name=one_line(entry.name or entry.job_id or entry.source or "", 80) or "-",
            what=one_line(" · ".join(filter(None, (entry.type, source))), 80),
            when=one_line(f"{when} UTC", 30),
            error=one_line(entry.error or "", 160),
            url=web_link(entry.url),
        )


def _note(shown: int, listed: int, count: int) -> str:
    """Numbers that add up to `count`."""
    parts = [f"The first {shown:,} of {count:,} are shown here."] if shown else []
    if listed < count:
        left = count - listed
        parts.append(
            f"{FILE} has the first {listed:,}; the other {left:,} are listed by the command: relay events"
        )
    else:
        parts.append(f"{FILE} has all {count:,}.")
    return " ".join(parts)


def _csv(entries: Iterable[Entry]) -> tuple[bytes, int]:
    """The file, and how many events are in it. It begins with a BOM, without which Excel garbles names."""
    parts, size, listed = [], 0, -1
    for line in _lines(entries):
        if size + len(line) > LARGEST:
            break
        parts.append(line)
        size += len(line)
        listed += 1
    return b"".join(parts), listed


def _lines(entries: Iterable[Entry]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _line(Entry.__struct_fields__)
    for entry in entries:
        yield _line(_cell(getattr(entry, field)) for field in Entry.__struct_fields__)


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _cell(value: str | None) -> str:
    """For people, and never a formula: not at its begin, nor where a semicolon may begin a cell."""
    text = (value or "")[:_READ]
    is_clean = text.isascii() and text.isprintable()  # most are, and there may be very many
    return _FORMULA.sub("'", cut(text, _CELL) if is_clean else one_line(text, _CELL))
