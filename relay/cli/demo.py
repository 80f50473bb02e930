"""Everything at once, on free ports and in a folder that goes when the demo does."""

import asyncio
import base64
import json
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
from relay.cli.serve import on_port
from relay.config import load
from relay.model import SystemClock, seconds_of
from relay.service import Running, running
from relay.simulator import Simulator
from relay.simulator import demo as demo_scenario
from relay.simulator.http import app as simulated_api
from relay.sources.items import plain

QUIET, SETTLE = 2.5, 9.0
"""Seconds without news after which all has arrived; and how long to wait for that at most."""

_COLOURS = {"COMPLETED": "green", "FAILED": "red", "CANCELLED": "yellow"}

_RULES = """
[relay]
name = "demo"
database = "relay.db"
listen = "off"
[llamacloud]
api_key = "{key}"
base_url = "{api}"
every = "1s"
requests_per_minute = 6000
[sources.parse]
[sources.classify]
[sources.extract]
[sources.split]
[sources.batch]
[sources.batch_v1]
[destinations.receiver]
type = "webhook"
url = "{receiver}"
secret = "{secret}"
[rules.failures]
on = ["*.failed"]
to = ["receiver"]
[rules.the-rest]
on = ["*"]
to = ["receiver"]
"""


@click.command()
@for_option
@click.option(
    "--speed", default=3.0, show_default=True, type=click.FloatRange(0.1, 100), help="How fast jobs move."
)
@click.option("--seed", default=0, show_default=True, help="The same seed makes the same jobs.")
def demo(seconds: float | None, speed: float, seed: int) -> None:
    """Show relay at work without an account: a simulated API, a relay, and a receiver that checks signatures.

    Every change of a job is printed when relay sees it, and again when its webhook has arrived.
    """
    asyncio.run(_Demo(speed, seed).run(seconds))


class _Demo:
    def __init__(self, speed: float, seed: int) -> None:
        self._secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self._verifier = Webhook(self._secret)
        self._frozen_at: float | None = None
        self._simulator = Simulator(demo_scenario(speed=speed), now=self._now, seed=seed)
        self._seen = 0
        self._events: Counter[str] = Counter()
        self._arrived: Counter[str] = Counter()
        self._delays: list[float] = []
        self._forged = 0
        self._printing = asyncio.Lock()
        self._it: Running

    def _now(self) -> float:
        return self._frozen_at or time.time()

    async def run(self, seconds: float | None) -> None:
        stop = asyncio.Event()
        on_signals(stop.set)
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay-demo-")))
            it = self._it = await stack.enter_async_context(await self._relay(stack, folder))
            printing = asyncio.create_task(self._print_events())
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)
            self._frozen_at = time.time()
            await self._settled()
            printing.cancel()
            ledger = await it.store.audit()
        self._summary(ledger)

    async def _relay(self, stack: AsyncExitStack, folder: Path) -> Any:
        api = await stack.enter_async_context(on_port(simulated_api(self._simulator)))
        receiver = web.Application()
        receiver.router.add_post("/hook", self._receive)
        hook = await stack.enter_async_context(on_port(receiver))
        path = folder / "rules.toml"
        path.write_text(
            _RULES.format(key="llx-demo", api=api, receiver=f"{hook}/hook", secret=self._secret),
            encoding="utf-8",
        )
        click.echo(f"simulated LlamaCloud at {api}, a receiver at {hook}, relay between them; Ctrl-C ends it")
        config = load(path, environ={}, secrets=True)
        return running(config, clock=SystemClock(), chance=random.Random())  # noqa: S311 - jitter is no secret

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            event = self._verifier.verify(body, dict(request.headers))
        except WebhookVerificationError:
            self._forged += 1
            return web.Response(status=400)
        self._arrived[request.headers["webhook-id"]] += 1
        again = " again" if self._arrived[request.headers["webhook-id"]] > 1 else ""
        await self._print_new()
        self._delays.append(time.time() - seconds_of(event["timestamp"]))
        _say(event["data"], click.style(f"✓ delivered{again}, signature verified", fg="cyan"))
        return web.Response(status=204)

    async def _print_events(self) -> None:
        while True:
            await self._print_new()
            await asyncio.sleep(0.1)

    async def _print_new(self) -> None:
        async with self._printing:
            for row in await self._it.store.rows("events", after=self._seen, limit=1000):
                data = json.loads(row["data"])
                self._seen = row["seq"]
                self._events[data["kind"]] += 1
                _say(data, _change(data))

    async def _settled(self) -> None:
        """Wait until what has happened is seen and delivered: nothing waits, and nothing new for a while."""
        until = quiet_since = time.time()
        until += SETTLE
        while (now := time.time()) < until and now - quiet_since < QUIET:
            seen = self._seen
            await asyncio.sleep(0.1)
            await self._print_new()
            if self._seen != seen or await self._it.store.rows("deliveries", state="waiting", limit=1):
                quiet_since = time.time()

    def _summary(self, ledger: Any) -> None:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self._events.items()))
        doubles = sum(count - 1 for count in self._arrived.values())
        delays = sorted(self._delays) or [0.0]
        click.echo()
        click.echo(f"{self._events.total()} events: {kinds}")
        click.echo(
            f"{len(self._arrived)} webhooks delivered and verified, {doubles} twice, "
            f"{self._forged} with a wrong signature; "
            f"half within {delays[len(delays) // 2] * 1000:.0f} ms of the event"
        )
        amiss = "; ".join(ledger.amiss) or "nothing amiss"
        waiting = ledger.deliveries.get("waiting", 0)
        click.echo(f"the ledger: {amiss}" + (f", {waiting} on their way" if waiting else ""))


def _say(data: dict[str, Any], what: str) -> None:
    now = time.strftime("%H:%M:%S")
    click.echo(f"{click.style(now, dim=True)}  {data['kind']:<9} {plain(data['name'], 32):<32}  {what}")


def _change(data: dict[str, Any]) -> str:
    status = click.style(data["status"], fg=_COLOURS.get(data["status"], "blue"), bold=True)
    error = f"  {plain(data['error'], 80)}" if data["error"] else ""
    return f"{data['previous'] or 'new'} → {status}{error}"
