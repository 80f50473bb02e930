"""A message as a mail: headers, text and HTML twins, the events of a group as a CSV. Pure."""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

from minijinja import Environment

from relay.destinations.email.table import FILE, table_of
from relay.message import Message, cleaned, one_line, web_link

_SUBJECT = 120
_BODY = 20_000
_IDS = frozenset({"message-id", "in-reply-to", "references", "list-id"})

_WORDS = {"error": "Error", "warning": "Warning", "info": "Info", "test": "Test"}
_TINTS = {
    "error": {"bar": "#d1242f", "light": "#ffe3e1", "ink": "#a40e26"}
    | {"bar_dark": "#f0625d", "dark": "#4b1f22", "ink_dark": "#ffb3ad"},
    "warning": {"bar": "#d4910b", "light": "#fff1cc", "ink": "#7a4d00"}
    | {"bar_dark": "#e0a93b", "dark": "#43330f", "ink_dark": "#f5d48a"},
    "info": {"bar": "#1f7a4d", "light": "#dcf3e6", "ink": "#12603a"}
    | {"bar_dark": "#4cb782", "dark": "#173a29", "ink_dark": "#a2e3c1"},
    "test": {"bar": "#7a56c4", "light": "#ece4fb", "ink": "#56359b"}
    | {"bar_dark": "#a78be0", "dark": "#33264e", "ink_dark": "#d6c6fa"},
}


class _Policy(EmailPolicy):
    """An id is one word: folded as other headers are, a long one would come out encoded."""

    def fold(self, name: str, value: Any) -> str:
        return f"{name}: {value}{self.linesep}" if name.lower() in _IDS else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii")


_SMTP = _Policy(linesep="\r\n", cte_type="7bit")


def mail_of(message: Message, *, sender: str, to: Sequence[str], now: float) -> EmailMessage:
    """The mail, of 7-bit lines that every server takes. But for its date it depends on the message alone."""
    parts = _parts(message)
    mail = _headed(message, sender=sender, to=to, now=now)
    subject = one_line(f"[{one_line(message.relay, 40)}] {parts['title']}", _SUBJECT)
    mail["Subject"] = subject.replace("=?", "= ?")  # the stdlib decodes encoded words, line ends in them too
    mail.set_content(_templates().render_template("mail.txt", **parts))
    mail.add_alternative(_templates().render_template("mail.html", **parts), subtype="html")
    if parts["csv"] is not None:
        mail.add_attachment(
            parts["csv"], maintype="text", subtype="csv", params={"charset": "utf-8"}, filename=FILE
        )
    _bound(mail, message.id)
    return mail


def _bound(mail: EmailMessage, message_id: str) -> None:
    """Boundaries that are the same over all attempts, and that who names a job can't know."""
    digest = hashlib.sha256(message_id.encode(errors="replace")).hexdigest()[:32]
    for nth, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{digest}_{nth}")


def _headed(message: Message, *, sender: str, to: Sequence[str], now: float) -> EmailMessage:
    domain = sender.rpartition("@")[2]
    root = _thread(message, domain)
    mail = EmailMessage(policy=_SMTP)
    mail["From"] = Address(display_name="LlamaCloud relay", addr_spec=sender)
    mail["To"] = [Address(addr_spec=address) for address in to]
    mail["Date"] = format_datetime(datetime.fromtimestamp(int(now), UTC))
    mail["Message-ID"] = f"<{_slug(message.id, 100)}@{domain}>"
    mail["In-Reply-To"] = root
    mail["References"] = root
    mail["List-Id"] = f"<{_slug(message.rule, 64)}.{_slug(message.relay, 64)}.{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    return mail


def _thread(message: Message, domain: str) -> str:
    """The id of a mail that never was, to which all of one job, or of one group of a rule, are answers."""
    data = message.events[0].data
    key: list[Any]
    if message.group is not None:
        key = ["group", message.rule, sorted((name, str(value)) for name, value in message.group.items())]
    elif data.job_id is not None:
        key = ["job", data.source, data.job_id]
    else:
        key = ["relay", message.events[0].type.partition(".")[0], data.name]
    digest = hashlib.sha256(json.dumps([message.relay, *key]).encode()).hexdigest()
    return f"<thread.{digest[:32]}@{domain}>"


def _slug(text: str, limit: int) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:limit] or "relay"


def _parts(message: Message) -> dict[str, Any]:
    """What the templates show."""
    text = message.text
    body = None if message.body is None else cleaned(message.body, _BODY)
    table = table_of(message, with_rows=body is None)
    kind = "test" if text.is_test else message.severity
    title = one_line(message.title or text.title or message.events[0].type, 300)
    return {
        "word": _WORDS[kind],
        "tint": _TINTS[kind],
        "title": title,
        "subtitle": text.subtitle,
        "error": text.error,
        "indented": "\n".join(f"    {line}" for line in text.error.splitlines()),
        # Few events are lines each by itself, which the rows tell better.
        "lines": text.lines if len(text.lines) != len(table.rows) else (),
        "facts": text.facts,
        "body": body,
        "url": web_link(text.url),
        "rows": table.rows,
        "note": table.note,
        "csv": table.csv,
        "when": text.when,
        "why": text.why,
        "preview": one_line(body or text.error or " · ".join(text.lines[:3]) or text.subtitle, 150),
    }


@cache
def _templates() -> Environment:
    """What ends in .html is escaped."""
    folder = Path(__file__).parent
    names = ("mail.html", "mail.txt")
    return Environment(
        templates={name: folder.joinpath(name).read_text("utf-8") for name in names},
        undefined_behavior="strict",
    )
