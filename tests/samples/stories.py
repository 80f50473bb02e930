"""What samples and pictures tell: events as relay makes them, at fixed times and under fixed ids."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from relay.destinations.email.table import entry_of
from relay.message import SHOWN, Aloud, Message, Tally
from relay.model import Event, EventData, seconds_of, severity_of, utc_text
from relay.rules import masked

PROJECT = "6b5b4a0e-3d21-4f4e-9f0a-2c8a1f6d7e90"
PAGE = f"https://cloud.llamaindex.ai/project/{PROJECT}"
AT = "2026-11-22T10:15:30.123Z"


@dataclass(frozen=True, kw_only=True)
class Story:
    """`message` as it goes to people by default, in a group; `templates` are those of its rule."""

    what: str
    message: Message
    templates: Mapping[str, str] = field(default_factory=dict)

    @property
    def alone(self) -> Message:
        """As it goes to machines by default: an event by itself."""
        return self.message if self.message.count > 1 else msgspec.structs.replace(self.message, group=None)


def job(what, *, n=1, at=AT, product="parse", kind=None, item=None, **said):
    """An event of a job, whose item is as the list shows it."""
    kind = kind or product
    data = {"source": kind, "product": product, "kind": kind, "project_id": PROJECT}
    data |= {
        "job_id": f"{_PREFIX[product]}-5f1d9c2e-77a4-4b0e-9d55-{0x3B8F0E6A2C14 + n:012x}",
        "url": f"{PAGE}/{product}",
    }
    data |= {"severity": severity_of(f"{product}.{what}"), **said}
    data.setdefault("name", data["job_id"])
    listed = {"id": data["job_id"], "project_id": PROJECT, "status": data.get("status")}
    listed |= {"created_at": "2026-11-22T10:12:58Z", "updated_at": "2026-11-22T10:15:29Z"} | (item or {})
    data["error_kind"] = masked(data["error"]) if data.get("error") else None
    return _event(f"{product}.{what}", n, at, data | {"job": msgspec.Raw(json.dumps(listed).encode())})


_PREFIX = {"parse": "pjb", "extract": "exj", "classify": "clj", "split": "spj", "batch": "bat"}


def own(event_type, name, why=None, *, source=None):
    """Relay's own news."""
    data = dict.fromkeys(("source", "product", "kind")) | (source or {})
    data |= {"name": name, "error": why, "severity": severity_of(event_type)}
    return _event(event_type, 1, AT, data | {"error_kind": masked(why) if why else None})


def _event(event_type, n, at, data):
    return Event(id=f"evt_019aab3c5d2e{n:020x}", type=event_type, timestamp=at, data=EventData(**data))


def told(*events, rule="failures", **said):
    whole = {"count": len(events), "group": {}, "first": events[0].timestamp, "last": events[-1].timestamp}
    whole |= {"severity": max((event.data.severity for event in events), key=_SEVERITY.index)}
    return Message(
        id="msg_019aab3c9f1d00aabbccddeeff00", events=events, rule=rule, relay="prod", **whole | said
    )


_SEVERITY = ("info", "warning", "error")

BROKEN = "PDF_IS_BROKEN: the cross-reference table can't be read (page 3)"


def failed(**said):
    return job(
        "failed",
        **{"name": "Q4 report.pdf", "status": "FAILED", "previous": "RUNNING", "error": BROKEN}
        | {"item": {"tier": "agentic", "error_message": BROKEN}}
        | said,
    )


def _completed():
    return job(
        "completed",
        name="Supplier contract 2027.docx",
        status="COMPLETED",
        previous="RUNNING",
        item={"tier": "cost_effective"},
    )


_FILES = (
    ("scan-0412.pdf", "PDF_IS_BROKEN: the file ends in the middle of page 12"),
    ("scan-0419.pdf", "PDF_IS_PROTECTED: a password is needed"),
    ("invoice 77-2026.tiff", "IMAGE_TOO_LARGE: 41300 × 58200 pixels, the limit is 30000 × 30000"),
)


def batch(what="finished", **said):
    failures = [
        {"file_id": f"dfl-{n}", "job_id": f"pjb-{n}", "name": name, "error": error}
        for n, (name, error) in enumerate(_FILES, 1)
    ]
    counts = {"total": 120, "completed": 117, "failed": 3, "skipped": 0, "cancelled": 0, "unknown": 0}
    outcome = {**counts, "failures": failures, "failures_omitted": 0}
    whole = {"status": "COMPLETED", "severity": "warning", "outcome": outcome, "product": "batch"}
    return job(what, **whole | {"item": {"created_at": "2026-11-22T09:31:04Z"}} | said)


_FOUR = (
    failed(n=1, at="2026-11-22T10:15:30.123Z"),
    failed(
        n=2,
        at="2026-11-22T10:15:31.480Z",
        name="Minutes of the board.pdf",
        error="PDF_IS_PROTECTED: a password is needed",
    ),
    failed(
        n=3,
        at="2026-11-22T10:15:33.902Z",
        product="extract",
        name="invoice 78-2026.pdf",
        error="SCHEMA_MISMATCH: `total` is no number",
    ),
    failed(
        n=4,
        at="2026-11-22T10:15:36.007Z",
        name="Q3 report.pdf",
        error=BROKEN.replace("page 3", "page 19"),
    ),
)

_KINDS = (
    (5120, "parse", "PDF_IS_BROKEN: the file ends in the middle of page {}"),
    (2790, "parse", "TIMEOUT: no page was read within {} s"),
    (1204, "extract", "SCHEMA_MISMATCH: `total` is no number"),
    (511, "parse", "PDF_IS_PROTECTED: a password is needed"),
    (298, "classify", "UPSTREAM_ERROR: HTTP 503 from the model, request {}"),
    (61, "split", "NO_BOUNDARIES: none of {} pages begins a document"),
    (16, "parse", "IMAGE_TOO_LARGE: {} pixels wide, the limit is 30000"),
)


def flood():
    """Ten thousand in a minute and a half; those of one kind are mixed among the others."""
    mixed = sorted(
        ((at + 0.5) / count, product, error) for count, product, error in _KINDS for at in range(count)
    )
    events = [
        failed(
            n=n,
            at=utc_text(seconds_of(AT) + n / 108),
            product=product,
            name=f"invoice-{n:05}.pdf",
            error=error.format(n % 240 + 2),
            item={"tier": "fast"},
        )
        for n, (_, product, error) in enumerate(mixed)
    ]
    tallies = tuple(Tally(n, f"{product}.failed", masked(error.format(2))) for n, product, error in _KINDS)
    whole = told(*events[:SHOWN], count=len(events), tallies=tallies, last=events[-1].timestamp)
    aloud = Aloud(severity="error", kinds=tallies[-2:], count=77, seconds=61.0)
    return msgspec.structs.replace(whole, rest=tuple(map(entry_of, events[SHOWN:])), aloud=aloud)


HOSTILE_NAME = (
    '<!channel> <https://evil.example|Q4> *b* `c` :tada: \u202egnp.exe\u202c \x1b[31m<img src=x onerror="x">'
)
HOSTILE_ERROR = (
    "<script>alert(1)</script> {{ 7*7 }} {% raw %} ```\n"
    "<@U012AB3CD> <!here> &lt;b&gt; https://evil.example/?a=1&b=2\r\n"
    "\x1b]0;title\x07\x1b[2J zero\u200bwidth, \u2067right to left\u2069, "
    "Z\u0351\u0352\u0353\u0354\u0355\u0356a\n" + "and so on, for a megabyte; " * 200
)

_TITLE = "{{ name }} failed for {{ job.user_metadata.owner }}"
_BODY = """{{ error }}
Queued at {{ job.created_at|time("Europe/Berlin", "%H:%M") }} in Berlin. Please send it again."""

STORIES: Mapping[str, Story] = {
    "failed": Story(what="A failed job", message=told(failed())),
    "completed": Story(what="A completed job", message=told(_completed(), rule="done")),
    "batch-moving": Story(
        what="A batch on its way: Slack's bot keeps this message current",
        message=told(
            batch(
                "running",
                severity="info",
                status="RUNNING",
                previous="PENDING",
                outcome=None,
                item={"created_at": "2026-11-22T10:15:02Z"},
            ),
            rule="batches",
            progress=(84, 120),
        ),
    ),
    "batch-finished": Story(
        what="A batch that finished with failed files",
        message=told(batch(), rule="batches", progress=(120, 120)),
    ),
    "stuck": Story(
        what="A stuck job",
        message=told(
            job(
                "stuck",
                name="Annual accounts.pdf",
                status="RUNNING",
                item={"created_at": "2026-11-22T09:33:12Z", "tier": "agentic_plus"},
            ),
            rule="stuck",
        ),
    ),
    "vanished": Story(
        what="A job that vanished",
        message=told(
            job(
                "vanished",
                name="Annual accounts.pdf",
                status="RUNNING",
                item={"created_at": "2026-11-22T09:33:12Z"},
            ),
            rule="stuck",
        ),
    ),
    "group-of-4": Story(what="Four failures in a few seconds", message=told(*_FOUR)),
    "group-of-10000": Story(what="Ten thousand failures of seven kinds", message=flood()),
    "source-down": Story(
        what="A source that can't be read",
        message=told(
            own(
                "source.down",
                "parse",
                "HTTP 503: upstream connect error or disconnect",
                source={"source": "parse", "product": "parse", "kind": "parse"},
            ),
            rule="alerts_to",
        ),
    ),
    "destination-down": Story(
        what="A destination that takes nothing",
        message=told(own("destination.down", "warehouse", "no whole answer within 15 s"), rule="alerts_to"),
    ),
    "delivery-dead": Story(
        what="A message that was given up",
        message=told(own("delivery.dead", "warehouse", "HTTP 410"), rule="alerts_to"),
    ),
    "test": Story(
        what="`relay test`",
        message=told(
            own("relay.test", "ops", "This is a test, sent by hand. Nothing has happened."),
            rule="relay test",
            group=None,
        ),
    ),
    "templates": Story(
        what="A rule with a title and a body of its own",
        message=told(failed(item={"tier": "agentic", "user_metadata": {"owner": "Finance & Tax"}})),
        templates={"title": _TITLE, "body": _BODY},
    ),
    "hostile": Story(
        what="A name and an error that attack",
        message=told(failed(name=HOSTILE_NAME, error=HOSTILE_ERROR)),
    ),
}
