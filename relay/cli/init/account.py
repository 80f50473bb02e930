"""What a key can see of an account: one page of each list."""

import asyncio
import random
from dataclasses import dataclass

from relay.errors import LookFailed
from relay.model import Secret, SystemClock
from relay.render.units import many
from relay.sources import KINDS, Budget, Client, SourceSpec

REQUESTS_PER_MINUTE = 120
"""Of these few requests; the configuration's own budget is lower."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A list, what was seen of it, and why not where it was not."""

    kind: str
    jobs: int = 0
    more: bool = False
    failed: LookFailed | None = None

    @property
    def in_words(self) -> str:
        if self.failed is not None:
            return "is not offered there" if self.failed.absent else self.failed.reason
        return f"{many(self.jobs, 'job')}{' or more' if self.more else ''}" if self.jobs else "no job yet"


async def seen(base_url: str, api_key: Secret) -> list[Seen]:
    specs = [
        SourceSpec(
            name=kind,
            kind=KINDS[kind],
            base_url=base_url,
            api_key=api_key,
            requests_per_minute=REQUESTS_PER_MINUTE,
        )
        for kind in KINDS
    ]
    clock = SystemClock()
    budget = Budget(clock, specs)
    async with Client(clock=clock, random=random.Random(), budget=budget) as client:  # noqa: S311 - jitter
        return await asyncio.gather(*(_seen(client, spec) for spec in specs))


async def _seen(client: Client, spec: SourceSpec) -> Seen:
    try:
        page = await client.list(spec, {})
    except LookFailed as failed:
        return Seen(kind=spec.kind.name, failed=failed)
    return Seen(kind=spec.kind.name, jobs=len(page.items), more=page.token is not None)
