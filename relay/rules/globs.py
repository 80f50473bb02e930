"""Anchored globs in which only `*` and `?` are special; linear in the text, whatever it is."""

import re
from collections.abc import Callable
from itertools import pairwise

Glob = Callable[[str], bool]


def glob(pattern: str, *, folded: bool = False) -> Glob:
    """`folded`: case does not count."""
    if not folded:
        return _glob(pattern)
    matches = _glob(pattern.lower())
    return lambda text: matches(text.lower())


def is_exact(pattern: str) -> bool:
    return "*" not in pattern and "?" not in pattern


def _glob(pattern: str) -> Glob:
    if is_exact(pattern):
        return pattern.__eq__
    if "?" in pattern:
        return _by_regex(pattern)
    first, *between, last = pattern.split("*")
    pieces = tuple(filter(None, between))
    return _by_pieces(first, pieces, last) if pieces else _by_ends(first, last)


def _by_ends(first: str, last: str) -> Glob:
    if not last:
        return lambda text: text.startswith(first)
    shortest = len(first) + len(last)
    return lambda text: text.startswith(first) and text.endswith(last) and len(text) >= shortest


def _by_pieces(first: str, pieces: tuple[str, ...], last: str) -> Glob:
    ends = _by_ends(first, last)

    def matches(text: str) -> bool:
        if not ends(text):
            return False
        at, stop = len(first), len(text) - len(last)
        for piece in pieces:  # where it fits first is as good as any later place: never tried again
            found = text.find(piece, at, stop)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    return matches


def _by_regex(pattern: str) -> Glob:
    """Each `*` with the piece after it is an atomic group, for the same reason."""
    first, *rest = (re.escape(piece).replace(r"\?", ".") for piece in pattern.split("*"))
    between = "".join(f"(?>.*?{piece})" for piece, _ in pairwise(rest) if piece)
    last = f".*{rest[-1]}" if rest else ""
    whole = re.compile(first + between + last, re.DOTALL)
    return lambda text: whole.fullmatch(text) is not None
