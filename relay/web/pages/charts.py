"""What happened over time, as a table of numbers that the page's script draws."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from relay.web.api import models, totals
from relay.web.view import View


@dataclass(frozen=True)
class Span:
    """Of `points` steps of the store's tallies, `each` a bar."""

    words: str
    step: str
    points: int
    each: int


SPANS = {
    "hour": Span("the last hour", "minute", 60, 1),
    "day": Span("the last day", "hour", 24, 1),
    "fortnight": Span("the last two weeks", "hour", 336, 6),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """`tone`: by which it is coloured."""

    name: str
    tone: str
    counts: list[int]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """`times`: when each bar begins, in seconds since 1970."""

    id: str
    title: str
    times: list[int]
    lines: list[Line]

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)


def event_line(name: str) -> str:
    """Which line a type of event counts for."""
    last = name.rpartition(".")[2]
    if last in {"failed", "down", "dead"}:
        return "failed"
    if last in {"stuck", "vanished", "cancelled"}:
        return "warnings"
    return "completed" if last in {"completed", "finished"} else "other"


_EVENTS = {"completed": "good", "failed": "bad", "warnings": "warn", "other": "quiet"}
_DELIVERIES = {"delivered": "good", "dead": "bad", "superseded": "quiet"}


async def charts(view: View, span: Span) -> list[Chart]:
    return [
        await _chart(view, span, "events", "Events", _EVENTS, event_line),
        await _chart(view, span, "deliveries", "Deliveries", _DELIVERIES, lambda n: n.rpartition("/")[2]),
    ]


async def _chart(
    view: View, span: Span, what: str, title: str, lines: Mapping[str, str], line: Callable[[str], str]
) -> Chart:
    query = models.SeriesQuery(what=what, step=span.step, points=span.points)  # type: ignore[arg-type]
    series = await totals.series(view, query, {})
    counts = {name: [0] * (span.points // span.each) for name in lines}
    for name, numbers in series.series.items():
        into = counts[line(name)]
        for at, number in enumerate(numbers):
            into[at // span.each] += number
    return Chart(
        id=what,
        title=title,
        times=series.times[:: span.each],
        lines=[Line(name=name, tone=lines[name], counts=counts[name]) for name in lines],
    )
