"""A real relay process between a simulated API and a receiver that checks signatures, on real sockets."""

import asyncio
import json
import os
import sqlite3
import sys
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web
from standardwebhooks import Webhook

ROOT = Path(__file__).parents[2]
KEY = "llx-seldom-shown-key"
SECRET = "whsec_" + b64encode(b"a secret that nobody may ever see").decode()

TOLERANCE = 300.0
"""Seconds by which a webhook may be old or of the future."""

PLACE = """
[relay]
name = "tested"
database = "relay.db"
listen = "off"
"""
WATCHING = """
[llamacloud]
api_key = "$LLAMA_CLOUD_API_KEY"
base_url = "{api}"
every = "{every}"
requests_per_minute = 100000
"""
KINDS = ("parse", "classify", "extract", "split", "batch", "batch_v1")


@asynccontextmanager
async def served(application: web.Application, *, port: int = 0) -> AsyncIterator[str]:
    """Serve while inside; yields the URL."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Arrival(NamedTuple):
    path: str
    id: str  # webhook-id
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Takes webhooks whose signature is right. `hang()` lets none of its answers go before `go_on()`.

    `status` says how an arrival is answered, given how often its id has come by now; `now`, by which clock it
    must have been signed.
    """

    def __init__(
        self, status: Callable[[Arrival, int], int] = lambda *_: 204, now: Callable[[], float] = time.time
    ) -> None:
        self._now = now
        self.arrivals: list[Arrival] = []
        self.forged = 0
        self.hanging = 0
        self._status = status
        self._counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._open = asyncio.Event()
        self._open.set()

    def hang(self) -> None:
        self._open.clear()

    def go_on(self) -> None:
        self._open.set()

    def app(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/{path}", self._take)
        return application

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._is_signed(request.headers, body):
            self.forged += 1
            return web.Response(status=400)
        arrival = Arrival(request.path, request.headers["webhook-id"], body)
        self.arrivals.append(arrival)
        self._counts[arrival.path, arrival.id] += 1
        status = self._status(arrival, self._counts[arrival.path, arrival.id])
        self.hanging += 1
        try:
            await self._open.wait()
        finally:
            self.hanging -= 1
        return web.Response(status=status)

    def _is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        signed = Webhook(SECRET).sign(headers["webhook-id"], at, body.decode())
        is_now = abs(at.timestamp() - self._now()) < TOLERANCE
        return is_now and signed in headers["webhook-signature"].split()


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.out.split("\n") if line]

    @property
    def said(self) -> list[str]:
        """Lines of stderr, but those that name the configuration and what may be unintended in it."""
        return [
            line for line in self.err.splitlines() if not line.startswith(("configuration: ", "warning: "))
        ]


class Home:
    """A folder with a `rules.toml`, where relay's commands are started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "rules.toml"
        self.database = folder / "relay.db"
        self.log = folder / "relay.log"

    def write(self, text: str) -> None:
        self.config.write_text(text, encoding="utf-8")

    def watch(
        self,
        api: str,
        more: str,
        *,
        place: str = PLACE,
        kinds: tuple[str, ...] = KINDS,
        every: str = "1s",
    ) -> None:
        """Write a configuration that watches these kinds at `api`; `more` has destinations and rules."""
        sources = "".join(f"[sources.{kind}]\n" for kind in kinds)
        self.write(place + WATCHING.format(api=api, every=every) + sources + more)

    async def relay(self, *args: str, within: float = 30, stdin: str = "", **environ: str) -> Done:
        """Run a command to its end."""
        pipe = asyncio.subprocess.PIPE
        process = await self.start(args, environ, stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            out, err = await asyncio.wait_for(process.communicate(stdin.encode()), within)
        finally:
            if process.returncode is None:
                process.kill()
        return Done(process.returncode or 0, out.decode(), err.decode())

    @asynccontextmanager
    async def started(self, *args: str, **environ: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Have a command run while inside; what it says goes to `log`."""
        with self.log.open("ab") as log:
            process = await self.start(
                args, environ, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def start(self, args: tuple[str, ...], environ: Mapping[str, str], **to: Any) -> Any:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "relay", *args, cwd=self.folder, env={**_ENVIRON, **environ}, **to
        )

    def ask(self, sql: str, *values: Any) -> list[Any]:
        """Rows of the database, read beside the process; none while there is no database."""
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)) as db:
                return db.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            return []

    def sources_seen(self) -> int:
        """How many sources have had a whole look."""
        return len(self.ask("SELECT 1 FROM sources WHERE whole_at IS NOT NULL"))


_ENVIRON = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(ROOT),
    "LLAMA_CLOUD_API_KEY": KEY,
    "WEBHOOK_SECRET": SECRET,
}


async def until(what: Callable[[], Any], *, within: float = 15.0) -> None:
    """Wait until `what()` is true; fails the test where it does not become so."""
    async with asyncio.timeout(within):
        while not what():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.02)
