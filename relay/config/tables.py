"""The tables of `rules.toml` that are the same for everybody; a destination's is its type's own."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from relay.addresses import is_loopback
from relay.config.environ import Unresolved
from relay.destinations import Duration, SecretText
from relay.model import Secret, Severity, canonical_time

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_FIELDS = 10

_KEY = re.compile(r"[\x21-\x7e]{1,1000}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_LISTEN = re.compile(r"(\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9.-]+)):(?P<port>\d{1,5})", re.ASCII)
_URL = re.compile(r"[\x21-\x5b\x5d-\x7e]{1,1000}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9a-f:.]+")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text in quotes")  # noqa: TRY004 - pydantic's way to say no
    return value


def _plain(value: Any) -> str:
    if not _PLAIN.fullmatch(_text(value)):
        raise ValueError("must be a text of 1 to 200 characters on one line")
    return _text(value)


def _database(value: Any) -> str:
    path = _text(value)
    if "://" in path:
        raise ValueError("must be the path of a file: relay keeps its data in SQLite")
    if not path or "\0" in path:
        raise ValueError('must be the path of a file, such as "relay.db"')
    return path


def _listen(value: Any) -> tuple[str, int] | None:
    """Host and port."""
    if value == "off":
        return None
    found = _LISTEN.fullmatch(_text(value))
    if not found or int(found["port"]) > 65535:
        raise ValueError('must be host:port, such as "127.0.0.1:8710", or "off"')
    return found["v6"] or found["host"], int(found["port"])


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(_text(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('is no time zone: write one such as "Europe/Berlin" or "UTC"') from None


def _token(value: Any) -> Secret:
    if isinstance(value, Unresolved):
        return value
    if not _KEY.fullmatch(_text(value)):
        raise ValueError("must be printable ASCII without spaces: make one by openssl rand -hex 24")
    return Secret(value)


def _heartbeat_url(value: Any) -> Secret:
    """Who knows it can say that relay is well. Its host is looked at when it is asked for, as any."""
    if isinstance(value, Unresolved):
        return value
    if not _URL.fullmatch(_text(value)):
        raise ValueError("must be a URL of printable ASCII without spaces and backslashes")
    try:
        parts = urlsplit(value)
        host, fits = parts.hostname or "", parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        host, fits = "", False
    if not (fits and _HOST.fullmatch(host) and parts.scheme in {"http", "https"}):
        raise ValueError("is no URL that can be asked for: write it as https://host/path")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("must be https, or anybody on the way could read it: only a local one may be http")
    return Secret(value)


def _api_key(value: Any) -> Secret:
    if isinstance(value, Unresolved):
        return value
    if not _KEY.fullmatch(_text(value)):
        raise ValueError("must be printable ASCII without spaces: copy the key again, it begins with llx-")
    return Secret(value)


def _base_url(value: Any) -> str:
    """Without its last slash. A mistake never repeats it: it may be from the environment."""
    text = _text(value)
    if not _URL.fullmatch(text):
        raise ValueError("must be a URL of printable ASCII without spaces and backslashes")
    if "://" not in text:
        raise ValueError("has no scheme: write https:// before it")
    try:
        parts = urlsplit(text)
        fits = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("is no URL of an API: write it as https://host or https://host:port")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password: the api_key is enough")
    if "?" in text or "#" in text:
        raise ValueError("must end with its path: leave out what begins with ? or #, set parameters in query")
    return text.rstrip("/")


def _uuid(value: Any) -> str:
    if not _UUID.fullmatch(_text(value)):
        raise ValueError("must be a UUID such as 11111111-2222-3333-4444-555555555555")
    return str(UUID(value))


def _since(value: Any) -> str:
    """Canonical UTC text, of a time in quotes or one of TOML's; naive is taken as UTC."""
    text = value.isoformat() if isinstance(value, datetime | date) else value
    known = canonical_time(text) if isinstance(text, str) else ""
    if not known:
        raise ValueError('must be a time such as "2026-11-01T00:00:00Z"')
    return known


def _source_name(value: Any) -> str:
    if not re.fullmatch(rf"{NAME.pattern}(\.[a-z_0-9]+)?", _text(value)):
        raise ValueError("must be the name that the source had")
    return _text(value)


def _filter(value: Any) -> str | tuple[str, ...]:
    values = value if isinstance(value, list) and value else [value]
    if not all(isinstance(item, str) and _PLAIN.fullmatch(item) for item in values):
        raise ValueError("must be a text, or a list of texts, that are not empty")
    return tuple(values) if isinstance(value, list) else values[0]


def _distinct(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("names something twice: name it once")
    return values


def _kinds(value: Any) -> str | list[str]:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return _distinct(value)
    if isinstance(value, str):
        return value
    raise ValueError('must be a kind, such as "parse", or a list of kinds')


def _names(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError('must be a list of texts: write ["…"]')
    if not value:
        raise ValueError("must not be empty: name at least one")
    return _distinct(value)


def _group_by(value: Any) -> list[str] | bool:
    """No field: one message for the rule."""
    if value is False or value == []:
        return value  # type: ignore[no-any-return]
    if isinstance(value, list) and len(value) <= MOST_FIELDS:
        return _names(value)
    raise ValueError(f'must be a list of at most {MOST_FIELDS} fields, such as ["source"], or false')


def _by(check: Callable[[Any], Any]) -> BeforeValidator:
    return BeforeValidator(check)


Strict = Field(strict=True)
Names = Annotated[list[str], _by(_names)]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class RelayTable(Table):
    name: Annotated[str | None, _by(_plain)] = None
    database: Annotated[str, _by(_database)] = "relay.db"
    listen: Annotated[tuple[str, int] | None, _by(_listen)] = ("127.0.0.1", 8710)
    token: Annotated[Secret | None, _by(_token)] = None
    heartbeat_url: Annotated[Secret | None, _by(_heartbeat_url)] = None
    retention: Annotated[Duration, Field(ge=2 * 86400)] = 90 * 86400.0
    alerts_to: Annotated[str | None, _by(_plain)] = None
    timezone: Annotated[ZoneInfo, _by(_zone)] = ZoneInfo("UTC")


class Access(Table):
    """How the API is asked: `[llamacloud]`, of which a source may set any key for itself."""

    api_key: Annotated[Secret | None, _by(_api_key)] = None
    base_url: Annotated[str, _by(_base_url)] = "https://api.cloud.llamaindex.ai"
    every: Annotated[Duration, Field(ge=1, le=86400)] = 15.0
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000), Strict] = 20
    page_size: Annotated[int | None, Field(ge=1, le=1000), Strict] = None
    project_id: Annotated[str | None, _by(_uuid)] = None
    organization_id: Annotated[str | None, _by(_uuid)] = None


class SourceTable(Access):
    kind: Annotated[str | list[str] | None, _by(_kinds)] = None
    query: dict[str, Annotated[str | tuple[str, ...], _by(_filter)]] = {}
    since: Annotated[str | None, _by(_since)] = None
    include: Annotated[list[str], _by(_names)] = []
    stuck_after: Annotated[Duration | None, Field(ge=1)] = None
    signing_secret: Annotated[SecretText | None, Field()] = None
    renamed_from: Annotated[str | None, _by(_source_name)] = None


class RuleTable(Table):
    on: Names
    to: Names
    match: dict[str, Any] = {}
    unless: dict[str, Any] = {}
    severity: Severity | None = None
    title: Annotated[str | None, _by(_text)] = None
    body: Annotated[str | None, _by(_text)] = None
    stop: Annotated[bool, Strict] = False
    group_by: Annotated[list[str] | bool | None, _by(_group_by)] = None
    group_wait: Annotated[Duration, Field(ge=0, le=86400, validate_default=False)] = 10.0
    group_interval: Annotated[Duration, Field(ge=0, le=7 * 86400, validate_default=False)] = 60.0
    settle: Annotated[Duration | None, Field(ge=1, le=86400, validate_default=False)] = None
