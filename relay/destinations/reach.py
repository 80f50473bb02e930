"""By what destinations reach the network: sessions and diallers, shared by those that deny the same."""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver

from relay.addresses import Network
from relay.destinations.dialler import Dialler, Resolver
from relay.destinations.port import Options


@dataclass(frozen=True)
class Reach:
    session: aiohttp.ClientSession
    dialler: Dialler


def session(
    dialler: Dialler = Dialler(),  # noqa: B008 - it is frozen
    *,
    resolver: AbstractResolver | None = None,
) -> aiohttp.ClientSession:
    """Bounds of time and size are the courier's and the destinations'; nothing comes from the environment."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, ttl_dns_cache=10, resolver=Resolver(resolver), socket_factory=dialler.open
        ),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "llamacloud-relay"},
        auto_decompress=False,
        trust_env=False,
    )


class Reaches:
    """All who share a session use its open connections: so only those share one that deny the same."""

    def __init__(
        self, stack: AsyncExitStack, own: tuple[str, int] | None, resolver: AbstractResolver | None
    ) -> None:
        self._stack = stack
        self._own = own
        self._resolver = resolver
        self._made: dict[tuple[Network, ...], Reach] = {}

    async def of(self, options: Options) -> Reach:
        return await self.denying(options.deny)

    async def denying(self, deny: tuple[Network, ...] = ()) -> Reach:
        if deny not in self._made:
            dialler = Dialler(deny, self._own)
            opened = await self._stack.enter_async_context(session(dialler, resolver=self._resolver))
            self._made[deny] = Reach(opened, dialler)
        return self._made[deny]

    async def keep(self, denies: Collection[tuple[Network, ...]]) -> None:
        """Close those that none of these use."""
        for deny in self._made.keys() - denies:
            await self._made.pop(deny).session.close()


@asynccontextmanager
async def reaching(
    own: tuple[str, int] | None = None, resolver: AbstractResolver | None = None
) -> AsyncIterator[Reaches]:
    """`own` is where relay itself listens, and never sends to; `resolver` looks up names, by default the
    system's.
    """
    async with AsyncExitStack() as stack:
        yield Reaches(stack, own, resolver)
