"""How relay stands as a whole, and how that came about."""

from collections import Counter, defaultdict

from relay import __version__
from relay.config.warn import event_types
from relay.model import seconds_of, utc_text
from relay.web.api import models
from relay.web.api.lists import Names
from relay.web.health import reasons
from relay.web.standing import bounded
from relay.web.view import View

_STEPS = {"minute": (60, 16), "hour": (3600, 13)}
"""Seconds of a step, and how much of a time's text names it."""


async def status(view: View, _query: models.Query, _: Names) -> models.Status:
    summary, why = await view.summary(), reasons(view.reads())
    open_jobs = Counter[str]()
    for (_source, word), n in summary.open_jobs.items():
        open_jobs[word] += n
    queues = summary.queues
    return models.Status(
        relay=view.config.relay,
        version=__version__,
        now=utc_text(view.clock.now()),
        began=utc_text(view.began),
        ready=not why,
        reasons=why,
        open_jobs=dict(open_jobs),
        waiting=sum(queue.waiting for queue in queues.values()),
        dead=sum(queue.dead for queue in queues.values()),
        down=[
            *(row["name"] for row in summary.sources if row["down_at"]),
            *(name for name, queue in queues.items() if queue.down_at),
        ],
        last_event=summary.last_event,
        database_bytes=summary.bytes,
        ledger_imbalance=view.imbalance,
    )


async def series(view: View, query: models.SeriesQuery, _: Names) -> models.Series:
    """Names that the API made up are counted together, as in metrics."""
    seconds, length = _STEPS[query.step]
    now = int(view.clock.now()) // seconds * seconds
    times = [now - seconds * back for back in reversed(range(query.points))]
    what = "event" if query.what == "events" else "delivery"
    rows = await view.store.series(what=what, span=query.step, since=utc_text(times[0])[:length])
    counts = defaultdict[int, Counter[str]](Counter)
    for at, name, n in rows:
        counts[_start(at)][name] += n
    if what == "event":
        known = set(event_types(view.config.sources))
        counts = defaultdict(Counter, {at: bounded(found, known) for at, found in counts.items()})
    names = sorted({name for at in times for name in counts[at]})
    return models.Series(
        step=query.step, times=times, series={name: [counts[at][name] for at in times] for name in names}
    )


def _start(at: str) -> int:
    text = at + ":00:00Z" if len(at) == 13 else at + ":00Z"
    return int(seconds_of(text))
