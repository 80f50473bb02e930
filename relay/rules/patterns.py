"""Regular expressions that can't hang. The only module that knows RE2; read once there is a pattern."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

_TEXTS_KEPT, _LONGEST_TEXT_KEPT = 256, 300


def searcher(pattern: str, *, folded: bool) -> Callable[[Any], bool]:
    """Whether a text holds what fits, in any case where `folded`. Raises ValueError with RE2's words."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.case_sensitive = not folded
    try:
        # In bytes: re2 then counts no characters for the place of a match, which nobody asks for.
        search = re2.compile(_utf8(pattern), options).search
    except re2.error as error:
        raise ValueError(error.args[0].decode("utf-8", "replace")) from None

    def found(text: str) -> bool:
        return search(_utf8(text)) is not None

    kept = lru_cache(_TEXTS_KEPT)(found)  # errors repeat, and a call of re2 costs more than all else
    return lambda held: (
        isinstance(held, str) and (kept(held) if len(held) <= _LONGEST_TEXT_KEPT else found(held))
    )


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
