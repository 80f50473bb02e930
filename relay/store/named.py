"""Named SQL: files such as `queries.sql` hold each statement under a line that says what it promises."""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

import msgspec


def as_json(values: object) -> str:
    return msgspec.json.encode(values).decode()


_HEAD = re.compile(r"^-- (\w+): .+$", re.MULTILINE)


def parse(text: str) -> Mapping[str, str]:
    parts = _HEAD.split(text)[1:]
    return MappingProxyType(dict(zip(parts[::2], (sql.strip() for sql in parts[1::2]), strict=True)))


def load(file: str) -> Mapping[str, str]:
    return parse(resources.files("relay.store").joinpath(file).read_text(encoding="utf-8"))


SQL = load("queries.sql")
