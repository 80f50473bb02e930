"""What is never dialled, whatever name leads there: decided at the socket, on the address really dialled."""

import socket
from ipaddress import ip_network

import pytest
from aiohttp import web
from http_receiver import refusing_port
from places import NAME, Place, Resolver

from relay.destinations import Dialler, session
from relay.destinations.dialler import MOST, is_forbidden
from relay.errors import DeliveryFailed

METADATA = "169.254.169.254"


@pytest.fixture
async def place(aiohttp_server, clock):
    return await Place(clock).start(aiohttp_server)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (METADATA, "metadata"),
        ("169.254.1.1", "link-local"),
        ("0.0.0.0", "unspecified"),
        ("255.255.255.255", "broadcast"),
        ("224.0.0.1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("::", "unspecified"),
        ("fe80::1%lo", "link-local"),
        ("::ffff:169.254.169.254", "metadata"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("2002:a9fe:a9fe::1", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("2130706433", "not an address"),
        ("0x7f.1", "not an address"),
        ("127.1", "not an address"),
        ("0177.0.0.1", "not an address"),
        ("①②⑦.⓪.⓪.①", "not an address"),
        ("localhost", "not an address"),
    ],
)
async def test_a_name_that_leads_to_a_forbidden_address_is_a_failed_attempt(place, message, address, kind):
    failure = await place.refusal(message(), Resolver(address))
    assert failure.reason == f"{NAME}: could not connect (forbidden address {address} ({kind}))"
    assert (failure.fault, failure.permanent) == ("destination", False)
    assert place.received == []


async def test_a_name_may_lead_to_loopback(place, message):
    assert (await place.send(message(), Resolver("127.0.0.1"))).status == 204


async def test_a_name_that_leads_elsewhere_the_second_time_is_judged_again(place, message):
    resolver = Resolver("127.0.0.1")
    async with session(resolver=resolver) as http:
        destination = place.destination(http)
        await destination.send(message())
        resolver.addresses = (METADATA,)
        http.connector.clear_dns_cache()
        with pytest.raises(DeliveryFailed, match="forbidden address"):
            await destination.send(message())
    assert (resolver.asked, len(place.received)) == (2, 1)


@pytest.mark.parametrize("first", ["forbidden", "allowed"])
async def test_of_several_addresses_only_the_allowed_are_dialled(place, message, first):
    addresses = (METADATA, "127.0.0.1") if first == "forbidden" else ("127.0.0.1", METADATA)
    assert (await place.send(message(), Resolver(*addresses))).status == 204


@pytest.mark.parametrize(
    "addresses", [(METADATA, "169.254.1.1"), (METADATA, "fd20:ce::254"), ("fd00:ec2::254", "fd00:ec2::23")]
)
async def test_a_name_of_forbidden_addresses_alone_is_the_destinations_fault(place, message, addresses):
    failure = await place.refusal(message(), Resolver(*addresses))
    assert "forbidden address" in failure.reason
    assert failure.fault == "destination"


async def test_a_dead_address_beside_a_forbidden_one_does_not_hide_it(place, message):
    with refusing_port() as port:
        failure = await place.refusal(message(), Resolver("127.0.0.1", "fd00:ec2::254"), port=port)
    assert "forbidden address fd00:ec2::254 (metadata)" in failure.reason
    assert "Connect call failed" in failure.reason
    assert failure.fault == "destination"


async def test_of_a_name_with_very_many_addresses_a_few_are_tried(place, message):
    many = [f"169.254.1.{number}" for number in range(MOST)]
    failure = await place.refusal(message(), Resolver(*many, "127.0.0.1"))
    assert failure.reason == f"{NAME}: could not connect (forbidden address {many[-1]} (link-local))"
    with pytest.raises(OSError, match="forbidden address"):
        await Dialler().connected(NAME, place.port, resolve=addresses(*many, "127.0.0.1"))
    assert place.received == []


async def test_a_redirect_to_a_forbidden_address_is_not_followed(aiohttp_server, place, message):
    async def elsewhere(_request):
        raise web.HTTPTemporaryRedirect(f"http://evil.test:{place.port}/canary")

    app = web.Application()
    app.router.add_post("/canary", elsewhere)
    server = await aiohttp_server(app, access_log=None)
    resolver = Resolver("127.0.0.1")
    failure = await place.refusal(message(), resolver, port=server.port)
    assert failure.reason == "HTTP 307, a redirect, which relay never follows"
    assert (resolver.asked, place.received) == (1, [])


@pytest.mark.parametrize("spelled", ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
async def test_what_a_destination_denies_is_not_dialled(place, message, spelled):
    failure = await place.refusal(message(), Resolver(spelled), dialler=Dialler((ip_network("127.0.0.0/8"),)))
    assert failure.reason == f"{NAME}: could not connect (forbidden address {spelled} (denied))"
    assert (failure.fault, place.received) == ("destination", [])


async def test_a_literal_is_judged_at_the_socket_too(place, message):
    denying = Dialler((ip_network("127.0.0.0/8"),))
    failure = await place.refusal(message(), Resolver(), dialler=denying, host="127.0.0.1")
    assert "forbidden address 127.0.0.1 (denied)" in failure.reason


@pytest.mark.parametrize(
    ("bound", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "127.9.9.9"),
        ("127.0.0.1", "::1"),
        ("127.0.0.1", "::ffff:127.0.0.1"),
        ("::1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("0.0.0.0", "127.8.8.8"),
        ("::", "127.0.0.1"),
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
    ],
)
async def test_relay_never_sends_to_where_it_listens_itself(place, message, bound, address):
    failure = await place.refusal(message(), Resolver(address), dialler=Dialler(own=(bound, place.port)))
    assert failure.reason == f"{NAME}: could not connect (forbidden address {address} (relay's own))"
    assert place.received == []


@pytest.mark.parametrize(
    ("bound", "port"), [("127.0.0.1", 1), ("10.1.2.3", None), ("relay.example", None), ("0.0.0.0", 1)]
)
async def test_where_relay_does_not_listen_it_may_send(place, message, bound, port):
    own = Dialler(own=(bound, port or place.port))
    assert (await place.send(message(), Resolver("127.0.0.1"), dialler=own)).status == 204


def addresses(*found):
    async def resolve(_host, port):
        families = [socket.AF_INET6 if ":" in at else socket.AF_INET for at in found]
        return [
            (family, socket.SOCK_STREAM, 6, "", (at, port))
            for family, at in zip(families, found, strict=True)
        ]

    return resolve


async def test_any_client_may_have_a_connection_under_the_same_rules(place):
    with await Dialler().connected(NAME, place.port, resolve=addresses(METADATA, "127.0.0.1")) as sock:
        assert sock.getpeername() == ("127.0.0.1", place.port)
        assert sock.getblocking() is False


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "①②⑦.⓪.⓪.①"]
)
async def test_a_connection_is_judged_by_where_the_systems_spellings_lead(place, host):
    with await Dialler().connected(host, place.port) as sock:
        assert sock.getpeername()[0] == "127.0.0.1"
    denying = Dialler((ip_network("127.0.0.0/8"), ip_network("::1")))
    with pytest.raises(OSError, match=r"forbidden address 127\.0\.0\.1") as caught:
        await denying.connected(host, place.port)
    assert is_forbidden(caught.value)


async def test_a_connection_that_fails_otherwise_is_no_forbidden_one():
    with refusing_port() as port, pytest.raises(ConnectionRefusedError) as caught:
        await Dialler().connected("127.0.0.1", port)
    assert not is_forbidden(caught.value)


def test_no_socket_is_opened_for_an_address_that_is_forbidden():
    with pytest.raises(OSError, match="forbidden address"):
        Dialler().open((socket.AF_INET, socket.SOCK_STREAM, 6, "", (METADATA, 80)))
