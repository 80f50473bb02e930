"""A configuration that is wrong is refused whole, before anything is begun."""

import pytest

RIGHT = """
[llamacloud]
api_key = "$LLAMA_CLOUD_API_KEY"
base_url = "http://127.0.0.1:9"
[sources.parse]
[destinations.hook]
type = "webhook"
url = "http://127.0.0.1:9/hook"
secret = "$WEBHOOK_SECRET"
[rules.all]
on = ["*"]
to = ["hook"]
"""

WRONG = {
    "an unknown kind": ("[sources.parse]", "[sources.prase]", "rules.toml:5: sources.prase"),
    "a destination that is not there": ('to = ["hook"]', 'to = ["hok"]', "rules.toml:12: rules.all.to"),
    "an unknown key": ("[sources.parse]", "[sources.parse]\nevry = 1", "rules.toml:6: sources.parse.evry"),
    "a wrong type": ('on = ["*"]', "on = 1", "rules.toml:11: rules.all.on"),
    "no TOML": ('on = ["*"]', 'on = ["*"', "rules.toml:1"),
    "a secret too short": ('"$WEBHOOK_SECRET"', '"whsec_c2hvcnQ="', "rules.toml:9: destinations.hook.secret"),
}


def refused(home, done, *begins):
    """One line for each mistake and nothing else, and nothing on disk but the configuration."""
    assert (done.status, done.out) == (2, "")
    lines = done.said
    assert len(lines) == len(begins), done.err
    for line, begin in zip(lines, begins, strict=True):
        assert line.startswith(begin)
    assert list(home.folder.iterdir()) == [home.config]


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(("right", "wrong", "place"), WRONG.values(), ids=WRONG.keys())
async def test_it_is_refused_in_one_line(home, command, right, wrong, place):
    home.write(RIGHT.replace(right, wrong))
    refused(home, await home.relay(command), place)


@pytest.mark.parametrize(
    ("command", "key"),
    [(("check",), ""), (("run",), "  "), (("poll",), "llx-\u00fc"), (("test", "hook"), "llx-\x01")],
)
async def test_a_key_that_no_header_can_carry_is_refused(home, command, key):
    home.write(RIGHT)
    refused(home, await home.relay(*command, LLAMA_CLOUD_API_KEY=key), "rules.toml:3: llamacloud.api_key: ")


async def test_a_missing_key_is_a_mistake_that_names_it(home):
    home.write(RIGHT.replace("$LLAMA_CLOUD_API_KEY", "$NOWHERE_SET"))
    done = await home.relay("run")
    refused(home, done, "rules.toml:3: llamacloud.api_key: $NOWHERE_SET is not set")


async def test_no_key_at_all_is_a_mistake(home):
    home.write(RIGHT.replace('api_key = "$LLAMA_CLOUD_API_KEY"', ""))
    refused(home, await home.relay("run"), "rules.toml:")


async def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(home):
    home.write(
        RIGHT.replace("[sources.parse]", "[sources.prase]")
        .replace('to = ["hook"]', 'to = ["hok"]')
        .replace("$WEBHOOK_SECRET", "$NOWHERE_SET")
    )
    refused(
        home,
        await home.relay("check"),
        "rules.toml:5: sources.prase",
        "rules.toml:9: destinations.hook.secret",
        "rules.toml:12: rules.all.to",
    )


async def test_check_says_what_will_be_watched(home):
    home.write(RIGHT)
    done = await home.relay("check")
    assert done.status == 0
    assert "ok: 1 source, 1 destination, 1 rule" in done.out
    assert "parse: parse of http://127.0.0.1:9, every 15 s" in done.out
    assert list(home.folder.iterdir()) == [home.config]


async def test_check_can_leave_secrets_out(home):
    home.write(RIGHT.replace("$LLAMA_CLOUD_API_KEY", "$NOWHERE_SET"))
    assert (await home.relay("check", "--no-secrets")).status == 0
    assert (await home.relay("check")).status == 2


async def test_check_warns_of_what_is_hardly_meant_and_does_not_refuse_it(home):
    home.write(RIGHT.replace('secret = "$WEBHOOK_SECRET"', ""))
    done = await home.relay("check")
    assert done.status == 0
    (warning,) = (line for line in done.out.splitlines() if line.startswith("warning: "))
    assert warning.startswith("warning: rules.toml:6: destinations.hook")


async def test_a_mistake_never_quotes_a_secret(home):
    home.write(RIGHT)
    done = await home.relay("check", LLAMA_CLOUD_API_KEY="llx-\x01hidden", WEBHOOK_SECRET="whsec_hidden")
    assert done.status == 2
    assert "hidden" not in done.err + done.out


async def test_what_a_mistake_quotes_can_not_colour_the_terminal(home):
    home.write(RIGHT + '[sources."\\u001b[31m\\u009b2J"]\n')
    done = await home.relay("check")
    assert done.status == 2
    assert not {"\x1b", "\x9b"} & set(done.err)


@pytest.mark.parametrize(
    "args", [("jobs", "--id"), ("events", "--job"), ("retry",), ("drop",), ("replay",), ("retry", "--rule")]
)
async def test_an_argument_that_is_no_text_is_refused_in_one_line(past, args):
    done = await past.relay(*args, "\udcff")
    assert (done.status, done.out) == (2, "")
    assert done.said == ["relay: an argument holds bytes that are no text; write it as UTF-8"]
