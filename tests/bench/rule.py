"""How many rules are asked in a second."""

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from relay.model import Event, EventData
from relay.rules import Router, Rule
from tests.bench.ratios import Compared

EVENTS = 20_000
ROUNDS = 9


async def measure(_: Path) -> AsyncIterator[Compared]:
    """Each rule hears of each event and looks into it; of ten, nine find that it is not for them."""
    ten = [_ordinary(f"s{n}") for n in range(10)]
    item = [
        Rule(name="tier", on=("*.failed",), to=("hook",), match={"job.tier": ["agentic", "agentic_plus"]})
    ]
    yield _compared("rule: one, three conditions", [_ordinary("parse")], "parse", 1e6)
    yield _compared("rule: ten, one matches", ten, "s9", 1e6)
    yield _compared("rule: one on a field of the item", item, "parse", None)


def _ordinary(source: str) -> Rule:
    return Rule(
        name=source,
        on=("*.failed",),
        match={"source": source, "name": "invoice-*"},
        unless={"error": {"regex": "PDF_IS_(BROKEN|PROTECTED)"}},
        to=("hook",),
    )


def _compared(what: str, rules: Sequence[Rule], source: str, aim: float | None) -> Compared:
    router, events = Router(rules), [_event(n, source) for n in range(EVENTS)]
    rates = [_rate(router, events) * len(rules) for _ in range(ROUNDS)]
    return Compared(what=what, unit="evaluations/s", rates=rates, aim=aim)


def _rate(router: Router, events: Sequence[Event]) -> float:
    began = time.perf_counter()
    for event in events:
        router.route(event)
    return len(events) / (time.perf_counter() - began)


def _event(n: int, source: str) -> Event:
    return Event(
        id=f"evt_{n}",
        type="parse.failed",
        timestamp="2026-11-22T10:15:30.123Z",
        data=EventData(
            source=source,
            product="parse",
            kind="parse",
            job_id=f"pjb-{n}",
            name=f"{('invoice', 'report')[n % 2]}-{n}.pdf",
            status="FAILED",
            error=("PDF_IS_BROKEN: no table", "TIMEOUT: 1800 seconds")[n // 2 % 2],
            severity="error",
            job=msgspec.Raw(b'{"id":"pjb-1","status":"FAILED","tier":"agentic","user_metadata":{"a":"b"}}'),
        ),
    )
