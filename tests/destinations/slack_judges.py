"""Whether Slack would take a payload: by two libraries, and by what neither checks."""

import re
import warnings

import blockkit
from slack_sdk.models.blocks import Block


def judged(payload):
    """Raises, or fails an assertion, where Slack would refuse the payload."""
    blocks = payload["blocks"]
    by_slack_sdk(blocks)
    by_blockkit(blocks)
    by_what_neither_checks(payload)


def by_slack_sdk(blocks):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        models = Block.parse_all(blocks)
    for block, model in zip(blocks, models, strict=True):
        model.validate_json()
        assert model.to_dict() == block


def by_blockkit(blocks):
    for block in blocks:
        assert _built(block).build() == block


def _built(block):
    kind = block["type"]
    if kind == "header":
        return blockkit.Header(_text(block["text"]))
    if kind == "context":
        return blockkit.Context([_text(element) for element in block["elements"]])
    fields = [_text(field) for field in block.get("fields", [])] or None
    return blockkit.Section(_text(block["text"]) if "text" in block else None, fields)


def _text(text):
    return blockkit.Text(**text)


def by_what_neither_checks(payload):
    blocks = payload["blocks"]
    fields = [field["text"] for block in blocks for field in block.get("fields", [])]
    said = [*fields, *(text["text"] for block in blocks for text in _texts_of(block))]
    assert 1 <= len(blocks) <= 50
    assert all(text.strip() for text in said)
    assert all(len(field) <= 2000 for field in fields)
    assert sum(map(len, said)) <= 13_000
    assert 0 < len(payload["text"]) <= 1000
    assert all(not re.search(r"&(?!amp;|lt;|gt;)", text) for text in said), "an entity was cut"


def _texts_of(block):
    return [*block.get("elements", []), *([block["text"]] if "text" in block else [])]
