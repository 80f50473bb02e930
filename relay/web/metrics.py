"""What relay counts of itself since its start, for Prometheus. Every name begins with `relay_`."""

from collections.abc import Awaitable, Callable, Iterable

import prometheus_client
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.aiohttp import make_aiohttp_handler

from relay.poll import Looked
from relay.store import Result
from relay.web.standing import Standing
from relay.web.view import View

LOOK_WORDS = (
    *("good", "denied", "absent", "rate_limited", "server_error", "refused", "no_answer", "unreadable"),
    "fault",
)
OUTCOMES = ("delivered", "failed", "dead")

_LOOKS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_ATTEMPTS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_DELAYS = (1, 2.5, 5, 10, 15, 30, 60, 120, 300, 900, 3600)
_COMMITS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)


class Metrics:
    """Its methods are handed to what runs, and called there. Labels are names of the configuration and words
    of relay's own: what comes from outside makes none.
    """

    def __init__(self, sources: Iterable[str], destinations: Iterable[str], products: Iterable[str]) -> None:
        # The library's only switch for this; times of creation would double what is kept.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        source, destination = ["source"], ["destination"]
        self._looks = self._counter("looks", "Looks, by how they went.", ["source", "outcome"])
        self._requests = self._counter("look_requests", "Requests that looks made.", source)
        self._pages = self._counter("look_pages", "Pages that looks read.", source)
        self._items = self._counter("look_items", "Jobs that looks were shown.", source)
        self._skipped = self._counter("look_skipped_items", "Items that could not be read.", source)
        self._changes = self._counter("look_changes", "Events that looks made.", source)
        self._look = self._histogram("look_seconds", "How long looks took.", source, _LOOKS)
        self._detection = self._histogram(
            "detection_delay_seconds",
            "From a change, by the API's clock, until it was seen.",
            ["product"],
            _DELAYS,
        )
        self._attempts = self._counter(
            "attempts", "Attempts to deliver, by outcome.", [*destination, "outcome"]
        )
        self._attempt = self._histogram("attempt_seconds", "How long attempts took.", destination, _ATTEMPTS)
        self._delivery = self._histogram(
            "delivery_delay_seconds",
            "From when an event was seen until it was delivered.",
            destination,
            _DELAYS,
        )
        self._commit = self._histogram(
            "commit_seconds", "How long commits of the database took.", [], _COMMITS
        )
        self.begin(sources, destinations, products)
        ProcessCollector(namespace="relay", registry=self.registry)

    def _counter(self, name: str, words: str, labels: list[str]) -> Counter:
        return Counter(f"relay_{name}", words, labels, registry=self.registry)

    def _histogram(self, name: str, words: str, labels: list[str], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"relay_{name}", words, labels, buckets=buckets, registry=self.registry)

    def begin(self, sources: Iterable[str], destinations: Iterable[str], products: Iterable[str]) -> None:
        """At zero: what has not happened yet is shown, too. What has begun before goes on."""
        for source in sources:
            self._look.labels(source)
            for word in LOOK_WORDS:
                self._looks.labels(source, word)
            for counter in (self._requests, self._pages, self._items, self._skipped, self._changes):
                counter.labels(source)
        for destination in destinations:
            self._attempt.labels(destination)
            self._delivery.labels(destination)
            for outcome in OUTCOMES:
                self._attempts.labels(destination, outcome)
        for product in products:
            self._detection.labels(product)

    def looked(self, source: str, looked: Looked) -> None:
        """A look is over."""
        self._looks.labels(source, looked.word).inc()
        self._look.labels(source).observe(looked.seconds)
        self._requests.labels(source).inc(looked.requests)
        self._pages.labels(source).inc(looked.pages)
        self._items.labels(source).inc(looked.items)
        self._skipped.labels(source).inc(looked.skipped)
        self._changes.labels(source).inc(looked.changes)

    def noticed(self, product: str, seconds: float) -> None:
        """A change was seen so long after it happened."""
        self._detection.labels(product).observe(seconds)

    def attempted(self, destination: str, result: Result, now: float, seen: float) -> None:
        """An attempt is over; its first event was `seen` then."""
        self._attempts.labels(destination, result.outcome).inc()
        self._attempt.labels(destination).observe(result.seconds)
        if result.delivered:
            self._delivery.labels(destination).observe(max(0.0, now - seen))

    def committed(self, seconds: float) -> None:
        """A commit took so long; may be called from any thread."""
        self._commit.observe(seconds)


def handler(view: View, metrics: Metrics) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    standing = Standing(view)
    metrics.registry.register(standing)
    render = make_aiohttp_handler(metrics.registry)

    async def answer(request: web.Request) -> web.StreamResponse:
        """What the store says is read before, since collectors can't wait."""
        standing.summary = await view.summary()
        response: web.StreamResponse = await render(request)
        return response

    return answer
