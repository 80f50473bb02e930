"""What a webhook says in each format: of a message, the body and the headers that describe it."""

import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from relay.message import Message, one_line
from relay.model import Event, Severity, seconds_of

LARGEST_GROUP = 1_000_000
"""Bytes of a group's events that are sent whole, since many receivers refuse more than a mebibyte."""


class Unsayable(Exception):  # noqa: N818 - it is what the format can't do
    """The format has no way to say this message, whoever it is sent to."""


class Content(NamedTuple):
    """`headers` in lower case."""

    body: bytes
    headers: Mapping[str, str]


class _Said(msgspec.Struct, frozen=True):
    id: str
    type: str
    timestamp: str
    data: dict[str, Any]


_JSON = MappingProxyType({"content-type": "application/json"})
_CLOUDEVENT = MappingProxyType({"content-type": "application/cloudevents+json"})


def _standard(message: Message) -> Content:
    return Content(msgspec.json.encode(_said(message)), _JSON)


def _said(message: Message) -> _Said:
    """A group by the delivery's id, at the time of its last event; an event by its own."""
    if message.group is not None:
        return _Said(message.id, "events.group", message.last, _group(message, message.group))
    (event,) = message.events
    return _whole(event, message, message.severity, _words(message))


def _whole(event: Event, message: Message, severity: Severity, words: Mapping[str, str]) -> _Said:
    data = msgspec.structs.asdict(event.data)
    job = data.pop("job")
    data |= {"severity": severity, "relay": message.relay, "rule": message.rule, **words, "job": job}
    return _Said(event.id, event.type, event.timestamp, data)


def _words(message: Message) -> dict[str, str]:
    """What the rule's templates said; no key for one that it has not."""
    words = {"title": message.title, "body": message.body}
    return {key: text for key, text in words.items() if text is not None}


def _group(message: Message, group: Mapping[str, Any]) -> dict[str, Any]:
    shown = _shown(message)
    return {
        "rule": message.rule,
        "relay": message.relay,
        "group": dict(group),
        "count": message.count,
        "omitted": message.count - len(shown),
        "first": message.first,
        "last": message.last,
        "severity": message.severity,
        **_words(message),
        "events": shown,
    }


def _shown(message: Message) -> list[msgspec.Raw]:
    """Each as it would be alone, but with its own severity: as many of the first as fit, and at least one."""
    shown, size = list[msgspec.Raw](), 0
    for event in message.events:
        whole = msgspec.json.encode(_whole(event, message, event.data.severity, {}))
        size += len(whole)
        if shown and size > LARGEST_GROUP:
            break
        shown.append(msgspec.Raw(whole))
    return shown


def _cloudevents(message: Message) -> Content:
    """CloudEvents 1.0, structured: the same data, and types without a domain before them."""
    said = _said(message)
    event = message.events[0].data if message.group is None else None
    subject = (event.job_id or event.name) if event else None
    attributes = {
        "specversion": "1.0",
        "id": said.id,
        "source": _uri("llamacloud-relay", message.relay, event.source if event else None),
        "type": said.type,
        "time": said.timestamp,
        **({"subject": subject} if subject else {}),
        "datacontenttype": "application/json",
        "data": said.data,
    }
    return Content(msgspec.json.encode(attributes), _CLOUDEVENT)


def _uri(*parts: str | None) -> str:
    return "".join(f"/{quote(part, safe='')}" for part in parts if part)


_ENDS = frozenset({"pending", "success", "error", "cancelled"})
_NAMES = {
    "parse": _ENDS | {"running", "partial_success"},
    "classify": _ENDS | {"running", "partial_success"},
    "extract": _ENDS | {"partial_success"},
    "split": _ENDS | {"processing"},
    "batch": _ENDS | {"running"},
}
_TRANSLATED = {"completed": "success", "failed": "error"}
_TEST = "relay.test"


def llamacloud_name(event_type: str, kind: str | None) -> str | None:
    """What LlamaCloud's own webhooks call it, such as `parse.error`; None where they have no name."""
    if event_type == _TEST:
        return "unmapped_event"
    product, _, word = event_type.partition(".")
    word = _TRANSLATED.get(word, word)
    return f"{product}.{word}" if product == kind and word in _NAMES.get(kind, ()) else None


def _llamacloud(message: Message) -> Content:
    """Raises Unsayable for a group, and for what has no name there."""
    event = message.events[0]
    name = llamacloud_name(event.type, event.data.kind)
    if message.group is not None:
        raise Unsayable('the format "llamacloud" can\'t hold a group')
    if name is None:
        raise Unsayable(f'the format "llamacloud" has no name for {one_line(event.type, 100)}')
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:llamacloud-relay:{event.id}"))
    headers = {
        **_JSON,
        "user-agent": "llamaindex-webhook-service/1.0",
        "x-webhook-event-id": event_id,
        "x-webhook-event-type": name,
    }
    said = {
        "event_id": event_id,
        "event_type": name,
        "timestamp": seconds_of(event.timestamp),
        "data": _llamacloud_data(event),
    }
    return Content(msgspec.json.encode(said), headers)


def _llamacloud_data(event: Event) -> dict[str, Any]:
    job_id = event.data.job_id or event.type
    status = {"status": event.data.status} if event.data.product == "batch" else {}
    return {"id": job_id, "job_id": job_id, **status}


FORMATS: Mapping[str, Callable[[Message], Content]] = MappingProxyType(
    {"standard": _standard, "cloudevents": _cloudevents, "llamacloud": _llamacloud}
)
