"""Files that the configuration names: from its own folder, and looked at only by who will use them."""

import pytest
import trustme

HOOK = """[destinations.hook]
type = "webhook"
url = "https://example.com/"
"""


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def test_a_relative_path_starts_beside_the_file_wherever_relay_was_started(desk, authority, tmp_path):
    (tmp_path / "tls").mkdir()
    authority.cert_pem.write_to_path(tmp_path / "tls" / "ca.pem")
    loaded = desk.load(f'{HOOK}ca_file = "tls/ca.pem"')
    assert loaded.destinations["hook"].ca_file == tmp_path / "tls" / "ca.pem"
    assert len(loaded.destinations["hook"].tls.get_ca_certs()) == 1


def test_an_absolute_path_is_taken_as_it_is(desk, authority, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "ca.pem"
    authority.cert_pem.write_to_path(elsewhere)
    assert desk.load(f'{HOOK}ca_file = "{elsewhere}"').destinations["hook"].ca_file == elsewhere


def test_a_file_that_cannot_be_used_is_a_mistake_on_its_line(desk):
    way_out = "check its path (a relative one starts beside this file) and its owner"
    said = f"can't be read (No such file or directory): {way_out}"
    text = f'{HOOK}ca_file = "ca.pem"'
    assert desk.mistakes(text) == [f"rules.toml:6: destinations.hook.ca_file: {said}"]


def test_a_path_may_come_from_the_environment_and_is_not_told(desk):
    (said,) = desk.mistakes(f'{HOOK}ca_file = "$CA"', {"CA": "/secret-place/ca.pem"})
    assert said.startswith("rules.toml:6: destinations.hook.ca_file: can't be read")
    assert "secret-place" not in said


@pytest.mark.parametrize("path", ["ca.pem", "$CA"])
def test_a_command_that_sends_nothing_looks_at_no_file(desk, path):
    loaded = desk.load(f'{HOOK}ca_file = "{path}"\nkey_file = "{path}"', secrets=False)
    assert list(loaded.destinations) == ["hook"]


def test_two_secrets_and_one_signature_do_not_fit(desk):
    text = f'{HOOK}format = "llamacloud"\nsecret = ["a", "b"]'
    said = 'takes one with format = "llamacloud", which signs once: leave the old one out'
    assert desk.mistakes(text) == [f"rules.toml:7: destinations.hook.secret: {said}"]


def test_the_secret_of_one_format_is_not_that_of_another(desk):
    assert desk.load(f'{HOOK}secret = "any text"\nformat = "llamacloud"')
    (said,) = desk.mistakes(f'{HOOK}secret = "any text"\nformat = "cloudevents"')
    assert said.startswith("rules.toml:6: destinations.hook.secret: is not a signing secret: write whsec_")
