"""Events as they come, to be put into words."""

import json
from zoneinfo import ZoneInfo

import msgspec

from relay.message import Message, Tally
from relay.model import Event, EventData, severity_of
from relay.render import text_of

BERLIN = ZoneInfo("Europe/Berlin")
PROJECT = "11111111-2222-3333-4444-555555555555"
PAGE = f"https://cloud.llamaindex.ai/project/{PROJECT}/parse"
ITEM = {"id": "pjb-1", "created_at": "2026-11-22T09:13:12Z", "updated_at": "2026-11-22T09:15:25Z"}
OWN = {"source", "destination", "delivery", "relay"}


def event(event_type, *, item=None, at="2026-11-22T09:15:30.123Z", **said):
    """An event of a job, or where the type says so of relay's own."""
    product = event_type.partition(".")[0]
    data = {"severity": severity_of(event_type), "source": None, "product": None, "kind": None}
    if product not in OWN:
        data |= {"source": product, "product": product, "kind": product, "project_id": PROJECT}
        data |= {"job_id": "pjb-1", "name": "Q4 report.pdf"}
        data["job"] = msgspec.Raw(json.dumps(ITEM if item is None else item).encode())
    if product == "parse":
        data["url"] = PAGE
    return Event(id="evt_1", type=event_type, timestamp=at, data=EventData(**data | said))


def batch_event(event_type, **said):
    return event(event_type, name="bat-1", job_id="bat-1", **said)


def outcome(total, *, failures=(), failures_omitted=0, **counts):
    none = dict.fromkeys(("completed", "failed", "skipped", "cancelled", "unknown"), 0)
    rest = {"failures": list(failures), "failures_omitted": failures_omitted}
    return {"total": total, **none, **counts, **rest}


def failures(count):
    return [
        {"file_id": f"dfl-{n}", "job_id": f"pjb-{n}", "name": f"{n}.pdf", "error": f"PDF_IS_BROKEN: page {n}"}
        for n in range(count)
    ]


def message(*events, **said):
    whole = {"id": "msg_1", "rule": "failures", "relay": "prod", "severity": "error", "count": len(events)}
    return Message(events=events, **whole | said)


def text(*events, **said):
    return text_of(message(*events, **said), zone=BERLIN)


def flood(*tallies, **said):
    """A group that is longer than what it shows: of each tally its count, type and kind of error."""
    tallies = tuple(Tally(*tally) for tally in tallies)
    shown = [
        event("parse.failed", job_id=f"pjb-{n}", name=f"{n}.pdf", status="FAILED", error="PDF_IS_BROKEN")
        for n in range(100)
    ]
    times = {"first": "2026-11-22T09:15:30Z", "last": "2026-11-22T09:17:02Z", "group": {}}
    count = sum(tally.count for tally in tallies)
    return message(*shown, tallies=tallies, **{"count": count, **times, **said})
