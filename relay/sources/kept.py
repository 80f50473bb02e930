"""What is kept of an item: no secrets of others, no results unless they are asked for, 64 kB at most."""

from typing import Any

import msgspec

from relay.sources.items import lenient, written

WEBHOOK_SETTINGS = frozenset(
    {
        "webhook_configuration_ids",
        "webhook_configurations",
        "webhook_headers",
        "webhook_signing_secret",
        "webhook_url",
    }
)
"""Fields that may carry secrets of whoever created the job."""

_HOLD_SETTINGS = ("parameters", "configuration")
_LARGEST_ITEM = 64 * 1024
_OMITTED = 20


def without(raw: bytes, left_out: frozenset[str]) -> bytes:
    """Leave these fields out: what remains is at most 64 kB of JSON that every reader can decode."""
    try:
        fields = msgspec.json.decode(raw)
    except RecursionError:
        return _stub({}, len(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raw = written(lenient(raw))
        fields = msgspec.json.decode(raw)
    if _removed(fields, left_out):
        raw = msgspec.json.encode(fields)
    return raw if len(raw) <= _LARGEST_ITEM else _without_largest(fields)


def _removed(fields: Any, left_out: frozenset[str]) -> bool:
    """Whether anything had to be taken out of `fields`."""
    found = _drop(fields, left_out)
    for holder in _HOLD_SETTINGS:
        found |= _drop(fields.get(holder), left_out & WEBHOOK_SETTINGS)
    return found


def _drop(fields: Any, names: frozenset[str]) -> bool:
    if not isinstance(fields, dict) or names.isdisjoint(fields):
        return False
    for name in names & fields.keys():
        del fields[name]
    return True


def _without_largest(fields: Any) -> bytes:
    """The largest values go, by name in `omitted`, until the rest fits."""
    if not isinstance(fields, dict):
        return b"null"
    sizes = {name: len(msgspec.json.encode(value)) for name, value in fields.items()}
    omitted: list[str] = []
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if sum(sizes.values()) + sum(map(len, sizes)) * 2 <= _LARGEST_ITEM // 2 or len(omitted) == _OMITTED:
            break
        omitted.append(name[:100])
        del fields[name], sizes[name]
    raw = msgspec.json.encode({**fields, "omitted": omitted})
    return raw if len(raw) <= _LARGEST_ITEM else _stub(fields, len(raw))


def _stub(fields: dict[str, Any], size: int) -> bytes:
    return msgspec.json.encode(
        {"id": fields.get("id"), "status": fields.get("status"), "omitted": f"item of {size} bytes"}
    )
