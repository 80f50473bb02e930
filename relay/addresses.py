"""Which addresses are never dialled.

An own table, since `ipaddress` takes several of these for public ones: the registries of special addresses
at IANA, and the metadata services of clouds that stand outside the link-local ranges.
"""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The first network that holds an address says what it is; None: it may be dialled.
_V4 = {
    IPv4Network(network): kind
    for network, kind in {
        "169.254.169.254": "metadata",
        "100.100.100.200": "metadata",  # Alibaba
        "168.63.129.16": "metadata",  # Azure
        "192.0.0.192": "metadata",  # Oracle
        "169.254.0.0/16": "link-local",
        "0.0.0.0/32": "unspecified",
        "0.0.0.0/8": "reserved",
        "192.0.0.0/24": "reserved",
        "192.0.2.0/24": "reserved",  # documentation, as the next two
        "198.51.100.0/24": "reserved",
        "203.0.113.0/24": "reserved",
        "192.88.99.0/24": "reserved",  # 6to4 relays, given up
        "198.18.0.0/15": "reserved",  # benchmarks
        "224.0.0.0/4": "multicast",
        "255.255.255.255": "broadcast",
        "240.0.0.0/4": "reserved",
        "0.0.0.0/0": None,
    }.items()
}
_V6 = {
    IPv6Network(network): kind
    for network, kind in {
        "::1": None,
        "fd00:ec2::/32": "metadata",  # Amazon
        "fd20:ce::254": "metadata",  # Google
        "fd00:c1::a9fe:a9fe": "metadata",  # Oracle
        "fd00:42::42": "metadata",  # Scaleway
        "fd00:a9fe:a9fe::1": "metadata",  # Akamai
        "fd00:100::100:200": "metadata",  # Alibaba
        "fc00::/7": None,
        "fe80::/10": "link-local",
        "ff00::/8": "multicast",
        "2001::/23": "reserved",  # protocols
        "2001:db8::/32": "reserved",  # documentation, as the next
        "3fff::/20": "reserved",
        "2000::/3": None,
        "::/0": "reserved",
    }.items()
}


def _lowest(number: int) -> Iterable[int]:
    yield number & 0xFFFFFFFF


def _local_nat64(number: int) -> Iterable[int]:
    """All places that RFC 6052 has for an address: which one holds is the translator's choice.

    Rather one too many is refused. Only a place that begins with zeros is taken for the padding of another.
    """
    without_u = number >> 64 << 56 | number & (1 << 56) - 1
    places = (number, *(without_u >> shift for shift in (24, 32, 40)))
    carried = [place & 0xFFFFFFFF for place in places]
    return [place for place in carried if place >> 24]


def _teredo(number: int) -> Iterable[int]:
    """The server, and the client behind it."""
    yield number >> 64 & 0xFFFFFFFF
    yield ~number & 0xFFFFFFFF


_EMBEDDING: dict[IPv6Network, Callable[[int], Iterable[int]]] = {
    IPv6Network("::1"): lambda _number: (),
    IPv6Network("::/96"): _lowest,  # compatible
    IPv6Network("::ffff:0:0/96"): _lowest,  # mapped
    IPv6Network("::ffff:0:0:0/96"): _lowest,  # translated
    IPv6Network("64:ff9b::/96"): _lowest,
    IPv6Network("64:ff9b:1::/48"): _local_nat64,
    IPv6Network("2002::/16"): lambda number: (number >> 80 & 0xFFFFFFFF,),  # 6to4
    IPv6Network("2001::/32"): _teredo,
}
_MAPPED = IPv6Network("::ffff:0:0/96")


def meanings(address: Address) -> tuple[Address, ...]:
    """The IPv4 addresses that an IPv6 address carries, by which it is judged; else the address itself."""
    for network, carried in _EMBEDDING.items():
        if address in network:
            return tuple(map(IPv4Address, carried(int(address)))) or (address,)
    return (address,)


def verdict(address: Address) -> str | None:
    """What kind of address this is, in one word, if it is never dialled; else None."""
    return next(filter(None, map(_kind, meanings(address))), None)


def _kind(address: Address) -> str | None:
    table = _V4 if isinstance(address, IPv4Address) else _V6
    return next(kind for network, kind in table.items() if address in network)


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether the address, or what it carries, is in one of the networks."""
    spelled = {address, *meanings(address)}
    return any(one in network for network in networks for one in spelled)


def is_loopback(host: str) -> bool:
    """Whether a host, as a URL names it, is this machine; of names only the one that is so everywhere."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def endpoint(url: str) -> tuple[str, int]:
    """Host ("" for none) and port that an http or https URL leads to. Raises ValueError for no URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def parse_network(text: str) -> Network:
    """A network, or one address as a network. Raises ValueError that names the way out."""
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(
            'is no network: write it as "10.0.0.0/8", all zero behind its mask, or as one address'
        ) from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network
