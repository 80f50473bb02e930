"""A forbidden address that is written in the configuration is a mistake of its line."""

from ipaddress import ip_network

import pytest

HOOK = '[destinations.hook]\ntype = "webhook"\nurl = "{url}"\n'
WAY_OUT = "which relay never dials: set another"


def said(desk, url, more="", environ=None):
    return desk.mistakes(HOOK.format(url=url) + more, environ)


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("169.254.169.254", "metadata"),
        ("169.254.169.254:80", "metadata"),
        ("100.100.100.200", "metadata"),
        ("[fd00:ec2::254]", "metadata"),
        ("[::ffff:169.254.169.254]", "metadata"),
        ("[::ffff:a9fe:a9fe]", "metadata"),
        ("[0:0:0:0:0:FFFF:A9FE:A9FE]", "metadata"),
        ("[::169.254.169.254]", "metadata"),
        ("[64:ff9b::169.254.169.254]", "metadata"),
        ("[64:ff9b:1::169.254.169.254]", "metadata"),
        ("[2002:a9fe:a9fe::]", "metadata"),
        ("[fe80::1%25eth0]", "link-local"),
        ("[fe80::1%eth0]", "link-local"),
        ("0.0.0.0", "unspecified"),
        ("[::]:8080", "unspecified"),
        ("255.255.255.255", "broadcast"),
        ("224.0.0.1", "multicast"),
        ("[ff02::1]", "multicast"),
        ("240.0.0.1", "reserved"),
        ("[fec0::1]", "reserved"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_forbidden_address_is_a_mistake(desk, scheme, host, kind):
    assert said(desk, f"{scheme}://{host}/hook") == [
        f"rules.toml:5: destinations.hook.url: is a forbidden address ({kind}), {WAY_OUT}"
    ]


@pytest.mark.parametrize(
    "host", ["169.254.169.254.", "2852039166", "0xA9FEA9FE", "0251.0376.0251.0376", "①⑥⑨.254.169.254"]
)
def test_a_forbidden_address_in_an_unusual_spelling_is_refused_as_no_url(desk, host):
    (mistake,) = said(desk, f"http://{host}/")
    assert mistake.startswith("rules.toml:5: destinations.hook.url: is not a URL that can be sent to")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "localhost", "10.0.0.1", "192.168.1.1", "172.16.0.1", "[fd12::1]", "100.64.0.1"],
)
def test_loopback_and_private_addresses_are_taken(desk, host):
    assert desk.load(HOOK.format(url=f"https://{host}/")).destinations["hook"].deny == ()


def test_one_from_the_environment_is_a_mistake_of_its_line(desk):
    mistakes = said(desk, "$HOOK_URL", environ={"HOOK_URL": "http://169.254.169.254/latest/canary"})
    assert mistakes == [f"rules.toml:5: destinations.hook.url: is a forbidden address (metadata), {WAY_OUT}"]


def test_one_that_is_not_resolved_is_not_judged(desk):
    assert desk.load(HOOK.format(url="$HOOK_URL"), secrets=False).destinations.keys() == {"hook"}


@pytest.mark.parametrize(
    ("deny", "url"),
    [
        ("10.0.0.0/8", "http://10.1.2.3/"),
        ("10.0.0.0/8", "http://[::ffff:10.1.2.3]/"),
        ("10.1.2.3", "http://10.1.2.3/"),
        ("127.0.0.0/8", "http://localhost/"),
        ("::1", "http://[::1]:8080/"),
        ("fd00::/8", "http://[FD12::1]/"),
        ("::ffff:10.0.0.0/104", "http://10.1.2.3/"),
    ],
)
def test_an_address_that_its_destination_denies_is_a_mistake(desk, deny, url):
    assert said(desk, url, f'deny = ["1.0.0.0/8", "{deny}"]') == [
        f"rules.toml:5: destinations.hook.url: is a forbidden address (denied), {WAY_OUT}"
    ]


def test_each_destination_denies_for_itself(desk):
    text = (
        HOOK.format(url="http://10.1.2.3/")
        + '[destinations.b]\ntype = "webhook"\nurl = "https://b.example/"\n'
    )
    loaded = desk.load(text + 'deny = ["10.0.0.0/8", "fd00::/8"]')
    assert loaded.destinations["hook"].deny == ()
    assert loaded.destinations["b"].deny == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("deny", "text"),
    [
        (
            '["10.0.0.1/8"]',
            'is no network: write it as "10.0.0.0/8", all zero behind its mask, or as one address',
        ),
        (
            '["private"]',
            'is no network: write it as "10.0.0.0/8", all zero behind its mask, or as one address',
        ),
        ("[10]", 'must be a network in quotes, such as "10.0.0.0/8"'),
        ('"10.0.0.0/8"', "must be a list: write it in [ ]"),
    ],
)
def test_what_is_no_list_of_networks_is_a_mistake(desk, deny, text):
    assert said(desk, "https://a.example/", f"deny = {deny}") == [
        f"rules.toml:6: destinations.hook.deny: {text}"
    ]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST.", "127.1.1.1", "[::1]", "[::ffff:127.0.0.1]"]
)
@pytest.mark.parametrize("listen", ['"127.0.0.1:8710"', '"[::1]:8710"', '"localhost:8710"', None])
def test_relays_own_listen_address_is_a_mistake(desk, host, listen):
    own = f"[relay]\nlisten = {listen}\n" if listen else ""
    mistakes = said(desk, f"http://{host}:8710/hints/parse", own)
    assert mistakes == [
        f"rules.toml:5: destinations.hook.url: is a forbidden address (relay's own), {WAY_OUT}"
    ]


@pytest.mark.parametrize("own", ['[relay]\nlisten = "off"\n', '[relay]\nlisten = "127.0.0.1:8711"\n'])
def test_another_port_of_this_machine_is_not_relays_own(desk, own):
    assert desk.load(HOOK.format(url="http://127.0.0.1:8710/") + own).destinations


def test_the_port_of_a_scheme_counts_too(desk):
    assert "relay's own" in said(desk, "http://localhost/", '[relay]\nlisten = "127.0.0.1:80"\n')[0]
    assert desk.load(HOOK.format(url="https://localhost/") + '[relay]\nlisten = "127.0.0.1:80"\n')
