"""What a template sees of a message."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import msgspec

from relay.message import Message
from relay.model import Event
from relay.render.engine import VALUE

OF_EVENT = (
    "id", "type", "timestamp", "name", "status", "previous", "error", "error_kind", "source", "product",
    "kind", "project_id", "job_id", "url", "outcome", "severity", "after_outage", "job",
)  # fmt: skip
"""Fields of `event` and of each of `events`."""

OF_MESSAGE = (
    "type", "name", "status", "previous", "error", "error_kind", "source", "product", "kind", "project_id",
    "job_id", "timestamp", "url", "outcome", "severity", "relay", "rule", "job", "event", "events", "count",
    "first", "last", "group",
)  # fmt: skip
"""Fields of a template, all always defined."""

LARGEST, WIDEST, DEEPEST = 1_000_000, 100, 20
"""Bytes of an item that is read at all; of it, fields and elements at each level, and levels."""

_decode = msgspec.json.Decoder().decode


def fields_of(message: Message, *, items: bool) -> dict[str, Any]:
    """`items`: whether those of the events are read. Those of the first event stand for the message."""
    events = [_of_event(event, items=items) for event in message.events]
    return {name: events[0][name] for name in OF_MESSAGE if name in events[0]} | {
        "severity": message.severity,
        "relay": message.relay,
        "rule": message.rule,
        "event": events[0],
        "events": events,
        "count": message.count,
        "first": message.first or message.events[0].timestamp,
        "last": message.last or message.events[-1].timestamp,
        "group": bounded(dict(message.group or {})),
    }


def _of_event(event: Event, *, items: bool) -> dict[str, Any]:
    data = msgspec.structs.asdict(event.data)
    raw = bytes(data.pop("job"))
    said = {"id": event.id, "type": event.type, "timestamp": event.timestamp, **data}
    said["name"] = event.data.name or event.data.job_id
    return {**bounded(said), "job": _item(raw) if items else None}


def _item(raw: bytes) -> Any:
    if len(raw) > LARGEST:
        return None
    try:
        return bounded(_decode(raw))
    except (ValueError, RecursionError):
        return None


def bounded(value: Any, depth: int = 0) -> Any:
    """A copy of JSON of a size that a message can need."""
    if isinstance(value, str):
        return value[:VALUE]
    if not isinstance(value, Mapping | list):
        return value
    if depth >= DEEPEST:
        return None
    if isinstance(value, list):
        return [bounded(item, depth + 1) for item in value[:WIDEST]]
    return {str(key)[:VALUE]: bounded(item, depth + 1) for key, item in islice(value.items(), WIDEST)}
