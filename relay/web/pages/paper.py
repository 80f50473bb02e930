"""What pages are written on: templates that escape every value, and how values read."""

import html
import json
import re
from datetime import tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from minijinja import Environment, pass_state, safe

from relay.message import cleaned
from relay.model import is_open, seconds_of, severity_of, utc_text
from relay.render import units
from relay.web.pages.assets import address

FOLDER = Path(__file__).parent / "templates"

LONGEST = 4000
"""Characters of a value that a page shows."""

LARGEST_ITEM = 40_000
"""Characters of an item as it was listed that a page shows."""

_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")

_TONES = {
    "delivered": "good",
    "completed": "good",
    "finished": "good",
    "up": "good",
    "failed": "bad",
    "dead": "bad",
    "down": "bad",
    "waiting": "busy",
    "stuck": "warn",
    "vanished": "warn",
    "cancelled": "warn",
    "unknown": "warn",
}

_MOODS = {"error": "bad", "warning": "warn"}


@cache
def environment(zone: tzinfo) -> Environment:
    """`zone`: of the times that are shown. What ends in .html is escaped."""
    env = Environment(
        templates={file.name: file.read_text("utf-8") for file in FOLDER.glob("*.html")},
        undefined_behavior="strict",
        finalizer=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {
        "asset": address,
        "ago": _ago,
        "exactly": _exactly(zone),
        "iso": _iso,
        "tone": tone,
        "mood": mood,
        "path": lambda value: quote(str(value), safe=""),
        "duration": units.duration,
        "number": units.number,
        "size": units.size,
        "many": units.many,
        "took": lambda value: f"{value * 1000:.0f} ms" if value < 1 else units.duration(value),
        "said": _said(zone),
        "written": written,
        "item": _item,
    }
    for name, work in filters.items():
        env.add_filter(name, work)
    return env


def _printed(value: Any) -> Any:
    """None says nothing; of others' words is shown what a person can see."""
    if value is None:
        return ""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return cleaned(value, LONGEST)
    return value


@pass_state
def _ago(state: Any, value: Any) -> str:
    """How long ago by the page's `now`, or in how long."""
    try:
        seconds = state.lookup("now") - _seconds(value)
    except ValueError:
        return str(value)
    if abs(seconds) < 1:
        return "now"
    words = units.duration(int(abs(seconds))).split(" ")
    rough = " ".join(words[:2])
    return f"{rough} ago" if seconds > 0 else f"in {rough}"


def _exactly(zone: tzinfo) -> Any:
    def exactly(value: Any) -> str:
        moment = units.moment_of(_iso(value), zone)
        return str(value) if moment is None else units.time(moment)

    return exactly


def _said(zone: tzinfo) -> Any:
    """A sentence with its times as people write them."""
    exactly = _exactly(zone)

    def said(words: str) -> str:
        return _TIME.sub(lambda found: exactly(found[0]), words[:1].upper() + words[1:])

    return said


def _iso(value: Any) -> str:
    return value if isinstance(value, str) else utc_text(value)


def _seconds(value: Any) -> float:
    return seconds_of(value) if isinstance(value, str) else float(value)


def tone(word: str) -> str:
    """How a status, a state or a type of event looks: good, bad, warn, busy or quiet."""
    last = word.lower().rpartition(".")[2]
    if last in _TONES:
        return _TONES[last]
    if severity_of(word.lower()) == "error":
        return "bad"
    return "busy" if "." not in word and is_open(word.upper()) else "quiet"


def mood(event: Any) -> str:
    """How an event looks: what has finished as it ended."""
    if event.severity in _MOODS:
        return _MOODS[event.severity]
    return tone(event.status if event.type.endswith(".finished") else event.type)


def written(value: Any) -> str:
    """As in `rules.toml`, or nearly."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {written(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _item(raw: bytes) -> Any:
    """JSON as it was listed, with its line ends and indents; what nobody sees is escaped."""
    text = msgspec.json.format(bytes(raw), indent=2).decode("utf-8", "replace")
    seen = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text[:LARGEST_ITEM])
    return safe(html.escape(seen + ("\n…" if len(text) > LARGEST_ITEM else "")))
