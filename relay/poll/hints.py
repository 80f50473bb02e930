"""Hints: someone says "look at this job now". A hint says nothing of the job; it only makes relay ask."""

import asyncio
import hashlib
import hmac
import logging

import msgspec

from relay.errors import LookFailed, StoreFailed
from relay.ingest import Look
from relay.model import Clock, Secret
from relay.poll.asking import Asking
from relay.store import Store

log = logging.getLogger("relay.poll")

LARGEST_BODY = 256 * 1024
LONGEST_ID = 200


def is_signed(body: bytes, signature: str, secret: Secret) -> bool:
    """Whether `LC-Signature: sha256=…` is the HMAC of the raw body, as LlamaCloud's webhooks have it."""
    expected = "sha256=" + hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().encode("utf-8", "surrogateescape"))


def job_named(body: bytes) -> str | None:
    """The id of the job that a webhook of LlamaCloud's is about, or None where it names none."""
    try:
        message = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    data = message.get("data") if isinstance(message, dict) else None
    if not isinstance(data, dict):
        return None
    job_id = data.get("job_id") or data.get("id")
    fits = isinstance(job_id, str) and 0 < len(job_id) <= LONGEST_ID and job_id.isprintable()
    return job_id if fits else None


class Hints:
    """Of one source: each job once between two looks, within a share of the budget, the rest forgotten."""

    def __init__(
        self,
        *,
        secret: Secret,
        asking: Asking,
        store: Store,
        clock: Clock,
    ) -> None:
        self.secret = secret
        self._asking = asking
        self._ingest = asking.ingest
        self._store = store
        self._clock = clock
        self._queue: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
        self._asked = set[str]()
        self._unmeasured = True  # an earlier start may have left some

    def offer(self, job_id: str) -> None:
        """Ask for this job soon, unless it was just asked for, or too much is waiting already."""
        if job_id in self._asked or not self._asking.may_hint():
            return
        self._asked.add(job_id)
        self._queue.put_nowait((job_id, self._clock.now()))

    async def look_begins(self) -> None:
        """From here on what was asked may be asked again; what hints saw before this look is measured."""
        self._asked.clear()
        if self._unmeasured:
            self._unmeasured = False
            await self._store.hints_measured(source=self._ingest.row.id, now=self._clock.now())

    async def run(self) -> None:
        while True:
            job_id, received = await self._queue.get()
            try:
                await self._ask(job_id, received)
            except (LookFailed, StoreFailed) as error:
                log.warning("hint source=%s job=%s trouble=%s", self._asking.spec.name, job_id, error)

    async def _ask(self, job_id: str, received: float) -> None:
        if self._ingest.row.whole_at is None:
            return  # the first look will tell; until then nothing is news
        look = Look(after_outage=self._ingest.after_outage(received))
        await self._asking.hinted(job_id, look)
        while look.doubts:  # a look saw it at the same moment
            await self._asking.settle(look)
        self._unmeasured |= look.changes > 0
        await self._store.hinted(
            source=self._ingest.row.id,
            job=job_id,
            received=received,
            changed=look.changes > 0,
            now=self._clock.now(),
        )
