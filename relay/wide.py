"""Log lines with fields: one a look, one an attempt. Text for people, and the fields for who reads JSON."""

from typing import Any


class Wide:
    """A message of the log: `what key=value …`. Seconds are shown with three digits; None is left out."""

    __slots__ = ("fields", "what")

    def __init__(self, what: str, **fields: Any) -> None:
        self.what = what
        self.fields = {name: value for name, value in fields.items() if value is not None}

    def __str__(self) -> str:
        shown = (f"{name}={_shown(value)}" for name, value in self.fields.items())
        return " ".join((self.what, *shown))


def _shown(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
