"""What a measurement says: rates beside a peer's of the same run, and whether that is what we aim at."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

HEADS = ("what", "rate", "peer", "ratio", "spread", "aim", "met")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Rates by round, in `unit`, and the peer's of the same rounds: what slows one slows its neighbour too.

    `peer` is empty where the aim is a rate. `aim` is None for what is only shown; where less is better, it is
    the most that is allowed.
    """

    what: str
    unit: str
    rates: Sequence[float]
    peer: Sequence[float] = ()
    peer_is: str = ""
    aim: float | None = None
    less_is_better: bool = False

    @property
    def ratios(self) -> list[float]:
        return [
            ours / theirs
            for ours, theirs in zip(self.rates, self.peer or [1.0] * len(self.rates), strict=True)
        ]

    @property
    def met(self) -> bool | None:
        if self.aim is None:
            return None
        found = median(self.ratios)
        return found <= self.aim if self.less_is_better else found >= self.aim

    def as_json(self) -> dict[str, Any]:
        found = median(self.ratios), min(self.ratios), max(self.ratios)
        names = ("median", "least", "most")
        return asdict(self) | {"ratio": dict(zip(names, found, strict=True)), "met": self.met}


def table(compared: Iterable[Compared]) -> str:
    rows = [HEADS, *map(_cells, compared)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _cells(one: Compared) -> tuple[str, ...]:
    met = {True: "yes", False: "NO", None: ""}[one.met]
    rate = f"{short(median(one.rates))} {one.unit}"
    aim = "" if one.aim is None else ("at most " if one.less_is_better else "") + short(one.aim)
    if not one.peer:
        return one.what, rate, "", "", f"{short(min(one.rates))}..{short(max(one.rates))}", aim, met
    peer = f"{short(median(one.peer))} {one.peer_is}"
    spread = f"{min(one.ratios):.2f}..{max(one.ratios):.2f}"
    return one.what, rate, peer, f"{median(one.ratios):.2f}", spread, aim, met


def short(number: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"
