"""How many requests a minute the configuration wants, and the pace that follows."""

from collections.abc import Iterator, Mapping, Sequence

from relay.sources import SourceSpec
from relay.sources.pace import shares, wants


def pace(sources: Sequence[SourceSpec], measured: Mapping[str, float | None]) -> Iterator[str]:
    """A line per key. `measured`: requests that a source took last; else what a quiet one takes."""
    keys = list(dict.fromkeys(spec.api_key for spec in sources))
    for key in keys:
        of_key = [spec for spec in sources if spec.api_key == key]
        wanted = wants(of_key, measured)
        allowed = min(spec.requests_per_minute for spec in of_key)
        name = "the key" if len(keys) == 1 else f"the key of {of_key[0].name}"
        count = "1 source wants" if len(of_key) == 1 else f"{len(of_key)} sources want"
        so = _so(of_key, wanted, allowed) if sum(wanted.values()) > allowed else ""
        yield f"{name}: {count} {_requests(sum(wanted.values()))} a minute of {allowed}{so}"


def _so(sources: Sequence[SourceSpec], wanted: Mapping[str, float], allowed: float) -> str:
    got = shares(wanted, allowed)
    paces = {spec.name: spec.every * wanted[spec.name] / got[spec.name] for spec in sources}
    slow = [spec.name for spec in sources if got[spec.name] < wanted[spec.name]]
    each = "each is" if len(slow) == len(sources) > 1 else f"{_listed(slow)} is"
    least, most = (_number(end(paces[name] for name in slow)) for end in (min, max))
    every = f"{most} s" if least == most else f"{least} to {most} s"
    return f": too many, so {each} read about every {every}; raise every or requests_per_minute"


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"each of {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _requests(count: float) -> str:
    number = _number(count)
    return f"{number} request{'' if number == '1' else 's'}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
