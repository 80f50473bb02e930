"""What a person sees of a Slack message, as text for a terminal. Pure."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

WIDTH = 96

_LINK = re.compile(r"<([^<>|]+)\|([^<>]+)>")
_FENCED = re.compile(r"```\n(.*?)\n```", re.DOTALL)


def shown(payload: Mapping[str, Any]) -> str:
    """The blocks of a message of relay's; its text where it has none."""
    lines = [line for block in payload.get("blocks") or [_as_block(payload)] for line in _block(block)]
    return "\n".join(f"┃ {line}".rstrip() for line in lines)


def _as_block(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": payload.get("text", "")}}


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    if "fields" in block:
        yield from _pairs([_read(field).split("\n", 1) for field in block["fields"]])
        return
    texts = block.get("elements") or [block["text"]]
    for line in "\n".join(map(_read, texts)).splitlines():
        yield from textwrap.wrap(line, WIDTH, subsequent_indent="  ", drop_whitespace=False) or [""]


def _pairs(facts: list[list[str]]) -> Iterator[str]:
    room = max(len(label) for label, *_ in facts)
    for label, *value in facts:
        yield f"{label:{room}}  {' '.join(value)}"


def _read(text: Mapping[str, Any]) -> str:
    said: str = text["text"]
    if text["type"] == "mrkdwn":
        said = _FENCED.sub(lambda block: textwrap.indent(block[1], "    "), said)
        said = re.sub(r"^\*(.+?)\*$", r"\1", said, flags=re.MULTILINE)
        said = re.sub(r"^`(.+)`$", r"\1", said, flags=re.MULTILINE)
        said = _LINK.sub(r"\2: \1", said)
    return unescape(said) if "&" in said else said
