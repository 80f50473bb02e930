"""Events to the same receiver by others: Alertmanager, Huey and Apprise, as far as they are here.

arq needs a Redis server, and is not measured.
"""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from random import Random
from urllib.request import Request, urlopen

from relay.deliver import Lane, Sender
from relay.destinations import session
from relay.destinations.webhook import Webhook, WebhookOptions
from relay.ingest import OwnNews
from relay.model import new_id
from tests.bench.delivery import RULES, SECRET, Outbox
from tests.bench.ratios import Compared
from tests.bench.servers import running, serve_receiver
from tests.bench.setting import CLOCK, HOOK, opened, routes_of, source

EVENTS, FEWER = 10_000, 1000
ROUNDS = 3
AT_ONCE = 50
POSTED = 500
"""Alerts in one request."""

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".venv" / "peers"
PYTHON = FOLDER / "bin" / "python"
ALERTMANAGER = FOLDER / "alertmanager" / "usr"

QUIET = "--cluster.listen-address= --log.level=error"
ROUTES = """
route: {{receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1h, repeat_interval: 24h}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}/', send_resolved: false}}]}}]
"""


async def measure(folder: Path) -> AsyncIterator[Compared]:
    with running(serve_receiver) as url:
        receiver = _Receiver(url)
        ours, theirs = [], dict[str, list[float]]()
        ways: dict[str, tuple[int, Callable[[Path], None]]] = {}
        if ALERTMANAGER.exists():
            ways["Alertmanager"] = (EVENTS, receiver.by_alertmanager)
        if PYTHON.exists():
            ways["Huey on SQLite"] = (FEWER, receiver.by_huey)
            ways["Apprise, which keeps nothing"] = (FEWER, receiver.by_apprise)
        for n in range(ROUNDS):
            ours.append(await _ours(folder / f"relay-{n}.db", receiver))
            for name, (events, way) in ways.items():
                place = folder / f"{name.split()[0]}-{n}"
                place.mkdir()
                theirs.setdefault(name, []).append(await asyncio.to_thread(receiver.rate, events, way, place))
    for name, rates in theirs.items():
        aim = 1.3 if name == "Alertmanager" else None
        yield Compared(
            what="peers: from first sight to receiver",
            unit="events/s",
            rates=ours,
            peer=rates,
            peer_is=name,
            aim=aim,
        )
    if not theirs:
        yield Compared(what="peers: none is here", unit="events/s", rates=ours)


async def _ours(path: Path, receiver: "_Receiver") -> float:
    """Seen, stored with its delivery, sent, settled; at the same time, as relay does."""
    async with AsyncExitStack() as stack:
        store, ingest = await opened(path, source(), RULES)
        stack.push_async_callback(store.close)
        outbox = Outbox(store, ingest)
        await outbox.begin()
        http = await stack.enter_async_context(session())
        options = WebhookOptions.model_validate(
            {"type": "webhook", "url": f"{receiver.url}/", "secret": SECRET, "concurrency": AT_ONCE}
        )
        sender = Sender(
            HOOK, options, Webhook(options, session=http, clock=CLOCK), clock=CLOCK, random=Random(1)
        )
        news = OwnNews(routes_of(()), new_id)
        lane = Lane(HOOK, options, sender, store=store, clock=CLOCK, owner="bench", news=news)
        before, began = receiver.count()[0], time.time()
        sending = asyncio.create_task(lane.run())
        for _ in range(EVENTS // POSTED):
            await outbox.fill(POSTED)
            lane.wake()
        end = await asyncio.to_thread(receiver.wait, before + EVENTS)
        lane.stop()
        await sending
    return EVENTS / (end - began)


class _Receiver:
    def __init__(self, url: str) -> None:
        self.url = url

    def count(self) -> tuple[int, float]:
        """How much has come, and when the last of it did."""
        with urlopen(self.url) as answer:
            came, last = json.load(answer)
        return came, last

    def rate(self, events: int, way: Callable[[Path], None], folder: Path) -> float:
        self._whole, self._events = self.count()[0] + events, events
        way(folder)
        return events / (self.wait(self._whole) - self._began)

    def wait(self, whole: int) -> float:
        """When all had come."""
        end = time.monotonic() + 300
        while (found := self.count())[0] < whole:
            assert time.monotonic() < end, f"{whole - found[0]} have not come"
            time.sleep(0.05)
        return found[1]

    def by_alertmanager(self, folder: Path) -> None:
        (folder / "routes.yml").write_text(ROUTES.format(url=self.url), "utf-8")
        with _alertmanager(folder) as api:
            self._began = time.time()
            for first in range(0, self._events, POSTED):
                alerts = [_alert(n) for n in range(first, first + POSTED)]
                body = json.dumps(alerts).encode()
                urlopen(Request(f"{api}/alerts", body, {"Content-Type": "application/json"})).close()
            self.wait(self._whole)

    def by_huey(self, folder: Path) -> None:
        self._by_python("peer_huey.py", folder)

    def by_apprise(self, folder: Path) -> None:
        self._by_python("peer_apprise.py", folder)

    def _by_python(self, script: str, folder: Path) -> None:
        """It says when it begins, its imports being done."""
        arguments = [self.url, str(folder), str(self._events), str(AT_ONCE)]
        done = subprocess.run(
            [PYTHON, HERE / script, *arguments], check=True, capture_output=True, text=True, timeout=600
        )
        self._began = float(done.stdout.split()[0])


def _alert(n: int) -> dict[str, object]:
    labels = {"alertname": "parse.failed", "job_id": f"pjb-{n:032x}", "source": "parse", "name": f"{n}.pdf"}
    return {"labels": labels, "annotations": {"error": "PDF_IS_BROKEN"}}


@contextmanager
def _alertmanager(folder: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    own = f"--config.file=routes.yml --storage.path=kept --web.listen-address=127.0.0.1:{port}"
    # It reads its templates from /usr/share: it is given its own, in a name space of its own.
    start = f"mount --bind {ALERTMANAGER}/share /usr/share && exec {ALERTMANAGER}/bin/prometheus-alertmanager"
    process = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f"{start} {own} {QUIET}"], cwd=folder
    )
    try:
        for _ in range(100):
            time.sleep(0.1)
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield f"http://127.0.0.1:{port}/api/v2"
    finally:
        process.terminate()
        process.wait(30)
