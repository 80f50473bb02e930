"""What is to be said of a configuration, gathered until all of it was looked at."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

Keys = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WORD = re.compile(r"\w{6,}")


@dataclass(frozen=True)
class Origin:
    """Where a text of the configuration came from: `name` of the environment, which held `value`."""

    name: str
    value: str

    def told_by(self, text: str) -> bool:
        """Whether `text` may tell the value, or a telling part of it."""
        return self.value in text or any(word in text for word in _WORD.findall(self.value))


@dataclass
class Findings:
    """Mistakes, each with the path of its key. No text of them tells what a `$NAME` stood for."""

    origins: Mapping[Keys, Origin] = field(default_factory=dict)
    mistakes: list[tuple[Keys, str]] = field(default_factory=list)
    warnings: list[tuple[Keys, str]] = field(default_factory=list)

    def mistake(self, path: Keys, text: str, *, quotes: bool = False) -> None:
        """`quotes`: the text is free to quote parts of the value."""
        mistake = (path, self._discreet(path, text, quotes=quotes))
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)

    def warning(self, path: Keys, text: str) -> None:
        self.warnings.append((path, self._discreet(path, text, quotes=False)))

    def shown(self, path: Keys, value: str) -> str:
        """The value as a message may show it."""
        origin = self.origins.get(path)
        return f"${origin.name}" if origin else json.dumps(value[:100])

    def _discreet(self, path: Keys, text: str, *, quotes: bool) -> str:
        for place, origin in self.origins.items():
            if place[: len(path)] == path and (quotes or origin.told_by(text)):
                return f"what ${origin.name} holds can't be used here: correct it, or set another"
        return text


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The way out for a name that is not known; `known` in the order it is to be read."""
    if close := get_close_matches(word.lower(), known, n=1):
        return f"did you mean {close[0]}?"
    return f"known are {', '.join(known)}" if known else "none is known"


def where(path: Keys) -> str:
    """`destinations.hook.url`; positions in lists are told by the line alone."""
    return ".".join(_shown_key(key) for key in path if isinstance(key, str))


def _shown_key(key: str) -> str:
    return key if _BARE.fullmatch(key) and len(key) <= 100 else json.dumps(key[:100])
