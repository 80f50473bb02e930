"""Marked secrets are everywhere and everything fails: none is in anything that relay leaves or says."""

import asyncio
import json
import time
from base64 import b64encode
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from relay.config import load
from relay.model import utc_text
from tests.process.live import Home, served, until

SECRETS = {
    "LLAMA_CLOUD_API_KEY": "llx-CANARYofTheApiKey0001",
    "ACME_KEY": "llx-CANARYofAnotherKey0002",
    "HINT_SECRET": "CANARYofTheHintsSecret0003",
    "WEBHOOK_SECRET": "whsec_" + b64encode(b"CANARY of the webhook 0004").decode(),
    "WEBHOOK_AUTH": "Bearer CANARYofTheHeader0005",
    "WEBHOOK_TOKEN": "CANARYofTheWebhookUrl0006",
    "SLACK_HOOK": "CANARYofTheSlackUrl0007",
    "SLACK_TOKEN": "xoxb-CANARYofTheSlackBot0008",
    "WEBHOOK_QUERY": "CANARYofTheQuery0009",
    "RELAY_TOKEN": "CANARYofRelaysOwnToken0010",
    "HEARTBEAT": "CANARYofTheHeartbeatUrl0011",
    "SMTP_PASSWORD": "CANARYofTheMailbox0012",
}
AS_SENT = (SECRETS["SMTP_PASSWORD"], f"\0me\0{SECRETS['SMTP_PASSWORD']}")
"""The password of the mailbox goes out as base64 of the one or the other."""
MARKS = [
    *(value.split()[-1].removeprefix("whsec_").encode() for value in SECRETS.values()),
    *(b64encode(said.encode()) for said in AS_SENT),
]

PLACE = """
[relay]
name = "tested"
database = "relay.db"
listen = "127.0.0.1:{port}"
alerts_to = "taken"
token = "$RELAY_TOKEN"
heartbeat_url = "$URL_heartbeat"
[sources.acme]
kind = "classify"
api_key = "$ACME_KEY"
signing_secret = "$HINT_SECRET"
"""
HOOK = """
[destinations.{name}]
type = "webhook"
url = "$URL_{name}"
secret = "$WEBHOOK_SECRET"
headers = {{ Authorization = "$WEBHOOK_AUTH", X-Twice = "$WEBHOOK_AUTH" }}
"""
SLACK = """
[destinations.slackhook]
type = "slack"
url = "$URL_slackhook"
[destinations.slackbot]
type = "slack"
token = "$SLACK_TOKEN"
channel = "#ops"
api_url = "{url}/api/"
[destinations.mail]
type = "email"
server = "smtp+plain://me@127.0.0.1:{smtp}"
password = "$SMTP_PASSWORD"
from = "relay@example.com"
to = ["oncall@example.com"]
[rules.all]
on = ["*"]
to = ["taken", "failing", "gone", "raw", "tls", "slackhook", "slackbot", "mail"]
group_by = false
title = '{{{{ 1 // (0 if "***" in name else 1) }}}}'
"""
HOOKS = {"taken": 200, "failing": 500, "gone": 410}


def told(request):
    """The request's own URL and headers, as careless servers answer them."""
    said = {"url": str(request.url), "path": request.path_qs, "headers": dict(request.headers)}
    return json.dumps(said) + " " + repr(said)


async def echo(request):
    name = request.match_info["name"]
    return web.Response(status=HOOKS.get(name, 500), text=told(request), headers={"X-Told": "yes"})


class Api:
    """First empty, then with a job whose error repeats the request, then broken in turns."""

    def __init__(self):
        self.asked = 0

    async def parse(self, request):
        self.asked += 1
        if self.asked <= 8:
            return web.json_response({"items": []})
        if self.asked <= 30:
            item = {"id": "pjb-1", "status": "FAILED", "error_message": told(request), "name": told(request)}
            now = utc_text(time.time() + 2)
            return web.json_response({"items": [{**item, "created_at": now, "updated_at": now}]})
        answers = (
            web.Response(status=500, text=told(request)),
            web.json_response({"detail": told(request)}, status=422),
            web.Response(text=told(request)),
            web.json_response({"items": told(request)}),
            web.Response(status=302, headers={"Location": f"/{request.headers['Authorization'][7:]}"}),
        )
        return answers[self.asked % len(answers)]

    async def classify(self, request):
        return web.json_response({"detail": told(request)}, status=401)


async def raw(reader, writer):
    """No HTTP at all, but the request once more."""
    request = await reader.read(65536)
    writer.write(b"HTTP/1.1 " + request)
    await writer.drain()
    writer.close()


async def mail(reader, writer):
    """A mail server that refuses whoever logs in, and says what it heard."""
    writer.write(b"220 mail.test\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        writer.write(
            b"250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n" if verb == b"EHLO" else b"535 heard " + line
        )
        await writer.drain()
    writer.close()


@pytest.fixture
async def around():
    """URLs of an API and of receivers, ports of servers of mail and of no HTTP; all repeat what they hear."""
    api, receivers = Api(), web.Application()
    receivers.router.add_route("*", "/{name}/{token}", echo)
    lists = web.Application()
    lists.router.add_get("/api/v2/parse", api.parse)
    lists.router.add_get("/{rest:.*}", api.classify)
    async with AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(_heard(by)) for by in (raw, mail)]
        urls = [await stack.enter_async_context(served(app)) for app in (lists, receivers)]
        yield (*urls, *ports)


@asynccontextmanager
async def _heard(by):
    server = await asyncio.start_server(by, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
def given(tmp_path, around):
    """Secrets in the environment, in files that it names and among credentials."""
    _, receivers, port, _ = around
    end = f"{SECRETS['WEBHOOK_TOKEN']}?token={SECRETS['WEBHOOK_QUERY']}"
    urls = {f"URL_{name}": f"{receivers}/{name}/{end}" for name in HOOKS}
    urls["URL_raw"] = f"http://127.0.0.1:{port}/raw/{end}"
    urls["URL_tls"] = f"https://127.0.0.1:{port}/tls/{end}"
    urls["URL_slackhook"] = f"{receivers}/slackhook/{SECRETS['SLACK_HOOK']}"
    urls["URL_heartbeat"] = f"{receivers}/heartbeat/{SECRETS['HEARTBEAT']}"
    given = {**SECRETS, **urls}
    folder = tmp_path / "credentials"
    folder.mkdir()
    for name in ("HINT_SECRET", "SLACK_TOKEN", "WEBHOOK_AUTH", "ACME_KEY"):
        (folder / name).write_text(given.pop(name))
    return {
        **{name: value for name, value in given.items() if name not in {"WEBHOOK_SECRET", "URL_gone"}},
        "WEBHOOK_SECRET": "",
        "CREDENTIALS_DIRECTORY": str(folder),
        **_in_files(tmp_path, given, "WEBHOOK_SECRET", "URL_gone"),
    }


def _in_files(folder, given, *names):
    for name in names:
        (folder / f"file-{name}").write_text(given[name])
    return {f"{name}_FILE": str(folder / f"file-{name}") for name in names}


@pytest.fixture
def canaries(tmp_path, around):
    api, receivers, _, smtp = around
    home = Home(tmp_path / "home")
    home.folder.mkdir()
    hooks = "".join(HOOK.format(name=name) for name in (*HOOKS, "raw", "tls"))
    rest = SLACK.format(url=receivers, smtp=smtp)
    home.watch(api, hooks + rest, place=PLACE.format(port=0), kinds=("parse",))
    return home


def leaks(said):
    """Which secret is where."""
    return [(place, mark.decode()) for place, content in said.items() for mark in MARKS if mark in content]


LISTS = ("status", "sources", "jobs", "events", "deliveries", "destinations", "rules")
PATHS = ("/", "/healthz", "/readyz", "/metrics", "/hints/acme", *(f"/api/v1/{name}" for name in LISTS))
COMMANDS = (
    ("check",),
    ("status",),
    ("audit",),
    ("jobs", "--json"),
    ("events", "--json"),
    ("deliveries", "--json"),
    ("backup", "copy.db"),
    *(("test", name) for name in (*HOOKS, "raw", "tls", "slackhook", "slackbot", "mail")),
)


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_secret_is_in_anything_that_relay_says_or_leaves(canaries, given, unused_tcp_port, form):
    home = canaries
    home.write(home.config.read_text().replace("127.0.0.1:0", f"127.0.0.1:{unused_tcp_port}"))
    said = {}
    token = {"Authorization": f"Bearer {SECRETS['RELAY_TOKEN']}"}
    async with home.started("run", RELAY_LOG=form, **given) as relay:
        await until(lambda: len(home.ask("SELECT DISTINCT delivery FROM attempts")) >= 8, within=40)
        await until(lambda: home.log.read_text().count("failures") >= 3, within=30)
        said["arguments"] = _content(Path(f"/proc/{relay.pid}/cmdline"))
        async with aiohttp.ClientSession(headers=token) as session:
            for path in PATHS:
                async with session.get(f"http://127.0.0.1:{unused_tcp_port}{path}") as answer:
                    said[path] = await answer.read() + repr(answer.headers).encode()
        for command in COMMANDS:
            done = await home.relay(*command, **given)
            said[" ".join(command)] = (done.out + done.err).encode()
        files = {str(path): _content(path) for path in home.folder.iterdir()}
        relay.terminate()
        assert await relay.wait() == 0
    done = await home.relay("poll", **given)
    said["poll"] = (done.out + done.err).encode()
    said |= files | {f"{path} at the end": _content(path) for path in home.folder.iterdir()}
    assert leaks(said) == []
    _assert_it_was_tried(home)


def _assert_it_was_tried(home):
    """Else nothing was looked for."""
    answers = home.ask(
        "SELECT d.destination, a.answer FROM attempts a JOIN deliveries d ON d.id = a.delivery"
    )
    masked = {name for name, answer in answers if "***" in answer}
    assert masked >= {"taken", "failing", "gone", "slackhook"}
    assert ("mail", "heard AUTH PLAIN …") in answers
    assert home.ask("SELECT count(*) FROM events WHERE data LIKE '%***%'")[0][0] >= 1
    assert {name for name, _ in answers} >= {*HOOKS, "raw", "tls", "slackhook", "slackbot", "mail"}


MISTAKES = {
    "a URL that is none": {"URL_taken": f"ftp://example.com/{SECRETS['WEBHOOK_TOKEN']}"},
    "a URL with a password": {"URL_taken": f"https://me:{SECRETS['WEBHOOK_TOKEN']}@example.com/"},
    "a key with a space": {"LLAMA_CLOUD_API_KEY": f"{SECRETS['LLAMA_CLOUD_API_KEY']} \x01"},
    "a signing secret too short": {"WEBHOOK_SECRET": "whsec_Q0FOQVJZ"},
    "a header that can't be": {"WEBHOOK_AUTH": f"{SECRETS['WEBHOOK_AUTH']}\x07"},
    "a Slack token that is none": {"SLACK_TOKEN": f"{SECRETS['SLACK_TOKEN']} ü"},
}


@pytest.mark.parametrize("command", ["check", "run", "poll"])
@pytest.mark.parametrize("wrong", MISTAKES.values(), ids=MISTAKES)
async def test_no_mistake_in_the_configuration_shows_the_value(canaries, given, command, wrong):
    done = await canaries.relay(command, **{**given, **wrong})
    assert done.status == 2
    assert leaks({"out": done.out.encode(), "err": done.err.encode()}) == []
    assert "Q0FOQVJZ" not in done.out + done.err


async def test_the_configuration_shows_none_in_a_repr(canaries, given):
    config = load(canaries.config, environ=given, secrets=True)
    shown = [repr(config), str(config), repr(vars(config))]
    shown += [f"{options!r} {options}" for options in config.destinations.values()]
    shown += [f"{spec!r} {spec}" for spec in config.sources]
    assert leaks({str(n): text.encode() for n, text in enumerate(shown)}) == []


def _content(path):
    return path.read_bytes() if path.is_file() else b""
