"""Webhooks over TLS: a private authority, a client certificate, and what is said where they do not fit."""

import os
import re
import ssl

import pytest
import trustme
from aiohttp import web
from cryptography.hazmat.primitives import serialization

from relay.destinations import TYPES
from relay.errors import DeliveryFailed


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def stranger():
    return trustme.CA()


@pytest.fixture
def files(tmp_path, authority, stranger):
    """A folder with `ca.pem`, `cert.pem` and `key.pem` of relay, and the same of a stranger's."""
    for who, ca in (("", authority), ("other-", stranger)):
        mine = ca.issue_cert("relay@example.com")
        ca.cert_pem.write_to_path(tmp_path / f"{who}ca.pem")
        mine.cert_chain_pems[0].write_to_path(tmp_path / f"{who}cert.pem")
        mine.private_key_pem.write_to_path(tmp_path / f"{who}key.pem")
        mine.private_key_and_cert_chain_pem.write_to_path(tmp_path / f"{who}both.pem")
    return tmp_path


@pytest.fixture
def serve(aiohttp_server, authority):
    async def start(*, host="127.0.0.1", wants_certificate=False):
        async def answer(request):
            shown = request.transport.get_extra_info("peercert") or {}
            return web.Response(text=str(shown.get("subjectAltName")))

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(context)
        if wants_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            authority.configure_trust(context)
        app = web.Application()
        app.router.add_post("/", answer)
        return await aiohttp_server(app, ssl=context, access_log=None)

    return start


@pytest.fixture
def send(files, session, clock, message):
    async def to(server, **table):
        url = f"https://127.0.0.1:{server.port}/"
        return await made({"url": url, **table}).send(message())

    def made(table):
        options = options_of(files, **table)
        assert options.mistakes() == []
        return TYPES["webhook"].make(options, session=session, clock=clock)

    return to


def options_of(folder, **table):
    table = {"type": "webhook", "url": "https://127.0.0.1/", **table}
    return TYPES["webhook"].options.model_validate(table, context={"folder": folder})


def mistakes(folder, **table):
    return options_of(folder, **table).mistakes()


async def failure(sending):
    with pytest.raises(DeliveryFailed) as caught:
        await sending
    return caught.value


async def test_a_private_authority_is_trusted_where_it_is_named(serve, send):
    assert (await send(await serve(), ca_file="ca.pem")).status == 200


async def test_an_unknown_authority_is_told_with_the_way_out(serve, send):
    server = await serve()
    for table in ({}, {"ca_file": "other-ca.pem"}):
        failed = await failure(send(server, **table))
        assert failed.reason.startswith("127.0.0.1: its certificate is not trusted (unable to get local")
        assert failed.reason.endswith("): name its authority in ca_file")
        assert not failed.permanent


async def test_a_certificate_of_another_host_is_told_as_that(serve, send):
    failed = await failure(send(await serve(host="example.org"), ca_file="ca.pem"))
    assert "not valid for '127.0.0.1'" in failed.reason
    assert "ca_file" not in failed.reason


@pytest.mark.parametrize(
    "own", [{"cert_file": "cert.pem", "key_file": "key.pem"}, {"cert_file": "both.pem"}], ids=str
)
async def test_a_client_certificate_is_shown_to_who_asks_for_it(serve, send, own):
    receipt = await send(await serve(wants_certificate=True), ca_file="ca.pem", **own)
    assert "relay@example.com" in receipt.answer


@pytest.mark.parametrize("own", [{}, {"cert_file": "other-cert.pem", "key_file": "other-key.pem"}], ids=str)
async def test_without_the_certificate_that_is_asked_for_nothing_is_taken(serve, send, own):
    failed = await failure(send(await serve(wants_certificate=True), ca_file="ca.pem", **own))
    assert re.match(r"127\.0\.0\.1: (the connection broke \(|closed the connection)", failed.reason)
    assert not failed.permanent


async def test_two_destinations_on_one_session_do_not_share_what_they_show(serve, send):
    server = await serve(wants_certificate=True)
    await send(server, ca_file="ca.pem", cert_file="both.pem")
    await failure(send(server, ca_file="ca.pem"))


def test_the_context_is_built_once(files):
    options = options_of(files, ca_file="ca.pem")
    assert options.mistakes() == []
    (files / "ca.pem").unlink()
    assert options.tls is options.tls is not None


def test_without_files_the_systems_authorities_do(files):
    assert options_of(files).tls is None


MISTAKES = [
    ({"ca_file": "none.pem"}, "ca_file", "can't be read (No such file or directory): check its path"),
    ({"ca_file": "."}, "ca_file", "is no file"),
    ({"ca_file": "key.pem"}, "ca_file", "holds no certificate"),
    ({"ca_file": "empty.pem"}, "ca_file", "holds no certificate"),
    ({"ca_file": "large.pem"}, "ca_file", "is larger than 1 MiB"),
    ({"ca_file": "damaged.pem"}, "ca_file", "holds no certificate"),
    ({"cert_file": "none.pem", "key_file": "key.pem"}, "cert_file", "can't be read"),
    ({"cert_file": "key.pem", "key_file": "key.pem"}, "cert_file", "holds no certificate"),
    ({"cert_file": "cert.pem", "key_file": "none.pem"}, "key_file", "can't be read"),
    ({"cert_file": "cert.pem", "key_file": "cert.pem"}, "key_file", "holds no private key: it must be PEM"),
    ({"cert_file": "cert.pem"}, "cert_file", "name the file that holds it in key_file"),
    ({"cert_file": "cert.pem", "key_file": "other-key.pem"}, "key_file", "is not the key of the certificate"),
    ({"cert_file": "cert.pem", "key_file": "locked.pem"}, "key_file", "is locked by a password"),
    ({"cert_file": "cert.pem", "key_file": "damaged-key.pem"}, "key_file", "can't be used"),
    ({"key_file": "key.pem"}, "key_file", "is the key of no certificate: set cert_file too"),
]


@pytest.mark.parametrize(("table", "key", "text"), MISTAKES, ids=lambda value: str(value)[:60])
def test_a_file_that_cannot_be_used_is_a_mistake_at_its_key(files, table, key, text):
    write_bad_ones(files)
    ((where, said),) = mistakes(files, **table)
    assert where == key
    assert text in said


def write_bad_ones(files):
    (files / "empty.pem").write_text("")
    (files / "large.pem").write_bytes(b" " * 2**21)
    (files / "damaged.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (files / "damaged-key.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    key = serialization.load_pem_private_key((files / "key.pem").read_bytes(), None)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (files / "locked.pem").write_bytes(key.private_bytes(*form, serialization.BestAvailableEncryption(b"x")))


def test_a_file_that_nobody_may_read_is_not_waited_for(files):
    os.mkfifo(files / "pipe.pem")
    assert mistakes(files, ca_file="pipe.pem") == [("ca_file", "is no file: name a file in PEM")]


@pytest.mark.parametrize("value", ["", 5, "a\0b", ["ca.pem"]])
def test_what_is_no_path_is_refused(files, value):
    with pytest.raises(ValueError, match="must be the path of a file"):
        options_of(files, ca_file=value)


def test_files_that_plain_http_does_not_use_are_warned_of(files):
    options = options_of(files, url="http://127.0.0.1/", ca_file="ca.pem")
    assert ("ca_file", "is not used over plain http: use https") in options.warnings()
