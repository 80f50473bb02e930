"""A source's loop: look, wait, look again. One source's trouble is its own."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from relay.errors import LookFailed, StoreFailed
from relay.ingest import Ingest, Look
from relay.model import Clock
from relay.poll.asking import Asking
from relay.poll.follow import Follow
from relay.poll.hints import Hints
from relay.poll.looking import Looking
from relay.poll.resync import SHARE, Resync
from relay.progress import Progress
from relay.sources import Client, SourceSpec
from relay.store import NewEvent, Store
from relay.wide import Wide

log = logging.getLogger("relay.poll")

MIN_PAUSE = 0.05
LONGEST_BACKOFF = 60.0
WARNED = 1000
LONGEST_RETRY_AFTER = 3600.0
DENIED_WAIT, DENIED_LATER_WAIT, DENIED_LATER = 60.0, 300.0, 10
FEWEST_QUESTIONS = 5
"""A look asks as many questions as its source's share of the budget allows until the next, or these few."""

LONGEST_SILENCE = 900.0
"""Seconds in which a look that moves has had an answer: three tries, and what a server makes it wait."""

TURNS = 15
"""Requests of each source of a key that may go before one of a look, and before its three tries, at most."""

SAYS_EVERY = 30.0
"""Seconds of a look between two lines of the log that say how far it has come."""

DOWN_AFTER = 3
"""Looks in a row that fail before it is told; a refused key is told of at once."""

LONGEST_UNTOLD = 300.0
"""Seconds that an API may ask to be left alone for, before it is told of at once."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """How a look went: `trouble` is None when it was whole; `word` says which kind it is, of few."""

    seconds: float
    requests: int
    items: int
    changes: int
    pages: int = 0
    skipped: int = 0
    word: str = "good"
    trouble: str | None = None
    denied: bool = False
    absent: bool = False
    retry_after: float | None = None


class Poller:
    """Looks at one source again and again; looks of a source never overlap.

    `changed` is called when there may be something to send, `looked` after each look. `sharing`: how many
    sources share the key's budget. `last` is how the last look went, `last_good` when one was last whole, or
    found that there is no such list.
    """

    def __init__(
        self,
        *,
        client: Client,
        ingest: Ingest,
        store: Store,
        clock: Clock,
        random: random.Random,
        changed: Callable[[], None],
        sharing: int = 1,
        looked: Callable[[Looked], None] = lambda _: None,
    ) -> None:
        self.spec: SourceSpec = ingest.spec
        self._client = client
        self._ingest = ingest
        self._store = store
        self._clock = clock
        self._random = random
        self._changed = changed
        self._looked = looked
        self.progress = Progress()
        self.last_good: float | None = None
        self.last: Looked | None = None
        self._failures = ingest.row.failures
        self._absent = False
        self._under_way: Look | None = None
        self._said_at = 0.0
        self._warned = set[str]()
        asking = Asking(client=client, ingest=ingest, changed=changed, moved=self._goes_on)
        self.looking = Looking(asking=asking, store=store, clock=clock, most=FEWEST_QUESTIONS)
        self._resync = Resync(asking=asking, store=store, clock=clock, per_second=0.0)
        self.share(sharing)
        self.hints = None
        if secret := self.spec.signing_secret:
            self.hints = Hints(secret=secret, asking=asking, store=store, clock=clock)
        self._follow = None
        if self.spec.kind.product == "batch":
            self._follow = Follow(
                client=client, ingest=ingest, store=store, clock=clock, changed=changed, moved=self._moved
            )

    def share(self, sharing: int) -> None:
        """So many sources share the key's budget from now on."""
        share = self.spec.requests_per_minute / 60 / sharing
        self.looking.most = max(FEWEST_QUESTIONS, int(share * self.spec.every))
        self._resync.per_second = share * SHARE
        self._silence = LONGEST_SILENCE + TURNS / share

    def budget_left(self) -> float:
        """Requests that its key may make now."""
        return self._client.budget.left(self.spec)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_for_ever())
            if self.hints is not None:
                group.create_task(self.hints.run())

    async def _look_for_ever(self) -> None:
        self._moved()
        while True:
            began = self._clock.now()
            try:
                wait = self._wait(await self.look())
            except StoreFailed as error:
                log.warning("look source=%s: the store failed (%s); it is tried again", self.spec.name, error)
                wait = min(self.spec.every, LONGEST_BACKOFF)
            except Exception as error:  # the top of this loop: what was not stored is seen again
                log.exception("look source=%s: a fault of relay's own; it is tried again", self.spec.name)
                await self._fault(error)
                wait = LONGEST_BACKOFF
            spent = max(0.0, self._clock.now() - began)
            pause = max(MIN_PAUSE, wait - spent)
            self.progress.within(pause + self._silence)
            await self._clock.sleep(pause)
            self._moved()

    async def _fault(self, error: Exception) -> None:
        trouble = f"a fault of relay's own ({type(error).__name__}); its log says more"
        looked = Looked(seconds=0.0, requests=0, items=0, changes=0, trouble=trouble, word="fault")
        self._told(looked)
        with suppress(StoreFailed):
            await self._failed(looked)

    def _wait(self, looked: Looked) -> float:
        if looked.trouble is None:
            return self.spec.every
        if looked.denied:
            return DENIED_WAIT if self._failures < DENIED_LATER else DENIED_LATER_WAIT
        if looked.absent:
            return DENIED_LATER_WAIT
        backoff = min(LONGEST_BACKOFF, 2.0 ** min(self._failures - 1, 10)) * self._random.uniform(0.75, 1.25)
        return max(backoff, min(looked.retry_after or 0.0, LONGEST_RETRY_AFTER))

    async def look(self) -> Looked:
        """One look, told in one line of the log. What its pages showed is kept even where it fails."""
        began = self._clock.now()
        look = Look(after_outage=self._ingest.after_outage(began))
        self._under_way, self._said_at = look, began
        failed: LookFailed | None = None
        try:
            await self._look(look)
        except LookFailed as error:
            failed = error
        finally:
            self._under_way = None
        looked = Looked(
            seconds=self._clock.now() - began,
            requests=look.requests,
            items=look.items,
            changes=look.changes,
            pages=look.pages,
            skipped=len(look.undecodable),
            word=failed.word if failed else "good",
            trouble=failed.reason if failed else None,
            denied=failed is not None and failed.denied,
            absent=failed is not None and failed.absent,
            retry_after=failed.retry_after if failed else None,
        )
        self._told(looked)
        await self._conclude(look, looked)
        return looked

    def _moved(self) -> None:
        self.progress.within(self._silence)

    def _goes_on(self) -> None:
        """A look that takes long says so, as far as it has come."""
        self._moved()
        look, now = self._under_way, self._clock.now()
        if look is not None and not 0 <= now - self._said_at < SAYS_EVERY:
            self._said_at = now
            line = Wide(
                "look goes on",
                source=self.spec.name,
                pages=look.pages,
                items=look.items,
                changes=look.changes,
            )
            log.info(line)

    def _told(self, looked: Looked) -> None:
        self.last = looked
        if looked.trouble is None or looked.absent:
            self.last_good = self._clock.now()
        self._looked(looked)

    async def _look(self, look: Look) -> None:
        if self.hints is not None:
            await self.hints.look_begins()
        extra = await self._resync.next()
        took = await self.looking.look(look, extra)
        await self._resync.done(len(extra), took)
        if self._follow is not None:
            requests, finished = await self._follow.round()
            self.looking.beside = requests
            look.requests += requests
            look.changes += finished

    async def _conclude(self, look: Look, looked: Looked) -> None:
        if looked.trouble is None:
            self._failures, self._absent = 0, False
        elif looked.absent:
            self._say_absent(looked)
            return
        else:
            await self._failed(looked)
        self._log(look, looked)

    def _say_absent(self, looked: Looked) -> None:
        """A product that an account does not have is no failure; said once."""
        if not self._absent:
            log.warning("source=%s: the API has no such list (%s)", self.spec.name, looked.trouble)
        self._absent = True

    async def _failed(self, looked: Looked) -> None:
        down = None
        away = (looked.retry_after or 0.0) > LONGEST_UNTOLD
        if looked.denied or away or self._failures + 1 >= DOWN_AFTER:
            down = self._down(looked)
        self._failures = await self._store.look_failed(
            source=self._ingest.row.id, trouble=looked.trouble or "", down=down, now=self._clock.now()
        )
        if down is not None:
            self._changed()

    def _down(self, looked: Looked) -> Callable[[int], NewEvent]:
        now = self._clock.now()
        return lambda nth: self._ingest.news.of_source("down", looked.trouble, nth, now)

    def _warn_of_skipped(self, look: Look) -> None:
        """Each once, as far as can be remembered."""
        for name in look.undecodable:
            if name not in self._warned and len(self._warned) < WARNED:
                self._warned.add(name)
                log.warning("source=%s skipped an item: %s", self.spec.name, name)

    def _log(self, look: Look, looked: Looked) -> None:
        line = Wide(
            "look",
            source=self.spec.name,
            seconds=looked.seconds,
            requests=looked.requests,
            pages=looked.pages,
            items=looked.items,
            changes=looked.changes,
            skipped=looked.skipped or None,
            failures=None if looked.trouble is None else self._failures,
            trouble=looked.trouble,
        )
        self._warn_of_skipped(look)
        log.log(logging.INFO if looked.trouble is None else logging.WARNING, line)
