"""Batches tell the truth: a batch that has ended is followed until each of its files has."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from relay.errors import LookFailed
from relay.ingest import Ingest, job_of
from relay.model import OPEN_STATUSES, Clock, Job, canonical_time, seconds_of, utc_text
from relay.plan import CHUNK, DAY, Straggler, interval
from relay.poll.outcome import (
    FAILURES_NAMED,
    NOTHING_KNOWN,
    counted_outcome,
    failed_items,
    files_of,
    given_up,
    has_failures,
    is_pending,
    outcome_of,
    with_job,
)
from relay.sources import KINDS, Client, SourceSpec, Urgency, Walk, decoded
from relay.store import BatchFile, Followed, Store

log = logging.getLogger("relay.poll")

GIVE_UP_AFTER = 3600.0
"""Seconds after a batch's end until what can't be had of its results counts as unknown."""

AT_ONCE = 5
"""Batches asked for in one round."""

MOST = 20
"""Requests of one round; what is left waits for the next."""


@dataclass
class _Step:
    """What one batch took in one round, and what was learned: `job` is the batch itself, as now shown. No one
    says that an id is of one kind alone.
    """

    room: int
    requests: int = 0
    files: Sequence[BatchFile] = ()
    counts: Any = None
    job: Job | None = None
    found: dict[tuple[str, str], Job] = field(default_factory=dict)
    asked: set[tuple[str, str]] = field(default_factory=set)


class Follow:
    """Of one source of batches. Each round asks for what the snapshot does not know, the rarer the longer.

    `changed` is called when there is something to send, `moved` at each request.
    """

    def __init__(
        self,
        *,
        client: Client,
        ingest: Ingest,
        store: Store,
        clock: Clock,
        changed: Callable[[], None],
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._spec: SourceSpec = ingest.spec
        self._client = client
        self._ingest = ingest
        self._store = store
        self._clock = clock
        self._changed = changed
        self._moved = moved

    async def round(self) -> tuple[int, int]:
        """Requests made, and batches that are finished. Trouble with one batch is not the source's."""
        due = await self._store.batches_to_follow(
            source=self._ingest.row.id, now=self._clock.now(), limit=AT_ONCE
        )
        requests = finished = 0
        for batch in due:
            if requests >= MOST:
                break
            step = _Step(MOST - requests)
            outcome, trouble = await self._outcome(batch, step)
            requests += step.requests
            finished += await self._conclude(batch, outcome, step)
            if trouble:
                break  # it may be everybody's; who waited longest is first in the next round
        return requests, finished

    async def _outcome(self, batch: Followed, step: _Step) -> tuple[dict[str, Any] | None, bool]:
        """The outcome, if it is known by now, and whether asking had trouble."""
        try:
            if self._spec.kind.name == "batch_v1":
                return await self._counted(batch, step), False
            return await self._files(batch, step), False
        except LookFailed as error:
            log.warning("follow source=%s batch=%s trouble=%s", self._spec.name, batch.id, error.reason)
            return self._given_up(batch, step, for_good=not error.again), error.again

    def _given_up(self, batch: Followed, step: _Step, *, for_good: bool) -> dict[str, Any] | None:
        """What can be said without an answer, once its time is over. Files that were had get a day."""
        if self._age(batch) < (GIVE_UP_AFTER if for_good or not step.files else DAY):
            return None
        if step.counts is not None:
            return counted_outcome(step.counts, [])
        return outcome_of(given_up(step.files)) if step.files else dict(NOTHING_KNOWN)

    def _age(self, batch: Followed) -> float:
        return self._clock.now() - seconds_of(batch.changed_at)

    async def _conclude(self, batch: Followed, outcome: dict[str, Any] | None, step: _Step) -> int:
        now = self._clock.now()
        again = utc_text(
            now + interval(Straggler(batch.id, "", "RUNNING", self._age(batch)), self._spec.every)
        )
        event = None
        if outcome is not None:
            known = step.job or Job(id=batch.id, status="", name=batch.name, error=batch.error, raw=b"")
            event = self._ingest.news.of_job(
                msgspec.structs.replace(known, status=batch.status),
                "finished",
                batch.changes,
                now,
                outcome=outcome,
                severity="warning" if outcome["failed"] else "info",
            )
        told = await self._store.batch_followed(
            source=self._ingest.row.id, batch=batch, files=step.files, event=event, again=again, now=now
        )
        if told:
            self._changed()
        return int(event is not None)

    async def _files(self, batch: Followed, step: _Step) -> dict[str, Any] | None:
        """The outcome once every file has ended, or its time is over; else None."""
        age = self._age(batch)
        late = age >= GIVE_UP_AFTER
        step.files = await self._store.batch_files(source=self._ingest.row.id, batch=batch.id)
        if not step.files:
            fields = await self._get(batch, step)
            found = files_of(fields.get("results"))
            if found is None:
                return dict(NOTHING_KNOWN) if late else None
            step.files = found
        await self._learn(step)
        rested = canonical_time(utc_text(self._ingest.api_now() - DAY)) if age >= DAY else ""
        step.files = [_learned(file, step, late=late, rested=rested) for file in step.files]
        if any(map(is_pending, step.files)):
            return None
        if step.job is None:
            await self._get(batch, step)
        return outcome_of(step.files)

    async def _get(self, batch: Followed, step: _Step) -> Mapping[str, Any]:
        """The batch as it is now, for what becomes of it; nothing where it is gone."""
        self._moved()
        step.requests += 1
        params = None if self._spec.kind.name == "batch_v1" else {"expand": "results"}
        try:
            page = await self._client.get(self._spec, batch.id, params)
        except LookFailed as error:
            if error.absent:
                return {}
            raise
        step.requests += page.requests - 1
        if [item.id for item in page.items] != [batch.id]:
            raise LookFailed(f"asked for batch {batch.id}, and another came", again=True)
        raw = page.raw(0)
        step.job = msgspec.structs.replace(job_of(page.items[0]), raw=raw)
        fields = decoded(raw)
        return fields if isinstance(fields, dict) else {}

    async def _learn(self, step: _Step) -> None:
        """What the files' jobs have come to: from the snapshot, else asked for."""
        for kind in sorted({file.kind for file in step.files if file.kind and is_pending(file)}):
            wanted = (f.job for f in step.files if f.kind == kind and f.job and is_pending(f))
            ids = list(dict.fromkeys(wanted))
            known = await self._store.jobs_of_kind(
                kind=kind,
                base_url=self._spec.base_url.rstrip("/"),
                ids=ids,
                read_since=utc_text(self._clock.now() - GIVE_UP_AFTER),
            )
            step.found.update(((kind, job_id), job) for job_id, job in known)
            await self._ask(kind, [job_id for job_id in ids if (kind, job_id) not in step.found], step)

    async def _ask(self, kind: str, ids: Sequence[str], step: _Step) -> None:
        spec = replace(self._spec, kind=KINDS[kind], query={}, page_size=CHUNK)
        for start in range(0, len(ids), CHUNK):
            if step.requests >= step.room:
                return
            chunk = tuple(ids[start : start + CHUNK])
            walk = Walk(
                self._client,
                spec,
                {"job_ids": chunk},
                sequence=lambda: 0,
                urgency=Urgency.QUESTION,
                page_cap=CHUNK,
            )
            try:
                async for page in walk:
                    self._moved()
                    step.found.update(((kind, item.id), job_of(item)) for item in page.items)
            finally:
                step.requests += walk.requests
            step.asked.update((kind, job_id) for job_id in chunk)

    async def _counted(self, batch: Followed, step: _Step) -> dict[str, Any] | None:
        """Of the older batches, which count their items."""
        counts = await self._get(batch, step)
        if not counts:
            return dict(NOTHING_KNOWN) if self._age(batch) >= GIVE_UP_AFTER else None
        step.counts = counts
        failures = await self._failed_items(batch, step) if has_failures(counts) else []
        return counted_outcome(counts, failures)

    async def _failed_items(self, batch: Followed, step: _Step) -> list[dict[str, Any]]:
        self._moved()
        step.requests += 1
        params = {"status": "failed", "limit": str(FAILURES_NAMED)}
        try:
            return failed_items(decoded(await self._client.below(self._spec, batch.id, "items", params)))
        except LookFailed as error:
            if error.again:
                raise
            return []


def _learned(file: BatchFile, step: _Step, *, late: bool, rested: str) -> BatchFile:
    """A word that relay does not know may be an end: no one waits for one unchanged since `rested`."""
    if not is_pending(file):
        return file
    named = (file.kind or "", file.job or "")
    job = step.found.get(named)
    file = with_job(file, job)
    missing = named in step.asked and job is None
    rests = is_pending(file) and file.status not in OPEN_STATUSES and job and job.updated_at <= rested
    return replace(file, status="UNKNOWN") if (late and missing) or (rested and rests) else file
