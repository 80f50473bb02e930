"""`relay init` asks, shows what the key can see, sends a test, and writes what `relay check` finds well."""

import stat

import pytest

from tests.process.live import KEY, SECRET

ALL = ""
"""Which to watch: what is offered."""


def lines(*answers):
    return "".join(f"{answer}\n" for answer in answers)


async def asked(home, *answers, **environ):
    return await home.relay("init", stdin=lines(*answers), **environ)


async def test_a_few_answers_make_a_configuration_that_works(home, simulator, api, hook, receiver):
    simulator.create("parse", status="COMPLETED")
    done = await asked(home, api, "parse batch", "webhook", f"{hook}/hook")
    assert done.status == 0, done.err
    assert "parse     1 job\n" in done.out
    assert "extract   no job yet\n" in done.out
    assert "A test: hook: delivered (HTTP 204)" in done.out
    assert [arrival.event["type"] for arrival in receiver.arrivals] == ["relay.test"]
    assert f"Written: {home.config}" in done.out
    checked = await home.relay("check")
    assert checked.status == 0, checked.err
    (warning,) = (line for line in checked.out.splitlines() if line.startswith("warning: "))
    assert "relay.alerts_to: is the only destination" in warning
    assert "ok: 2 sources, 1 destination, 2 rules" in checked.out
    assert [line for line in home.config.read_text().splitlines() if line.startswith("#[sources.")]


async def test_what_was_typed_is_kept_in_files_of_ones_own_and_nowhere_else(home, api, hook, receiver):
    done = await asked(
        home, api, KEY, ALL, "webhook", f"{hook}/hook", LLAMA_CLOUD_API_KEY="", WEBHOOK_SECRET=SECRET
    )
    assert done.status == 0, done.err
    kept = home.folder / "secrets" / "LLAMA_CLOUD_API_KEY"
    assert kept.read_text() == KEY
    assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(kept.parent.stat().st_mode)) == (0o600, 0o700)
    assert not (kept.parent / "WEBHOOK_SECRET").exists()
    assert KEY not in home.config.read_text() + done.out + done.err
    assert f"export CREDENTIALS_DIRECTORY={kept.parent}" in done.out
    checked = await home.relay("check", LLAMA_CLOUD_API_KEY="", CREDENTIALS_DIRECTORY=str(kept.parent))
    assert checked.status == 0, checked.err


async def test_a_secret_that_signs_is_made_where_there_is_none(home, api, hook):
    done = await asked(home, api, ALL, "webhook", f"{hook}/gone", "y", WEBHOOK_SECRET="")
    assert "a receiver that checks signatures refuses the test" in done.err
    assert (home.folder / "secrets" / "WEBHOOK_SECRET").read_text().startswith("whsec_")


async def test_what_is_there_is_left_as_it_is(home, api):
    home.write("# mine")
    done = await asked(home, api)
    assert (done.status, home.config.read_text()) == (1, "# mine")
    assert "is there already" in done.err


async def test_a_key_that_is_refused_ends_it_and_nothing_is_written(home, api):
    done = await asked(home, api, LLAMA_CLOUD_API_KEY="llx-wrong")
    assert done.status == 1
    assert "the key is refused" in done.err
    assert list(home.folder.iterdir()) == []


async def test_an_address_where_nobody_is_ends_it(home):
    done = await home.relay("init", stdin=lines("http://127.0.0.1:9"), within=60)
    assert done.status == 1
    assert "nothing could be read there" in done.err


async def test_a_test_that_does_not_arrive_is_asked_about(home, api, hook):
    done = await asked(home, api, ALL, "webhook", f"{hook}/busy", "n", "webhook", f"{hook}/hook")
    assert done.status == 0, done.err
    assert "hook: not delivered: HTTP 503" in done.out
    assert f'url = "{hook}/hook"' in home.config.read_text()


@pytest.mark.parametrize("url", ["ftp://x", "http://169.254.169.254/", 'http://x"\\', "$NOWHERE"])
async def test_a_wrong_answer_is_told_and_asked_for_again(home, api, hook, url):
    done = await asked(home, api, ALL, "webhook", url, "webhook", f"{hook}/hook")
    assert done.status == 0, done.err
    assert "destinations.hook.url: " in done.err
    assert {file.name for file in home.folder.iterdir()} == {"rules.toml"}


async def test_answers_that_end_too_soon_write_nothing(home, api):
    done = await asked(home, api, ALL, "email")
    assert done.status == 1
    assert list(home.folder.iterdir()) == []


async def test_mails_go_by_a_server_that_is_named(home, api):
    answers = (
        api,
        ALL,
        "email",
        "smtp+plain://127.0.0.1:9",
        "relay@example.com",
        "a@example.com, b@example.com",
        "y",
    )
    done = await asked(home, *answers)
    assert done.status == 0, done.err
    assert 'to = ["a@example.com", "b@example.com"]' in home.config.read_text()
    assert "password" not in home.config.read_text()
