"""How destinations reach the network: every connection is judged by the address that is really dialled."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import aiohappyeyeballs
from aiohappyeyeballs import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from relay.addresses import Address, Network, is_within, meanings, verdict

FORBIDDEN = "forbidden address"

MOST = 10
"""Addresses of one name that are tried, whatever a resolver says: a client's work grows by their square."""

Resolve = Callable[[str, int], Awaitable[Sequence[AddrInfoType]]]


def is_forbidden(error: OSError) -> bool:
    """Whether a connection failed, at least also, since an address must not be dialled.

    By its words: of several addresses' failures only the text remains.
    """
    return FORBIDDEN in str(error)


@dataclass(frozen=True)
class Dialler:
    """Dials what is not forbidden to all, not in `deny`, and not `own`: where relay itself listens."""

    deny: tuple[Network, ...] = ()
    own: tuple[str, int] | None = None

    def mistake(self, host: str, port: int) -> str | None:
        """Why a host in the configuration is never dialled; names are judged by where they lead then."""
        address = _address(host)
        return None if address is None else self._refusal(address, port)

    def open(self, info: AddrInfoType) -> socket.socket:
        """A socket for this address, as aiohttp's `socket_factory`. Raises OSError where it is forbidden."""
        family, kind, protocol, _, (host, port, *_) = info
        try:
            refusal = self._refusal(ip_address(host), port)
        except ValueError:  # the system would look it up once more
            refusal = "not an address"
        if refusal:
            raise OSError(errno.EACCES, f"{FORBIDDEN} {str(host)[:100]} ({refusal})")
        return socket.socket(family, kind, protocol)

    async def connected(self, host: str, port: int, *, resolve: Resolve | None = None) -> socket.socket:
        """A TCP connection that does not block; the caller closes it.

        Raises OSError, of which `is_forbidden` tells more; UnicodeError where the host can be no name.
        """
        infos = await (resolve or _looked_up)(host, port)
        return await aiohappyeyeballs.start_connection(
            infos[:MOST], happy_eyeballs_delay=0.25, socket_factory=self.open
        )

    def _refusal(self, address: Address, port: int) -> str | None:
        if kind := verdict(address):
            return kind
        if is_within(address, self.deny):
            return "denied"
        return "relay's own" if self._is_own(address, port) else None

    def _is_own(self, address: Address, port: int) -> bool:
        if self.own is None or port != self.own[1] or (bound := _address(self.own[0])) is None:
            return False
        return any(_reaches(one, here) for one in meanings(address) for here in meanings(bound))


class Resolver(AbstractResolver):
    """How aiohttp looks names up; `inner` is asked, by default the system."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return (await self._inner.resolve(host, port, family))[:MOST]

    async def close(self) -> None:
        await self._inner.close()


def _reaches(address: Address, bound: Address) -> bool:
    """Whether who dials `address` may come to a socket that is bound to `bound`."""
    if bound.is_unspecified:
        return _is_local(address)
    return address == bound or (address.is_loopback and bound.is_loopback)


def _is_local(address: Address) -> bool:
    """An address of this machine is one that a socket can be bound to."""
    try:
        with socket.socket(_FAMILIES[address.version], socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


def _address(host: str) -> Address | None:
    """None for a name, but for the one that is the same everywhere."""
    host = host.lower().removesuffix(".")
    try:
        return ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return None


async def _looked_up(host: str, port: int) -> Any:
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
