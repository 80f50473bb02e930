"""One event in words: what happened to which job, how long it took, and what a reader needs to act on it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from relay.message import cleaned, cut, one_line, web_link
from relay.model import Event
from relay.render import units

TITLE, LINE, VALUE, NAME, WORD = 150, 200, 200, 80, 40
ERROR, ERROR_LINES, ERROR_LINE = 1500, 15, 500
MOST_LINES, MOST_NEW = 10, 5

LONGEST = 366 * 86400.0
"""Seconds that a job may take and be believed."""

OWN = {
    "source.down": ("Source {} is down", "Changes of its jobs are told once it can be read again"),
    "source.up": ("Source {} is up again", "What changed meanwhile is being told now"),
    "destination.down": ("Destination {} is down", "What is owed to it waits until it is back"),
    "destination.up": ("Destination {} is up again", "What waited for it is going out now"),
    "delivery.dead": ("A message to {} was given up", "Mend the cause, then send it again with relay retry"),
    "relay.test": ("Test message to {}", ""),
}
"""Title and subtitle of relay's own news, of the name of whom it is about."""

_DONE = {
    "completed": "completed",
    "failed": "failed",
    "cancelled": "was cancelled",
    "pending": "is pending",
    "throttled": "is throttled",
    "dispatched": "was dispatched",
    "running": "is running",
    "processing": "is processing",
    "vanished": "vanished",
}
_LONG_ID = re.compile(r"((?:[a-z]{1,8}[-_])?[0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOST = 10**12


class _Item(msgspec.Struct, gc=False):
    """What an item as listed may tell beside the event."""

    created_at: Any = None
    updated_at: Any = None
    completed_at: Any = None
    tier: Any = None


_decode = msgspec.json.Decoder(_Item).decode


def title(event: Event) -> str:
    if event.type in OWN:
        return one_line(OWN[event.type][0].format(who(event)), TITLE)
    subject, place = who(event) or "A job", product(event)
    if event.data.product == "batch":
        subject, place = "Batch", who(event)
    return one_line(f"{subject}{_happened(event)} ({place})".removesuffix(" ()"), TITLE)


def subtitle(event: Event) -> str:
    return OWN[event.type][1] if event.type in OWN else one_line(_change(event), VALUE)


def error(event: Event) -> str:
    lines = cleaned(event.data.error or "", ERROR).splitlines()
    more = len(lines) - ERROR_LINES
    if more > 0:
        lines[ERROR_LINES:] = [f"… {units.many(more, 'more line')}"]
    return "\n".join(cut(line, ERROR_LINE) for line in lines)


def facts(event: Event) -> Iterator[tuple[str, str]]:
    """What is not said by title, subtitle and link already; ids stand last."""
    data = event.data
    if files := _files(data.outcome):
        yield "Files", files
    if data.source and event.type not in OWN and data.source != data.product:
        yield "Source", data.source
    tier = _item(event).tier
    if isinstance(tier, str) and tier:
        yield "Tier", tier
    if data.job_id and data.job_id != who(event):
        yield "Batch" if data.product == "batch" else "Job", data.job_id
    if data.project_id and link(event) is None:
        yield "Project", data.project_id
    if event.type == "batch.completed" and data.kind == "batch":
        yield "Note", "This says that each file got its job, not yet how those end"
    if data.after_outage:
        yield "Seen late", "relay could not look for a while: it may have happened earlier"


def lines(event: Event) -> tuple[str, ...]:
    """The failed files of a batch that finished."""
    failures = (event.data.outcome or {}).get("failures")
    if event.type != "batch.finished" or not isinstance(failures, list):
        return ()
    named = [_failure(failure) for failure in failures if isinstance(failure, dict)]
    shown = named[:MOST_LINES]
    more = len(named) - len(shown) + (_count(event.data.outcome, "failures_omitted") or 0)
    return (*shown, f"… {units.many(more, 'more failed file')}") if more else tuple(shown)


def as_line(event: Event) -> str:
    """The whole event in one line."""
    said = title(event)
    why = error(event).partition("\n")[0] if event.type != "relay.test" else ""
    return one_line(f"{said}: {why}" if why else said, LINE)


def link(event: Event) -> str | None:
    return web_link(event.data.url)


def who(event: Event) -> str:
    """The job's name, else its id: of a long one the begin, which tells jobs apart well enough."""
    name, job_id = (one_line(name or "", NAME) for name in (event.data.name, event.data.job_id))
    if name and name != job_id:
        return name
    return f"{long[1]}…" if (long := _LONG_ID.fullmatch(job_id)) else job_id or name


def product(event: Event) -> str:
    return one_line(event.data.product or "", WORD) or one_line(event.type.partition(".")[0], WORD)


def word(event_type: str) -> str:
    """The second half of a type: `failed`."""
    return one_line(event_type.rpartition(".")[2], WORD)


def _happened(event: Event) -> str:
    what, status = word(event.type), one_line(event.data.status or "", WORD)
    if what == "finished":
        return f" {_ended(status)}: {_outcome(event.data.outcome)}"
    if what == "stuck":
        return f" is stuck in {status}" if status else " is stuck"
    if event.type == "batch.completed" and event.data.kind == "batch":
        return " completed: every file has its job"
    if what in _DONE:
        return f" {_DONE[what]}"
    return f" is now {status}" if status.lower() == what else f": {one_line(event.type, WORD)}"


def _ended(status: str) -> str:
    return {"FAILED": "failed", "CANCELLED": "was cancelled"}.get(status, "finished")


def _outcome(outcome: Mapping[str, Any] | None) -> str:
    total = _count(outcome, "total")
    if total is None:
        return "what became of its files is not known"
    if total == 0:
        return "it had no files"
    completed = _count(outcome, "completed") or 0
    parts = {word: n for word in _WORSE if (n := _count(outcome, word))}
    if not parts or completed >= total:
        return f"{_all(completed or total, total)} completed"
    if len(parts) == 1:
        ((what, n),) = parts.items()
        return f"{_all(n, total)} {_WORSE[what]}"
    said = ", ".join(f"{units.number(n)} {_WORSE[what]}" for what, n in parts.items())
    return f"{said} of {units.many(total, 'file')}"


_WORSE = {"failed": "failed", "cancelled": "cancelled", "skipped": "skipped", "unknown": "unknown"}


def _all(count: int, total: int) -> str:
    if count < total:
        return f"{units.number(count)} of {units.many(total, 'file')}"
    return units.many(total, "file") if total < 2 else f"all {units.many(total, 'file')}"


def _files(outcome: Mapping[str, Any] | None) -> str:
    """How many of what; nothing where the title says it."""
    counts = {word: n for word in ("completed", *_WORSE) if (n := _count(outcome, word))}
    return ", ".join(f"{units.number(n)} {what}" for what, n in counts.items()) if len(counts) > 1 else ""


def _count(outcome: Mapping[str, Any] | None, key: str) -> int | None:
    value = (outcome or {}).get(key)
    return value if type(value) is int and 0 <= value < _MOST else None


def _failure(failure: Mapping[str, Any]) -> str:
    texts = {key: value for key, value in failure.items() if isinstance(value, str)}
    names = (one_line(texts.get(key, ""), NAME) for key in ("name", "file_id", "job_id"))
    name = next(filter(None, names), "a file")
    why = cleaned(texts.get("error", ""), ERROR).partition("\n")[0]
    return one_line(f"{name}: {why}" if why else name, LINE)


def _change(event: Event) -> str:
    """From which status to which, and after how long."""
    status, previous = (one_line(text or "", WORD) for text in (event.data.status, event.data.previous))
    took = _took(event)
    what = word(event.type)
    if what == "finished":
        return f"Took {units.duration(took)}" if took else ""
    if what in {"stuck", "vanished"}:
        seen = f"last seen {status}" if what == "vanished" and status else ""
        since = f"created {units.duration(took)} ago" if took else ""
        said = ", ".join(filter(None, (seen, since)))
        return said[:1].upper() + said[1:]
    change = f"{previous} → {status}" if previous and status else status
    return f"{change} after {units.duration(took)}" if change and took else change


def _took(event: Event) -> float | None:
    """Seconds from the job's creation to what happened; None where it is not known, or absurd."""
    item = _item(event)
    ended = item.completed_at or item.updated_at
    if word(event.type) in {"finished", "stuck", "vanished"} or not ended:
        ended = None if event.data.after_outage else event.timestamp
    begin, end = (
        units.seconds_at(text) if isinstance(text, str) else None for text in (item.created_at, ended)
    )
    if begin is None or end is None:
        return None
    return end - begin if 0 <= end - begin <= LONGEST else None


def _item(event: Event) -> _Item:
    try:
        return _decode(event.data.job)
    except (ValueError, RecursionError):
        return _Item()
