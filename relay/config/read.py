"""From a file to the tables it holds."""

import codecs
import re
import tomllib
from pathlib import Path
from typing import Any

from relay.errors import ConfigError

LIMIT = 1024 * 1024  # bytes of a configuration

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_WAYS_OUT = {
    "Cannot overwrite": "it is set twice: keep one",
    "Cannot declare": "this table stands twice: keep one",
    "Cannot mutate": "it is already set elsewhere: keep it in one place",
    "Duplicate inline": "it is set twice: keep one",
    "Invalid value": "texts stand in quotes, lists in [ ], and true and false are lower case",
    "Unescaped": "write \\\\ for a backslash, or put the text in single quotes",
    "Expected '='": 'write it as key = "value"',
    "Expected newline": "write one key = value a line, texts in quotes",
    "Unterminated": "its closing quote is missing",
}


def read(path: Path) -> bytes:
    """The file's content. Raises ConfigError, as `parse` does."""
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
    except IsADirectoryError:
        raise _refusal(
            path, 1, "file", f"is a directory: name the file in it, {path.name}/rules.toml"
        ) from None
    except OSError as error:
        reason = error.strerror or "unknown"
        raise _refusal(path, 1, "file", f"can't be read ({reason}): check its path and its owner") from None
    if len(content) > LIMIT:
        raise _refusal(path, 1, "file", "is larger than 1 MiB: relay reads no configuration of that size")
    return content


def parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refusal(path, line, "file", "is not UTF-8: save it in that encoding") from None
    except RecursionError:
        raise _refusal(path, 1, "file", "is nested too deep: close its brackets") from None
    except tomllib.TOMLDecodeError as error:
        raise _syntax(path, content, str(error)) from None
    except ValueError:  # of Python's int, which tomllib lets pass
        raise _refusal(path, 1, "file", "holds a number of thousands of digits: shorten it") from None


def _syntax(path: Path, content: bytes, message: str) -> ConfigError:
    place = _PLACE.search(message)
    text = message[: place.start()] if place else message
    way_out = next((way for begin, way in _WAYS_OUT.items() if text.startswith(begin)), "correct this line")
    if place and place[1]:
        return _refusal(path, int(place[1]), "syntax", f"{text} (column {place[2]}): {way_out}")
    last = content.rstrip().count(b"\n") + 1
    return _refusal(path, last, "syntax", f"{text} at the end of the file: {way_out}")


def _refusal(path: Path, line: int, where: str, text: str) -> ConfigError:
    return ConfigError([f"{path.name}:{line}: {where}: {text}"])
