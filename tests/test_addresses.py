"""What is never dialled, in whatever spelling and however wrapped."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.addresses import is_within, parse_network, verdict

FORBIDDEN = {
    "unspecified": ["0.0.0.0", "::"],
    "broadcast": ["255.255.255.255"],
    "link-local": [
        "169.254.0.0",
        "169.254.170.2",
        "169.254.255.255",
        "fe80::",
        "febf:ffff::1",
        "fe80::1%eth0",
    ],
    "multicast": ["224.0.0.0", "239.255.255.255", "ff00::", "ff02::1", "ff0e::1"],
    "metadata": [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "fd00:42::42",
        "fd00:a9fe:a9fe::1",
        "fd00:100::100:200",
    ],
    "reserved": [
        "0.0.0.1",
        "0.255.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "240.0.0.1",
        "255.255.255.254",
        "100::1",
        "2001:1::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "fec0::1",
        "feff:ffff::1",
        "200::1",
        "4000::1",
        "fe00::1",
    ],
}
ALLOWED = [
    *("127.0.0.1", "127.255.255.255", "::1"),
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fd12:3456::1"),
    *("100.64.0.1", "100.127.255.255"),
    *("1.1.1.1", "9.255.255.255", "126.255.255.255", "128.0.0.0", "168.63.129.17", "169.253.255.255"),
    *("169.255.0.0", "192.0.1.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"),
    *("2000::1", "2001:200::1", "2606:4700:4700::1111", "3ffe::1"),
]

ROWS = [pytest.param(kind, text, id=text) for kind, texts in FORBIDDEN.items() for text in texts]

v4 = st.ip_addresses(v=4) | st.sampled_from(
    [ip_address(text) for texts in FORBIDDEN.values() for text in texts if ":" not in text]
)


def v6(prefix, number):
    return IPv6Address(int(ip_network(prefix).network_address) | number)


def rfc_6052(length, address, *, subnet=0, suffix=0):
    """Where a translator whose prefix is a part of 64:ff9b:1::/48, so long, puts an IPv4 address."""
    prefix = int(IPv6Address("64:ff9b:1::")) | subnet
    bits, given = format(int(address), "032b"), format(prefix, "0128b")
    if length == 96:
        return IPv6Address(int(given[:96] + bits, 2))
    whole = given[:length] + bits
    whole = whole[:64] + "0" * 8 + whole[64:]
    return IPv6Address(int(whole + format(suffix, f"0{128 - len(whole)}b"), 2))


WRAPPED = {
    "compatible": lambda address: v6("::/96", int(address)),
    "mapped": lambda address: v6("::ffff:0:0/96", int(address)),
    "translated": lambda address: v6("::ffff:0:0:0/96", int(address)),
    "NAT64": lambda address: v6("64:ff9b::/96", int(address)),
    "local NAT64 at 96": lambda address: rfc_6052(96, address),
    "local NAT64 at 64": lambda address: rfc_6052(64, address),
    "local NAT64 at 56": lambda address: rfc_6052(56, address),
    "local NAT64 at 48": lambda address: rfc_6052(48, address),
    "6to4": lambda address: v6("2002::/16", int(address) << 80 | 1),
    "Teredo, the client": lambda address: v6(
        "2001::/32", int(IPv4Address("9.9.9.9")) << 64 | ~int(address) & 0xFFFFFFFF
    ),
    "Teredo, the server": lambda address: v6(
        "2001::/32", int(address) << 64 | ~int(IPv4Address("9.9.9.9")) & 0xFFFFFFFF
    ),
}

each_wrapping = pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)


@pytest.mark.parametrize(("kind", "text"), ROWS)
def test_what_is_never_dialled_is_told_by_its_kind(kind, text):
    assert verdict(ip_address(text)) == kind


@pytest.mark.parametrize("text", ALLOWED)
def test_public_private_shared_and_loopback_addresses_may_be_dialled(text):
    assert verdict(ip_address(text)) is None


@each_wrapping
@given(address=v4)
@example(address=IPv4Address("169.254.169.254"))
@example(address=IPv4Address("255.255.255.255"))
def test_an_ipv4_address_in_an_ipv6_one_is_as_forbidden_as_alone(wrapped, address):
    if int(address) >= 1 << 24:  # below, some wrappings are all padding, or loopback
        assert (verdict(wrapped(address)) is None) <= (verdict(address) is None)


@pytest.mark.parametrize("how", [how for how in WRAPPED if " at " not in how or how.endswith("96")])
@given(address=v4)
def test_an_ipv4_address_that_stands_in_one_place_is_judged_as_alone(how, address):
    if int(address) >= 1 << 24:
        assert verdict(WRAPPED[how](address)) == verdict(address)


@pytest.mark.parametrize("how", ["compatible", "mapped", "NAT64", "local NAT64 at 96", "6to4"])
@pytest.mark.parametrize("text", ["0.0.0.0", "0.1.2.3"])
def test_what_carries_nothing_that_can_be_dialled_is_refused(how, text):
    assert verdict(WRAPPED[how](IPv4Address(text))) in {"unspecified", "reserved"}


@pytest.mark.parametrize("length", [48, 56, 64, 96])
@pytest.mark.parametrize("text", ["10.1.2.3", "127.0.0.1", "93.184.216.34"])
def test_a_local_translator_may_be_used_whatever_its_prefix(length, text):
    assert verdict(rfc_6052(length, IPv4Address(text))) is None


@given(st.sampled_from([48, 56, 64]), v4, st.integers(0, 2**24 - 1))
def test_what_stands_behind_an_address_in_local_nat64_hides_nothing(length, address, suffix):
    if (kind := verdict(address)) and int(address) >= 1 << 24:
        carrier = rfc_6052(length, address, suffix=suffix)
        assert verdict(carrier) in set(FORBIDDEN), (carrier, kind)


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_dialled_only_where_it_is_assigned(address):
    homes = ["2000::/3", "fc00::/7", "::/95", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/32"]
    if verdict(address) is None:
        assert any(address in IPv6Network(home) for home in homes)


@given(st.ip_addresses())
def test_all_spellings_of_an_address_are_judged_alike(address):
    spellings = {str(address), address.exploded, address.exploded.upper()}
    assert {verdict(ip_address(text)) for text in spellings} == {verdict(address)}
    if address.version == 6:
        assert verdict(IPv6Address(f"{address}%eth0")) == verdict(address)


@given(st.ip_addresses(), st.integers(0, 32))
def test_a_network_holds_its_addresses_and_no_others(address, length):
    network = ip_network((int(address), address.max_prefixlen)).supernet(new_prefix=length)
    beside = type(address)(int(address) ^ 1 << address.max_prefixlen - length) if length else None
    assert is_within(address, [network])
    assert beside is None or not is_within(beside, [network]) or address.version == 6


@each_wrapping
@given(address=v4, length=st.integers(0, 32))
def test_a_denied_network_is_denied_in_every_wrapping(wrapped, address, length):
    network = ip_network(f"{address}/{length}", strict=False)
    if int(address) >= 1 << 24:
        assert is_within(wrapped(address), [network])


def test_a_wrapping_may_be_denied_as_such():
    assert is_within(ip_address("64:ff9b::1.1.1.1"), [ip_network("64:ff9b::/96")])
    assert not is_within(ip_address("1.1.1.1"), [ip_network("64:ff9b::/96")])


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("FD00::/8", "fd00::/8"),
        ("::1", "::1/128"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_a_network_is_written_as_usual(text, network):
    assert parse_network(text) == ip_network(network)


@pytest.mark.parametrize(
    "text", ["", "10.0.0.1/8", "10.0.0.0/33", "10/8", "010.0.0.0/8", "example.com", "10.0.0.0/8/8"]
)
def test_what_is_no_network_is_refused_without_repeating_it(text):
    with pytest.raises(ValueError, match="is no network") as refusal:
        parse_network(text)
    assert refusal.value.__suppress_context__
