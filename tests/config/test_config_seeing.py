"""The keys of a source that say how it is seen: stuck_after, signing_secret, renamed_from."""

import pytest


def test_a_source_may_say_when_a_job_is_stuck_who_signs_and_what_it_was_called(desk):
    (parse,) = desk.load(
        'stuck_after = "30m"\nsigning_secret = "$LC"\nrenamed_from = "documents"', {"LC": "whsec"}
    ).sources
    assert (parse.stuck_after, parse.renamed_from) == (1800, "documents")
    assert parse.signing_secret.reveal() == "whsec"
    assert "whsec" not in repr(parse)


def test_they_are_optional(desk):
    (parse,) = desk.load("").sources
    assert (parse.stuck_after, parse.signing_secret, parse.renamed_from) == (None, None, None)


def test_each_source_of_a_list_of_kinds_was_known_under_the_old_name_with_its_kind(desk):
    config = desk.load(
        '[sources.acme]\nkind = ["split", "batch"]\nrenamed_from = "old"\n'
        'signing_secret = "s3cret"\nstuck_after = "1h"'
    )
    assert [(spec.name, spec.renamed_from) for spec in config.sources[1:]] == [
        ("acme.split", "old.split"),
        ("acme.batch", "old.batch"),
    ]
    assert {(spec.stuck_after, spec.signing_secret.reveal()) for spec in config.sources[1:]} == {
        (3600, "s3cret")
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('stuck_after = "30 minutes"', '"30s", "5m", "2h" or "7d"'),
        ("stuck_after = 30", "stuck_after"),
        ('stuck_after = "0s"', "stuck_after"),
        ('signing_secret = ""', "signing_secret"),
        ("signing_secret = 7", "signing_secret"),
        ('renamed_from = "a b"', "renamed_from"),
        ('renamed_from = ["a"]', "renamed_from"),
        ('renamed_from = ""', "renamed_from"),
    ],
)
def test_a_value_that_is_none_is_refused_on_its_line(desk, text, said):
    (mistake,) = desk.mistakes(text)
    assert mistake.startswith("rules.toml:3: sources.parse.")
    assert said in mistake


def test_they_belong_to_a_source_and_not_to_all(desk):
    start = '[llamacloud]\napi_key = "llx-1"\nstuck_after = "5m"\nsigning_secret = "x"\n[sources.parse]\n'
    assert len(desk.mistakes("", start=start)) == 2


def test_a_source_can_not_have_been_one_that_is_still_there(desk):
    (mistake,) = desk.mistakes('[sources.new]\nkind = "split"\nrenamed_from = "parse"')
    assert "renamed_from" in mistake
    assert mistake.startswith("rules.toml:5: ")


def test_two_sources_can_not_both_have_been_the_same(desk):
    text = (
        '[sources.a]\nkind = "split"\nrenamed_from = "old"\n[sources.b]\nkind = "batch"\nrenamed_from = "old"'
    )
    (mistake,) = desk.mistakes(text)
    assert "renamed_from" in mistake


def test_a_signing_secret_that_is_not_set_is_a_mistake_only_where_secrets_are_read(desk):
    (mistake,) = desk.mistakes('signing_secret = "$LC"')
    assert "$LC is not set" in mistake
    assert desk.load('signing_secret = "$LC"', secrets=False).sources[0].signing_secret is not None


def test_a_mistake_never_repeats_a_signing_secret(desk):
    mistakes = desk.mistakes('signing_secret = "$LC"\nstuck_after = "$LC"', {"LC": "hush-hush"})
    assert mistakes
    assert "hush" not in "".join(mistakes)
    with pytest.raises(TypeError):
        desk.load('signing_secret = "hush-hush"').sources[0].signing_secret.__reduce__()
