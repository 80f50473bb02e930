"""Everything at once, on free ports and in a folder that goes when the demo does."""

import asyncio
import base64
import random
import secrets
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import click
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from relay.cli.common import for_option, on_signals
from relay.cli.demo import screen
from relay.cli.demo.mail import mailbox
from relay.cli.demo.slack import Payload, Slack
from relay.cli.serve import on_port
from relay.config import load
from relay.model import SystemClock, seconds_of
from relay.render.units import many
from relay.service import Running, running
from relay.simulator import Simulator
from relay.simulator import demo as demo_scenario
from relay.simulator.http import app as simulated_api

QUIET, SETTLE = 2.5, 9.0
"""Seconds without news after which all has arrived; and how long to wait for that at most."""


@click.command()
@for_option
@click.option(
    "--speed", default=3.0, show_default=True, type=click.FloatRange(0.1, 100), help="How fast jobs move."
)
@click.option("--seed", default=0, show_default=True, help="The same seed makes the same jobs.")
def demo(seconds: float | None, speed: float, seed: int) -> None:
    """Show relay at work without an account: a simulated API, a relay, and whom it tells.

    Every change of a job is a line, printed when its webhook has come and its signature was verified. What
    people are told in Slack and by mail is shown as they would see it.
    """
    asyncio.run(_Demo(speed, seed).run(seconds))


class _Demo:
    def __init__(self, speed: float, seed: int) -> None:
        self._secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self._token = "xoxb-" + secrets.token_hex(16)
        self._verifier = Webhook(self._secret)
        self._frozen_at: float | None = None
        self._simulator = Simulator(demo_scenario(speed=speed), now=self._now, seed=seed)
        self._events: Counter[str] = Counter()
        self._arrived: Counter[str] = Counter()
        self._delays: list[float] = []
        self._forged = 0
        self._posted = self._updated = self._mails = 0

    def _now(self) -> float:
        return self._frozen_at or time.time()

    async def run(self, seconds: float | None) -> None:
        stop = asyncio.Event()
        on_signals(stop.set)
        async with AsyncExitStack() as stack:
            it = await self._relay(stack)
            assert it.own is not None
            click.echo("The dashboard: http://{}:{}\n".format(*it.own))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)
            self._frozen_at = time.time()
            await self._settled(it)
            ledger = await it.store.audit()
            told = await _told(it)
        self._summary(ledger, told)

    async def _relay(self, stack: AsyncExitStack) -> Running:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay-demo-")))
        path = folder / "rules.toml"
        path.write_bytes(Path(__file__).with_name("rules.toml").read_bytes())
        config = load(path, environ=await self._others(stack), secrets=True)
        click.echo(
            "A simulated LlamaCloud, relay, and whom it tells: a webhook receiver, Slack and a mailbox."
        )
        click.echo(f"It runs by {path}; Ctrl-C ends it.")
        chance = random.Random()  # noqa: S311 - jitter is no secret
        return await stack.enter_async_context(running(config, clock=SystemClock(), chance=chance))

    async def _others(self, stack: AsyncExitStack) -> dict[str, str]:
        """Start what relay asks and tells; the environment that `rules.toml` takes it from."""
        receiver = web.Application()
        receiver.router.add_post("/hook", self._receive)
        served = simulated_api(self._simulator), receiver, Slack(self._token, self._read).app()
        api, hook, slack = [await stack.enter_async_context(on_port(each)) for each in served]
        return {
            "LLAMA_CLOUD_API_KEY": "llx-demo",
            "LLAMA_CLOUD_URL": api,
            "SLACK_BOT_TOKEN": self._token,
            "SLACK_URL": f"{slack}/api/",
            "MAIL_SERVER": await stack.enter_async_context(mailbox(self._mailed)),
            "WEBHOOK_URL": f"{hook}/hook",
            "WEBHOOK_SECRET": self._secret,
        }

    async def _receive(self, request: web.Request) -> web.Response:
        try:
            event = self._verifier.verify(await request.read(), dict(request.headers))
        except WebhookVerificationError:
            self._forged += 1
            return web.Response(status=400)
        delivery = request.headers["webhook-id"]
        self._arrived[delivery] += 1
        self._events[event["data"]["kind"]] += self._arrived[delivery] == 1
        self._delays.append(time.time() - seconds_of(event["timestamp"]))
        screen.event(event, again=self._arrived[delivery] > 1)
        return web.Response(status=204)

    def _read(self, before: Payload | None, payload: Payload) -> None:
        self._posted += before is None
        self._updated += before is not None
        screen.slack_message(before, payload)

    def _mailed(self, mail: bytes) -> None:
        self._mails += 1
        screen.mail(mail)

    async def _settled(self, it: Running) -> None:
        """Wait until what has happened is seen and delivered: nothing waits, and nothing new for a while."""
        until = quiet_since = time.time()
        until += SETTLE
        seen = None
        while (now := time.time()) < until and now - quiet_since < QUIET:
            await asyncio.sleep(0.1)
            newest = await it.store.rows("events", limit=1)
            if newest != seen or await it.store.rows("deliveries", state="waiting", limit=1):
                seen, quiet_since = newest, time.time()

    def _summary(self, ledger: Any, told: Counter[str]) -> None:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self._events.items()))
        doubles = sum(count - 1 for count in self._arrived.values())
        delays = sorted(self._delays) or [0.0]
        click.echo()
        click.echo(f"{ledger.transitions} events: {kinds}")
        click.echo(
            f"{len(self._arrived)} webhooks delivered and verified, {doubles} twice, "
            f"{self._forged} with a wrong signature; "
            f"half within {delays[len(delays) // 2] * 1000:.0f} ms of the event"
        )
        click.echo(
            f"{many(self._posted, 'message')} in Slack, updated {many(self._updated, 'time')}, "
            f"and {many(self._mails, 'mail')}: they tell of {many(told['ops'], 'event')} "
            f"and of {many(told['oncall'], 'event')}"
        )
        amiss = "; ".join(ledger.amiss) or "nothing amiss"
        waiting = ledger.deliveries.get("waiting", 0)
        click.echo(f"the ledger: {amiss}" + (f", {waiting} on their way" if waiting else ""))


async def _told(it: Running) -> Counter[str]:
    """By destination, how many events have been delivered to it."""
    told = Counter[str]()
    for row in await it.store.rows("deliveries", state="delivered", limit=1_000_000):
        told[row["destination"]] += row["events"]
    return told
