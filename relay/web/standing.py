"""How things stand, as metrics: read at each scrape."""

from collections import Counter
from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from relay import __version__
from relay.config.warn import event_types
from relay.model import OPEN_STATUSES, seconds_of
from relay.store import Summary
from relay.web.view import View

OTHER = "other"

Values = Iterator[tuple[list[str], float]]


class Standing(Collector):
    """`summary` is set before each scrape; without one there is nothing to tell."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.summary: Summary | None = None

    def collect(self) -> Iterator[Metric]:
        """What is known by heart: the labels are bounded by the configuration and relay's own words."""
        yield from self._of_sources()
        yield from self._of_destinations()
        yield _gauge(
            "info", "What runs.", ["version", "relay"], [([__version__, self._view.config.relay], 1)]
        )
        if (imbalance := self._view.imbalance) is not None:
            words = "Things the ledger can't account for."
            yield _gauge("ledger_imbalance", words, [], [([], imbalance)])
        if self.summary is not None:
            yield from self._of_store(self.summary)

    def _of_sources(self) -> Iterator[Metric]:
        reads, specs, source = self._view.reads(), self._view.config.sources, ["source"]
        age = (([read.source], read.age) for read in reads)
        yield _gauge("look_age_seconds", "Since a look was last good, or since the start.", source, age)
        ready = (([read.source], float(read.in_time)) for read in reads)
        yield _gauge("source_ready", "Whether the source is read in time.", source, ready)
        pace = (([read.source], read.pace) for read in reads)
        yield _gauge("source_pace_seconds", "How often the source can be read.", source, pace)
        rate = (([spec.name], spec.requests_per_minute) for spec in specs)
        yield _gauge("budget_requests_per_minute", "Requests that the source's key may make.", source, rate)
        left = (([name], poller.budget_left()) for name, poller in self._view.pollers.items())
        yield _gauge("budget_left_requests", "Requests that the source's key may make now.", source, left)

    def _of_destinations(self) -> Iterator[Metric]:
        lanes = self._view.courier.lanes.items()
        is_open = (([name], float(lane.probe_at is not None)) for name, lane in lanes)
        words = "Whether the destination is left alone but for probes."
        yield _gauge("breaker_open", words, ["destination"], is_open)

    def _of_store(self, summary: Summary) -> Iterator[Metric]:
        now, queues = self._view.clock.now(), summary.queues.items()
        down = (([row["name"]], float(row["down_at"] is not None)) for row in summary.sources)
        yield _gauge("source_down", "Whether it was told that the source is down.", ["source"], down)
        yield _gauge(
            "open_jobs", "Jobs that have not ended.", ["product", "status"], self._open_jobs(summary)
        )
        yield _counter("events", "Events, by type.", ["type"], self._events(summary))
        matches = (([rule], n) for rule, n in summary.ever.get("rule", {}).items())
        yield _counter("rule_matches", "Events that a rule matched.", ["rule"], matches)
        ended = ((name.split("/", 1), n) for name, n in summary.ever.get("delivery", {}).items())
        words = "Deliveries that ended, by outcome."
        yield _counter("deliveries", words, ["destination", "outcome"], ended)
        to = ["destination"]
        waiting = (([name], queue.waiting) for name, queue in queues)
        yield _gauge("queue_deliveries", "Deliveries that wait.", to, waiting)
        oldest = (([name], max(0.0, now - seconds_of(q.oldest)) if q.oldest else 0.0) for name, q in queues)
        yield _gauge("queue_oldest_seconds", "Age of the first delivery that waits.", to, oldest)
        dead = (([name], queue.dead) for name, queue in queues)
        yield _gauge("dead_deliveries", "Deliveries that are dead and can be retried.", to, dead)
        asked = (([row["source"]], row["asked"]) for row in summary.hints)
        yield _gauge("hints_asked", "Hints that relay asked for, as far as they are kept.", ["source"], asked)
        first = (([row["source"]], row["first"]) for row in summary.hints)
        yield _gauge("hints_first", "Those that showed a change before a look did.", ["source"], first)
        yield _gauge(
            "database_bytes", "Size of the database, without its journal.", [], [([], summary.bytes)]
        )

    def _open_jobs(self, summary: Summary) -> Values:
        products = {spec.name: spec.kind.product for spec in self._view.config.sources}
        counts = Counter(dict.fromkeys(((p, s) for p in products.values() for s in OPEN_STATUSES), 0))
        for (source, status), n in summary.open_jobs.items():
            if source in products:
                counts[products[source], status if status in OPEN_STATUSES else OTHER.upper()] += n
        yield from (([*key], n) for key, n in sorted(counts.items()))

    def _events(self, summary: Summary) -> Values:
        yield from (
            ([name], n) for name, n in sorted(bounded(summary.ever.get("event", {}), self.types()).items())
        )

    def types(self) -> set[str]:
        return set(event_types(self._view.config.sources))


def bounded(counts: Mapping[str, int], known: set[str]) -> Counter[str]:
    """By type, those not known together: what an API calls its statuses makes no series."""
    products = {name.partition(".")[0] for name in known}
    found = Counter[str]()
    for name, n in counts.items():
        product = name.partition(".")[0]
        found[name if name in known else f"{product}.{OTHER}" if product in products else OTHER] += n
    return found


def _gauge(
    name: str, words: str, labels: list[str], values: "Values | list[tuple[list[str], float]]"
) -> Metric:
    family = GaugeMetricFamily(f"relay_{name}", words, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _counter(name: str, words: str, labels: list[str], values: Values) -> Metric:
    family = CounterMetricFamily(f"relay_{name}", words, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family
