"""`relay test` over the real things: where the sample went, who was refused, in Slack's words what to do."""

import json

import pytest
from http_receiver import answering
from mailserver import PASSWORD, EmailReceiver, authority, parsed
from slack_receivers import SlackBotReceiver, SlackWebhookReceiver
from smtp_session import only

from relay.destinations.slack import shown
from tests.process.live import PLACE, Home

CONFIG = """
[llamacloud]
api_key = "$LLAMA_CLOUD_API_KEY"
[sources.parse]
[destinations.bot]
type = "slack"
token = "$SLACK_BOT_TOKEN"
channel = "#ops"
api_url = "http://127.0.0.1:{bot}/api/"
[destinations.hook]
type = "slack"
url = "$SLACK_WEBHOOK_URL"
[destinations.oncall]
type = "email"
server = "smtp://relay%20user@127.0.0.1:{mail}"
password = "$SMTP_PASSWORD"
from = "relay@example.com"
to = ["a@example.com", "b@example.com"]
ca_file = "{ca}"
"""
SECRETS = (*SlackBotReceiver.secrets, *SlackWebhookReceiver.secrets, *EmailReceiver.secrets)


@pytest.fixture
async def bot(aiohttp_server, session, clock):
    return await SlackBotReceiver(aiohttp_server, session, clock).start()


@pytest.fixture
async def hook(aiohttp_server, session, clock):
    return await SlackWebhookReceiver(aiohttp_server, session, clock).start()


@pytest.fixture
async def mail(clock):
    server = await EmailReceiver(clock=clock).start()
    yield server
    await server.stop()


@pytest.fixture
def tried(tmp_path, bot, hook, mail):
    home = Home(tmp_path)
    home.write(PLACE + CONFIG.format(bot=bot.server.port, mail=mail.port, ca=authority()[1]))
    environ = {
        "SLACK_BOT_TOKEN": "xoxb-canary",
        "SLACK_WEBHOOK_URL": hook.table(f"http://127.0.0.1:{hook.server.port}")["url"],
        "SMTP_PASSWORD": PASSWORD,
    }

    async def run(*args):
        done = await home.relay("test", *args, **environ)
        assert not [secret for secret in SECRETS if secret in done.out + done.err]
        assert not home.database.exists()
        return done

    return run


async def test_each_time_the_bot_posts_a_message_that_says_it_is_a_test(tried, bot):
    for _ in range(2):
        done = await tried("bot")
        assert (done.status, done.out) == (0, "bot: delivered to #ops (HTTP 200)\n")
    assert bot.methods == ["chat.postMessage"] * 2
    assert shown(bot.payloads[0]).startswith("┃ 🧪 Test message to bot\n┃ This is a test, sent by hand.")


async def test_a_webhook_of_slacks_knows_its_channel_alone(tried, hook):
    done = await tried("hook")
    assert (done.status, done.out) == (0, "hook: delivered to the channel of its webhook (HTTP 200)\n")
    assert shown(hook.payloads[0]).startswith("┃ 🧪 Test message to hook\n")


async def test_slack_is_quoted_with_what_to_do(tried, bot, hook):
    bot.answer = answering(200, '{"ok": false, "error": "channel_not_found"}')
    hook.answer = answering(403, "invalid_token")
    by_bot, by_hook = await tried("bot"), await tried("hook")
    assert (by_bot.status, by_hook.status) == (1, 1)
    invite = "invite the bot to the channel with /invite, or name another in channel"
    assert by_bot.out == f"bot: not delivered: Slack says channel_not_found: {invite}\n"
    set_url = "set url to that of a webhook that is in use"
    assert by_hook.out == f"hook: not delivered: Slack says invalid_token (HTTP 403): {set_url}\n"


async def test_a_login_page_of_a_proxy_is_no_delivery(tried, bot, hook):
    bot.answer = hook.answer = answering(200, "<html><title>Log in</title>")
    for name in ("bot", "hook"):
        done = await tried(name)
        said = "no answer of Slack's (HTTP 200): something else answers there, such as a proxy"
        assert (done.status, done.out) == (1, f"{name}: not delivered: {said}\n")


async def test_a_mail_says_who_has_it(tried, mail):
    done = await tried("oncall")
    assert (done.status, done.out) == (0, "oncall: delivered to a@example.com, b@example.com (SMTP 250)\n")
    ((to, content),) = mail.mails
    assert to == ("a@example.com", "b@example.com")
    assert parsed(content)["Subject"] == "[tested] Test message to oncall"


async def test_a_mail_says_who_was_refused_for_good(tried, mail):
    mail.answer = {"RCPT": only("b@example.com", "550 5.1.1 unknown")}
    done = await tried("oncall")
    refused = "refused for good: b@example.com (550 5.1.1 unknown)"
    assert (done.status, done.out) == (0, f"oncall: delivered to a@example.com; {refused} (SMTP 250)\n")


async def test_a_mail_that_not_all_have_is_not_delivered(tried, mail):
    mail.answer = {"RCPT": only("b@example.com", "451 4.2.0 later")}
    done = await tried("oncall")
    assert (done.status, done.out) == (
        1,
        "oncall: not delivered: some have it; refused for now: b@example.com (451 4.2.0 later)\n",
    )


async def test_a_wrong_password_is_told_and_not_shown(tried, mail):
    mail.answer = EmailReceiver.failures["the password comes back"].answer
    done = await tried("oncall")
    assert done.status == 1
    assert "was refused (535 not …)" in done.out


async def test_a_script_reads_the_same_as_json(tried, bot):
    (row,) = (await tried("bot", "--json")).rows
    assert row == {
        "destination": "bot",
        "type": "slack",
        "delivered": True,
        "to": "#ops",
        "status": 200,
        "reason": None,
    }
    bot.answer = answering(503, "no")
    done = await tried("bot", "--json")
    assert done.status == 1
    assert json.loads(done.out) == row | {
        "delivered": False,
        "to": None,
        "status": 503,
        "reason": "HTTP 503",
    }
