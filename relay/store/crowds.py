"""What a message says of very many events, read apart from the writer, a slice at a time."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from sqlite3 import Connection
from typing import Any, TypeVar

import msgspec

from relay.errors import StoreFailed
from relay.message import SHOWN, Entry, Message, Tally, folded
from relay.store.named import SQL
from relay.store.records import Claimed, Turn

TALLIES = 100
"""Kinds of events that are told one by one; the rarer ones are together, by their type."""

ROWS = 10_000
"""Events of a group that go into a table, beside those shown."""

SLICE = 2000
"""Events read at a time."""

T = TypeVar("T")
Read = Callable[[Callable[[Connection], Any]], Awaitable[Any]]
_Kinds = Counter[tuple[str, str | None]]


def tallied(kinds: _Kinds) -> tuple[Tally, ...]:
    """The most frequent first."""

    def order(item: tuple[tuple[str, str | None], int]) -> tuple[int, str, str]:
        (event_type, kind), count = item
        return -count, event_type, kind or ""

    return folded([Tally(count, *kind) for kind, count in sorted(kinds.items(), key=order)], TALLIES)


async def with_crowds(turn: Turn, read: Read) -> Turn:
    """With what its messages say of all their events: who is in a message is settled by its first claim.

    What can't be read is in `unread` instead.
    """
    claimed: list[Claimed] = []
    unread: list[Claimed] = []
    for one in turn.claimed:
        try:
            claimed.append(await _whole(one, read, tables=turn.tables))
        except StoreFailed:
            unread.append(one)
    return replace(turn, claimed=tuple(claimed), unread=tuple(unread))


async def _whole(claimed: Claimed, read: Read, *, tables: bool) -> Claimed:
    message = claimed.message
    if message.count <= SHOWN:
        return claimed
    kinds = await _kinds(message.id, read)
    rest = await _rest(message, read) if tables else ()
    return replace(claimed, message=msgspec.structs.replace(message, tallies=tallied(kinds), rest=rest))


async def _kinds(delivery: str, read: Read) -> _Kinds:
    kinds: _Kinds = Counter()
    after = 0
    while rows := await read(_slice("tallies", delivery, after, SLICE)):
        for count, event_type, kind, last in rows:
            kinds[event_type, kind] += count
            after = max(after, last)
    return kinds


async def _rest(message: Message, read: Read) -> tuple[Entry, ...]:
    """In slices: the rows that follow those shown."""
    entries: list[Entry] = []
    shown = await read(_slice("entries", message.id, 0, SHOWN))
    after = shown[-1][-1]
    while len(entries) < ROWS and (
        rows := await read(_slice("entries", message.id, after, min(SLICE, ROWS - len(entries))))
    ):
        entries += (Entry(**_named(row)) for row in rows)
        after = rows[-1][-1]
    return tuple(entries)


def _named(row: tuple[Any, ...]) -> Mapping[str, Any]:
    return dict(zip(Entry.__struct_fields__, row[:-1], strict=True))


def _slice(name: str, delivery: str, after: int, limit: int) -> Callable[[Connection], Any]:
    return lambda db: db.execute(SQL[name], (delivery, after, limit)).fetchall()
