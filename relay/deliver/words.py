"""What the rules' templates say of a message: said once, and kept before it is sent for the first time."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import msgspec

from relay.errors import StoreFailed
from relay.message import Message
from relay.model import Clock
from relay.store import Claimed, Store, Turn

Words = Callable[[Message], tuple[str | None, str | None]]
"""Title and body of a message, where its rule has templates."""


async def worded(turn: Turn, words: Words | None, store: Store, clock: Clock, seconds: float) -> Turn:
    """With their words, outside of any transaction: templates may take long.

    What there is no time for, or what can't be kept, is in `unread` instead: its next claim goes on with it.
    """
    new = [one for one in turn.claimed if one.is_new]
    if words is None or not new:
        return turn
    until = clock.monotonic() + seconds
    said = {m.id: m for m in await asyncio.to_thread(lambda: list(_said(new, words, clock, until)))}
    try:
        if own := [m for m in said.values() if (m.title, m.body) != (None, None)]:
            await store.keep_words(messages=own)
    except StoreFailed:
        said = {}
    later = [one for one in new if one.id not in said]
    claimed = [
        replace(one, message=said.get(one.id, one.message)) for one in turn.claimed if one not in later
    ]
    return replace(turn, claimed=tuple(claimed), unread=(*turn.unread, *later))


def _said(new: Sequence[Claimed], words: Words, clock: Clock, until: float) -> Iterator[Message]:
    for one in new:
        title, body = words(one.message)
        yield msgspec.structs.replace(one.message, title=title, body=body)
        if clock.monotonic() > until:
            return
