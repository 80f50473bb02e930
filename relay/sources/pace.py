"""How many requests a minute sources want, and the pace that follows."""

from collections.abc import Mapping, Sequence

from relay.plan import open_words
from relay.sources.kinds import SourceSpec


def requests(spec: SourceSpec) -> int:
    """Of a look when little happens."""
    return 1 if spec.kind.dates else len(open_words(spec.kind.statuses)) + 1


def wants(sources: Sequence[SourceSpec], measured: Mapping[str, float | None]) -> dict[str, float]:
    """Requests a minute. `measured`: those that a look of it took last; else what a quiet one takes."""
    return {spec.name: 60 / spec.every * (measured.get(spec.name) or requests(spec)) for spec in sources}


def shares(wanted: Mapping[str, float], allowed: float) -> dict[str, float]:
    """What each gets where all take turns: who wants less than an equal share leaves the rest to others."""
    got, left = {}, allowed
    for count, name in enumerate(sorted(wanted, key=lambda name: wanted[name])):
        got[name] = min(wanted[name], left / (len(wanted) - count))
        left -= got[name]
    return got


def paces(sources: Sequence[SourceSpec], measured: Mapping[str, float | None]) -> dict[str, float]:
    """Seconds from look to look: as configured, or as the budget of the key allows."""
    found: dict[str, float] = {}
    for key in {spec.api_key for spec in sources}:
        of_key = [spec for spec in sources if spec.api_key == key]
        wanted = wants(of_key, measured)
        got = shares(wanted, min(spec.requests_per_minute for spec in of_key))
        found |= {spec.name: spec.every * wanted[spec.name] / got[spec.name] for spec in of_key}
    return found
