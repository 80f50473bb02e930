"""A relay process that sees very many failures in one look, and all whom it tells."""

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from email import message_from_bytes, policy

from aiohttp import web

from relay.cli.demo.mail import mailbox
from relay.cli.demo.slack import Payload, Slack
from relay.simulator import Scenario, Simulator
from relay.simulator.http import app
from tests.process.live import KEY, Home, served, until

KINDS = 7

RULES = """
[destinations.chat]
type = "slack"
url = "{url}/chat"
[destinations.bot]
type = "slack"
token = "xoxb-flood"
channel = "#ops"
api_url = "{slack}/api/"
[destinations.mail]
type = "email"
server = "{mail}"
from = "relay@example.com"
to = ["oncall@example.com"]
[destinations.hook]
type = "webhook"
url = "{url}/hook"
secret = "$WEBHOOK_SECRET"
[rules.people]
on = ["*.failed"]
to = ["chat", "bot", "mail"]
{waits}
[rules.machines]
on = ["*.failed"]
to = ["hook"]
"""


class Heard:
    """`chat`, `mails`: of how many failures each message told; `bot`: likewise, as they stand now; `threads`:
    replies beside those; `hooks`: the jobs told of; `last`: when. `sums`: in Slack, what a message's lines
    add up to, and of how many kinds.
    """

    def __init__(self) -> None:
        self.chat: list[int] = []
        self.threads: list[str] = []
        self.sums: set[tuple[int, int]] = set()
        self._standing: list[Payload] = []
        self.mails: list[int] = []
        self.hooks: set[str] = set()
        self.last = 0.0

    def has(self, count: int) -> bool:
        """Everybody has heard of so many."""
        return len(self.hooks) == count == sum(self.mails) == sum(self.chat) == sum(self.bot)

    @property
    def bot(self) -> list[int]:
        return [_told(payload) for payload in self._standing]

    def posted(self, before: Payload | None, payload: Payload) -> None:
        if before is not None:
            self._standing.remove(before)
        if "thread_ts" in payload:
            self.threads.append(payload["text"])
        else:
            self._standing.append(payload)
            self._sum(payload)

    def _sum(self, payload: Payload) -> None:
        counts = [
            int(count.replace(",", ""))
            for count in re.findall(r"• ([\d,]+) × parse failed", json.dumps(payload, ensure_ascii=False))
        ]
        self.sums.add((sum(counts), len(counts)))

    def app(self) -> web.Application:
        application = web.Application(client_max_size=2**24)
        application.router.add_post("/chat", self._chat)
        application.router.add_post("/hook", self._hook)
        return application

    def mail(self, content: bytes) -> None:
        self.mails.append(_count(message_from_bytes(content, policy=policy.default)["Subject"]))

    async def _chat(self, request: web.Request) -> web.Response:
        payload = json.loads(await request.read())
        self.chat.append(_told(payload))
        self._sum(payload)
        return web.Response(text="ok")

    async def _hook(self, request: web.Request) -> web.Response:
        self.hooks.add(json.loads(await request.read())["data"]["job_id"])
        self.last = time.monotonic()
        return web.Response(text="ok")


def _told(payload: Payload) -> int:
    return _count(payload["blocks"][0]["text"]["text"])


def _count(title: str) -> int:
    found = re.search(r"([\d,]+) failures", title)
    return int(found[1].replace(",", "")) if found else 1


class Flood:
    """`rise(count)`: so many jobs fail between two looks of the relay that is `pid`."""

    def __init__(self, simulator: Simulator, heard: Heard, pid: int) -> None:
        self._simulator = simulator
        self.heard = heard
        self.pid = pid
        self.began = 0.0

    def rise(self, count: int) -> None:
        self.began = time.monotonic()
        for n in range(count):
            error = f"E{n % KINDS}_BROKEN: page {n} of the file"
            self._simulator.create("parse", id=f"pjb-{n}", name=f"{n}.pdf", status="FAILED", error=error)


@asynccontextmanager
async def flooded(home: Home, *, waits: str = "") -> AsyncIterator[Flood]:
    """A relay that has looked at an empty account; `waits` is of the rule for people."""
    simulator = Simulator(Scenario(), now=time.time, seed=1, api_key=KEY)
    heard = Heard()
    async with AsyncExitStack() as stack:
        api, url = [await stack.enter_async_context(served(each)) for each in (app(simulator), heard.app())]
        mail = await stack.enter_async_context(mailbox(heard.mail))
        slack = await stack.enter_async_context(served(Slack("xoxb-flood", heard.posted).app()))
        home.watch(api, RULES.format(url=url, slack=slack, mail=mail, waits=waits), kinds=("parse",))
        relay = await stack.enter_async_context(home.started("run"))
        await until(lambda: home.log.read_text().count("look source=parse") >= 3)
        yield Flood(simulator, heard, relay.pid)
