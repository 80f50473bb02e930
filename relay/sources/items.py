"""What a list endpoint answers: a page of items, of which only the fields that relay needs are read."""

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from relay.errors import LookFailed
from relay.message import one_line

_LONGEST = {"id": 200, "status": 64}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One listed job in the API's own words: the status is spelled, and times are written, as they came."""

    id: str
    status: str
    created_at: str | None = None
    updated_at: str | None = None
    name: str | None = None
    error_message: str | None = None
    project_id: str | None = None


@dataclass(kw_only=True, slots=True)
class Page:
    """One answer. `began` is the caller's sequence from before it was asked for."""

    items: list[Item]
    token: str | None = None
    undecodable: tuple[str, ...] = ()  # of each skipped item: its id, else its place, and why; safe to log
    date: float | None = None  # the API's clock, in whole seconds since 1970
    began: int = 0
    requests: int = 1  # that it took, with those that failed before
    body: bytes = b"{}"
    items_key: str = "items"
    raws: list[bytes] | None = None  # None until one is asked for

    def raw(self, index: int) -> bytes:
        """Give the JSON text of `items[index]` as it came; from a faulty page, written anew."""
        if self.raws is None:
            found = _raw_decoder(self.items_key).decode(self.body).items or []
            self.raws = [bytes(raw) for raw in found]
        return self.raws[index]


def read_page(body: bytes, item: type[Item], items: str) -> Page:
    """Read a page, skipping and naming bad items. Raises LookFailed where there is no page at all."""
    page = _page_as_typed(body, item, items)
    return page or _page_item_by_item(body, item, items)


def read_one(body: bytes, item: type[Item], *, wrapped: bool) -> Page:
    """Read the one job that `body` is, or wraps as `{"job": {…}}`, as a page. Raises LookFailed too."""
    job = _raw_job(body) if wrapped else body
    page = _page_as_typed(b'{"items":[' + job + b"]}", item, "items")
    if page and len(page.items) == 1:
        return page
    with _as_look_failed(body):
        value = lenient(body)
        if wrapped and isinstance(value, dict):
            value = value.get("job", value)
        return _page_of([value], item, "items")


def decoded(body: bytes) -> Any:
    """Any JSON, read as leniently as pages are. Raises LookFailed."""
    with _as_look_failed(body):
        try:
            return msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return msgspec.json.decode(written(lenient(body)))


def _page_as_typed(body: bytes, item: type[Item], items: str) -> Page | None:
    """Read all by one decode, or nothing."""
    try:
        if not body.isascii():
            body.decode()  # msgspec lets broken UTF-8 pass in the fields it skips
        page = _typed_decoder(item, items).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    found = page.items or []
    if not _sound(found):
        return None
    return Page(items=found, token=page.next_page_token or None, body=body, items_key=items)


def _sound(items: list[Item]) -> bool:
    ids = [item.id for item in items]
    return (
        all(ids)
        and "".join(ids).isprintable()
        and max(map(len, ids), default=0) <= _LONGEST["id"]
        and not any(_fault("status", word) for word in {item.status for item in items})
    )


def _page_item_by_item(body: bytes, item: type[Item], items: str) -> Page:
    with _as_look_failed(body):
        page = lenient(body)
        if not isinstance(page, dict):
            raise LookFailed(f"200 but no page: {_excerpt(body)}", status=200)
        listed = page.get(items) or []
        if not isinstance(listed, list):
            raise LookFailed(f"200 but its {items} are no list: {_excerpt(body)}", status=200)
        return _page_of(listed, item, items, token=_token(page))


def _page_of(listed: list[Any], item: type[Item], items: str, *, token: str | None = None) -> Page:
    found, raws, undecodable = [], [], []
    for place, value in enumerate(listed):
        raw = written(value)
        fields = msgspec.json.decode(raw)
        if why := _why_none(fields):
            undecodable.append(f"{_named(fields, place)}: {why}")
        else:
            found.append(_item_of(fields, item))
            raws.append(raw)
    return Page(items=found, token=token, undecodable=tuple(undecodable), items_key=items, raws=raws)


@contextmanager
def _as_look_failed(body: bytes) -> Iterator[None]:
    try:
        yield
    except ValueError:
        raise LookFailed(f"200 but not JSON: {_excerpt(body)}", status=200, again=True) from None
    except RecursionError:
        raise LookFailed("200 but its JSON is nested too deep", status=200) from None


def _token(page: dict[str, Any]) -> str | None:
    token = page.get("next_page_token") or None
    if token is None or isinstance(token, str):
        return token
    if isinstance(token, int) and not isinstance(token, bool):
        return str(token)
    # Taken as the end it would make a part of a list look like the whole.
    raise LookFailed(
        f"200 but its next_page_token is no text: {one_line(json.dumps(token), 100)}", status=200
    )


def _why_none(fields: Any) -> str | None:
    if not isinstance(fields, dict):
        return "not an object"
    faults = ((name, _fault(name, fields.get(name))) for name in ("id", "status"))
    return next((f"its {name} {fault}" for name, fault in faults if fault), None)


def _fault(name: str, value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        return "is missing or no text"
    if len(value) > _LONGEST[name]:
        return f"has {len(value)} characters"
    return "holds control characters" if _CONTROL.search(value) else None


def _named(fields: Any, place: int) -> str:
    readable = isinstance(fields, dict) and not _fault("id", fields.get("id"))
    return one_line(fields["id"], 200) if readable else f"item {place}"


def _item_of(fields: dict[str, Any], item: type[Item]) -> Item:
    texts = {
        name: fields[name] for name in item.__struct_encode_fields__ if isinstance(fields.get(name), str)
    }
    return msgspec.convert(texts, item)


def _raw_job(body: bytes) -> bytes:
    try:
        return bytes(_WRAPPED.decode(body).job)
    except (msgspec.MsgspecError, RecursionError):
        return body


def lenient(body: bytes) -> Any:
    """Decode JSON with its broken characters and numbers out of range put aside. Raises ValueError."""
    return json.loads(
        body.decode("utf-8-sig", "replace"), parse_int=_int, parse_float=_float, parse_constant=lambda _: None
    )


def _int(digits: str) -> int | float | None:
    return int(digits) if len(digits) < 20 else _float(digits)


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def written(value: Any) -> bytes:
    """JSON in UTF-8; a lone half of a surrogate pair, which no strict reader takes, becomes "?"."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _excerpt(body: bytes) -> str:
    return one_line(body[:1000].decode("utf-8", "replace"), 200) or "nothing"


class _Wrapped(msgspec.Struct):
    job: msgspec.Raw


_WRAPPED = msgspec.json.Decoder(_Wrapped)


@cache
def _typed_decoder(item: type[Item], items: str) -> msgspec.json.Decoder[Any]:
    return _decoder(item, items)


@cache
def _raw_decoder(items: str) -> msgspec.json.Decoder[Any]:
    return _decoder(msgspec.Raw, items)


def _decoder(item: Any, items: str) -> msgspec.json.Decoder[Any]:
    page = msgspec.defstruct(
        "Page",
        [("items", list[item] | None, None), ("next_page_token", str | None, None)],
        rename={"items": items},
    )
    return msgspec.json.Decoder(page)
