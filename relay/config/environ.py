"""`"$NAME"` as a whole text stands for what the environment holds under that name."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relay.config.findings import Findings, Keys, Origin
from relay.model import Secret

LIMIT = 64 * 1024  # bytes of a file that holds a value

_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]{0,99})")
_DEEPEST = 16


class Unresolved(Secret):
    """Stands for a `$NAME` that is not resolved, and passes every check; `reveal()` gives the `$NAME`."""


class NotThere(Exception):  # noqa: N818 - what it says of a name
    """Why a name has no value, and the way out."""


def look_up(name: str, environ: Mapping[str, str]) -> str:
    """The value of `name`: itself, else the file that NAME_FILE names, else a credential. Raises NotThere."""
    value = environ.get(name)
    file = environ.get(f"{name}_FILE")
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not value and file:
        value = _content(Path(file), f"the file that {name}_FILE names")
    elif not value and directory and may_exist(credential := Path(directory, name)):
        value = _content(credential, f"the credential {name}")
    if value is None:
        raise NotThere(f"${name} is not set: export it, or name a file in {name}_FILE")
    if not value:
        raise NotThere(f"${name} is empty: give it a value, or name a file in {name}_FILE")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise NotThere(f"${name} holds bytes that are no text: give it as UTF-8")
    return value


def may_exist(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # reading it will say why


def _content(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
        if len(content) > LIMIT:
            raise NotThere(f"{what} is larger than 64 kB: it must hold the value alone")
        return content.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise NotThere(f"{what} can't be read ({error.strerror}): check its path and its owner") from None
    except ValueError:
        raise NotThere(f"{what} holds no text: it must hold the value alone, as UTF-8") from None


class Resolver:
    """Copies a document with its `$NAME`s resolved; with `secrets` false they stay, as Unresolved."""

    def __init__(self, environ: Mapping[str, str], *, secrets: bool) -> None:
        self._environ = environ
        self._secrets = secrets
        self.origins: dict[Keys, Origin] = {}
        self.findings = Findings(self.origins)

    def resolve(self, value: Any, path: Keys = ()) -> Any:
        if isinstance(value, str):
            return self._text(value, path)
        if not isinstance(value, dict | list):
            return value
        if len(path) == _DEEPEST:
            self.findings.mistake(path, "is nested too deep: nothing here goes that far")
            return {}
        if isinstance(value, list):
            return [self.resolve(item, (*path, index)) for index, item in enumerate(value)]
        return {key: self.resolve(item, (*path, key)) for key, item in value.items()}

    def _text(self, text: str, path: Keys) -> str | Unresolved:
        if not text.startswith("$"):
            return text
        if text.startswith("$$"):
            return text[1:]
        if not (named := _NAME.fullmatch(text)):
            self.findings.mistake(path, "begins with $ but is no $NAME: write $$ for a dollar that is meant")
            return Unresolved(text)
        return self._named(named[1], path)

    def _named(self, name: str, path: Keys) -> str | Unresolved:
        if not self._secrets:
            return Unresolved(f"${name}")
        try:
            value = look_up(name, self._environ)
        except NotThere as reason:
            self.findings.mistake(path, str(reason))
            return Unresolved(f"${name}")
        self.origins[path] = Origin(name, value)
        return value
