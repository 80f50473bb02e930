"""What an answer repeats of a secret is masked, however it is escaped and wherever the answer was cut."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.model import Secret
from relay.secrecy import SHORTEST, hiding

URL = "https://example.com/hooks/T0123456789abcdef?token=q-0123456789&x=1"
SECRETS = ["llx-0123456789", "Bearer t0ps3cret/+=", "whsec_MDEyMzQ1Njc4OWFiY2RlZg==", 'quo"ted\\secret', URL]
hide = hiding(map(Secret, SECRETS))


@pytest.mark.parametrize(
    "repeated",
    [
        *SECRETS,
        "t0ps3cret/+=",
        "MDEyMzQ1Njc4OWFiY2RlZg==",
        "/hooks/T0123456789abcdef?token=q-0123456789&x=1",
        "T0123456789abcdef",
        "q-0123456789",
    ],
)
@pytest.mark.parametrize("escaped", [str, lambda s: json.dumps(s)[1:-1], lambda s: quote(s, safe=""), quote])
def test_it_is_masked(repeated, escaped):
    assert escaped(repeated) not in hide(f'{{"you said": "{escaped(repeated)}"}}')


@given(st.sampled_from(SECRETS), st.integers(min_value=SHORTEST), st.text(max_size=20))
def test_one_that_was_cut_off_is_masked_too(secret, length, before):
    cut = secret[: SHORTEST + length % len(secret)]
    assert not hide(before + cut).endswith(cut)


@given(st.text(max_size=200))
def test_what_holds_none_stays_as_it_is(text):
    assert hiding([Secret("a secret that no text holds by chance")])(text) == text


def test_a_secret_of_several_words_is_masked_as_a_whole_alone():
    hide = hiding([Secret("relay delivery webhook")])
    assert hide("the webhook is down: a delivery waits") == "the webhook is down: a delivery waits"
    assert hide("you sent 'relay delivery webhook'.") == "you sent '***'."


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", "basic", "Token", "ApiKey"])
def test_of_a_header_the_token_is_masked_by_itself(scheme):
    assert hiding([Secret(f"{scheme} t0ps3cret")])("you sent t0ps3cret.") == "you sent ***."


def test_short_words_within_a_secret_are_no_secrets():
    assert hide("Bearer hooks https://example.com token") == "Bearer hooks https://example.com token"
