"""Messages to make mails of, and what may be read in a mail."""

import csv
import io
from zoneinfo import ZoneInfo

import msgspec
from mailserver import XHTML, page, parsed

from relay.destinations.email.layout import mail_of
from relay.message import Entry, Message, Tally
from relay.model import Event, EventData
from relay.render import text_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = 1_795_342_530.75
LINK = "https://cloud.llamaindex.ai/parse"


def event(*, n=1, timestamp="2026-11-22T10:15:30.123Z", what="parse.failed", **data):
    told = {"source": "acme.parse", "product": "parse", "kind": "parse", "job_id": f"pjb-{n}"}
    told |= {"name": f"{n}.pdf", "status": "FAILED", "previous": "RUNNING", "error": "PDF_IS_BROKEN: page 3"}
    return Event(id=f"evt_{n}", type=what, timestamp=timestamp, data=EventData(**told | {"url": LINK} | data))


def message(*events, **more):
    told = {"id": "msg_1", "rule": "failures", "relay": "prod", "severity": "error", "count": len(events)}
    made = Message(events=events, **told | more)
    return made if "text" in more else msgspec.structs.replace(made, text=text_of(made, zone=BERLIN))


def group(count, *, rest=(), **more):
    events = tuple(event(n=n) for n in range(min(count, 100)))
    tallies = (Tally(count, "parse.failed", "PDF_IS_BROKEN: page #"),)
    times = {"first": "2026-11-22T10:15:30Z", "last": "2026-11-22T10:17:30Z"}
    return message(
        *events, **{"group": {}, "count": count, "tallies": tallies, "rest": tuple(rest)} | times | more
    )


def row(n=100, **more):
    return Entry(
        **{"timestamp": "2026-11-22T10:15:30.123Z", "type": "parse.failed", "job_id": f"pjb-{n}"} | more
    )


def mail(message, *, sender="relay@example.com", to=("a@example.com", "b@example.com")):
    return mail_of(message, sender=sender, to=to, now=NOW).as_bytes()


def words(content):
    return "".join(page(content).find(f"{XHTML}body").itertext())


def plain(content):
    return parsed(content).get_body(("plain",)).get_content()


def attached(content):
    (part,) = parsed(content).iter_attachments()
    return list(csv.DictReader(io.StringIO(part.get_payload(decode=True).decode("utf-8-sig"), newline="")))
