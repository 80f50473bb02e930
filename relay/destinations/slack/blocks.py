"""A message as Block Kit, within all of Slack's limits, whatever it holds. Pure.

Slack takes 50 blocks, 150 characters in a header, 3000 in a section, 10 fields of 2000, and some 13,000 in
all. Each part has a room of its own here, and all of them together are within the whole.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from relay.destinations.slack.markup import code, fitting, inline, link, plain, titled, typed, whole_lines
from relay.message import Flavour, Message, one_line
from relay.model import Severity

Block = dict[str, Any]

HEADER, SUBTITLE, ERROR, SECTION, SHORT = 150, 500, 2500, 2900, 1500
LABEL, VALUE, FOOTER, NAME, NOTES = 60, 300, 400, 100, 1900
FIELDS = 10
ABREAST, COLUMN = 2, 30
"""Facts that are worth a row of columns; characters of a value that stand in one without being broken."""

NAMED = 5
"""Events of a group that are named where its lines say only how many of what."""

FLAVOUR = Flavour(title=titled, body=typed, cut=fitting, longest=SECTION)

BAR = 16

_DOTS = {"error": "🔴", "warning": "🟠", "info": "🟢"}


def laid_out(message: Message) -> dict[str, Any]:
    """What is posted: blocks, and as `text` what notifications show."""
    title = _title(message)
    blocks = [_header(title), *_told(message), *_footer(message)]
    return {"text": _summary(message, title), "blocks": blocks, **_HARMLESS}


def reply(message: Message) -> dict[str, Any]:
    """What is said beside a message that has changed in place; the end of a batch in full."""
    if message.aloud is None or message.aloud.ended:
        return laid_out(message)
    title = _title(message, message.aloud.severity)
    lines = [plain(line, SECTION // 4) for line in message.text.aloud]
    said = _section(_plain(whole_lines([title, *lines], SECTION)))
    return {"text": ": ".join([title, *lines[:1]]), "blocks": [said], **_HARMLESS}


def minimal(message: Message, refusal: str) -> dict[str, Any]:
    """The same without any layout, for when Slack takes none; `refusal` is its word."""
    text = message.text
    lines = [_title(message), plain(text.subtitle, SUBTITLE), plain(one_line(text.error, VALUE), VALUE)]
    lines += [_list(text.lines, SHORT), plain(text.url or "", SUBTITLE), plain(text.why, FOOTER)]
    lines.append(f"(without its layout, which Slack refused: {refusal})")
    return {"text": "\n".join(filter(None, lines)), **_HARMLESS}


_HARMLESS = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
"""`text` is no markup, and no link in a message loads what it leads to."""


def _title(message: Message, severity: Severity | None = None) -> str:
    dot = "🧪" if message.text.is_test else _DOTS[severity or message.severity]
    by_template = " ".join((message.title or "").split())
    said = fitting(by_template, HEADER - 2) or plain(message.text.title, HEADER - 2)
    return f"{dot} {said or plain(message.events[0].type, HEADER - 2)}"


def _summary(message: Message, title: str) -> str:
    """For a notification: what happened, and why where that is known, or the first of many."""
    text = message.text
    said = text.error.strip().partition("\n")[0] or next(filter(None, text.lines), text.subtitle)
    return title if (message.title or "").strip() or not said else f"{title}: {plain(said, SUBTITLE)}"


def _header(title: str) -> Block:
    return {"type": "header", "text": _plain(title)}


def _told(message: Message) -> Iterator[Block]:
    if message.body is not None:
        yield from _body(message.body)
        return
    text = message.text
    if text.subtitle.strip():
        yield _context(_plain(plain(text.subtitle, SUBTITLE)))
    if message.progress is not None and text.progress.strip():
        yield _section(_plain(f"{_bar(*message.progress)} · {plain(text.progress, LABEL)}"))
    if text.error.strip():
        yield _section(_mrkdwn(code(text.error.strip(), ERROR)))
    if listed := _list(text.lines, SECTION):
        yield _section(_plain(listed))
    if names := _names(message):
        yield _context(_plain(names))
    yield from _facts([fact for fact in text.facts if all(map(str.strip, fact))][:FIELDS])


def _body(body: str) -> Iterator[Block]:
    """As the template escaped it."""
    if said := body.strip():
        lines = [fitting(line, SECTION) for line in said.splitlines()]
        yield _section(_mrkdwn(whole_lines(lines, SECTION)))


def _list(lines: Sequence[str], limit: int) -> str:
    """What says how many more there are is not of it."""
    said = [line if line.startswith("…") else f"• {line}" for line in lines if line.strip()]
    return whole_lines([plain(line, limit // 4) for line in said], limit)


def _names(message: Message) -> str:
    """Some of a group's events, where its lines name none."""
    if message.count <= len(message.text.lines) or message.count == 1:
        return ""
    names = dict.fromkeys(one_line(event.data.name or "", NAME) for event in message.events)
    shown = [plain(name, NAME) for name in names if name][:NAMED]
    more = message.count - len(shown)
    said = ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")
    return f"Among them {said}" if shown else ""


def _bar(ended: int, files: int) -> str:
    share = min(max(ended / files, 0.0), 1.0) if files > 0 else 0.0
    full = int(share * BAR)
    return f"{'▰' * full}{'▱' * (BAR - full)}  {int(share * 100)} %"


def _facts(facts: Sequence[tuple[str, str]]) -> Iterator[Block]:
    """Short ones side by side; ids, and notes, which a column would break, and one alone in lines."""
    short = [fact for fact in facts if len(fact[1]) <= COLUMN]
    if len(short) < ABREAST:
        short = []
    else:
        yield {"type": "section", "fields": [_fact(*fact) for fact in short]}
    lines = [" ".join(f"{label}: {value}".split()) for label, value in facts if (label, value) not in short]
    if lines:
        yield _context(_plain(whole_lines([plain(line, LABEL + VALUE) for line in lines], NOTES)))


def _fact(label: str, value: str) -> Block:
    name = plain(re.sub(r"[*~`\s]+", " ", label).strip(), LABEL)
    return _mrkdwn(f"*{name}*\n{inline(' '.join(value.split()), VALUE)}")


def _footer(message: Message) -> Iterator[Block]:
    text = message.text
    opened = link(text.url, "Open in LlamaCloud")
    said = " · ".join(plain(part, FOOTER) for part in (text.when, text.why) if part.strip())
    parts = [*([_mrkdwn(opened)] if opened else []), *([_plain(said)] if said else [])]
    if parts:
        yield _context(*parts)


def _section(text: Block) -> Block:
    return {"type": "section", "text": text}


def _context(*elements: Block) -> Block:
    return {"type": "context", "elements": list(elements)}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}


def _mrkdwn(text: str) -> Block:
    """Verbatim: Slack makes no links or mentions out of what looks like them."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}
