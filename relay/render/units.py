"""Numbers, durations, sizes and times as people write them. Pure functions, English whatever the locale."""

import math
from datetime import UTC, datetime, tzinfo

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONGEST_TIME = 64
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_SIZES = ("kB", "MB", "GB", "TB", "PB")
_MOST = 1e15


def duration(seconds: float) -> str:
    """`0.4 s`, `45 s`, `2 m 13 s`, `3 h 5 m`, `4 d 6 h`. Raises ValueError for a negative one."""
    if not 0 <= seconds < _MOST:
        raise ValueError("is no duration: it must be a number of seconds, from 0")
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    at = next(index for index, (_, size) in enumerate(_UNITS) if whole >= size)
    parts = []
    for unit, size in _UNITS[at : at + 2]:
        count, whole = divmod(whole, size)
        parts.append(f"{count} {unit}" if count else "")
    return " ".join(filter(None, parts))


def size(count: float) -> str:
    """Bytes as `1 byte`, `812 bytes`, `1.2 MB`, by thousands. Raises ValueError for none."""
    if not 0 <= count < _MOST:
        raise ValueError("is no size: it must be a number of bytes, from 0")
    if round(count) < 1000:
        return many(round(count), "byte")
    value, at = count / 1000, 0
    while value >= 999.5 and at < len(_SIZES) - 1:
        value, at = value / 1000, at + 1
    return f"{value:.0f} {_SIZES[at]}" if value >= 9.95 else f"{value:.1f} {_SIZES[at]}".replace(".0 ", " ")


def number(count: float) -> str:
    """`10,000`, `0.5`. Raises ValueError for what is no number."""
    if not math.isfinite(count):
        raise ValueError("is no number")
    return f"{count:,}" if isinstance(count, int) else f"{count:,.3f}".rstrip("0").rstrip(".")


def many(count: int, one: str, more: str | None = None) -> str:
    """`1 failure`, `10,000 failures`."""
    return f"{number(count)} {one if count == 1 else more or one + 's'}"


def moment_of(text: str, zone: tzinfo) -> datetime | None:
    """The time that an ISO-8601 text says, as it is there; naive is taken as UTC. None for nonsense."""
    if len(text) > _LONGEST_TIME:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)
    except (ValueError, OverflowError):
        return None


def seconds_at(text: str) -> float | None:
    """Seconds since 1970; None for nonsense."""
    moment = moment_of(text, UTC)
    return None if moment is None else moment.timestamp()


def time(moment: datetime) -> str:
    """`22 Nov 2026, 10:15:30 CET`."""
    return f"{_day(moment)}, {_clock(moment)} {_zone(moment)}"


def span(first: datetime, last: datetime) -> str:
    """From when to when, naming a day or a zone twice only where they are two."""
    if last < first:
        first, last = last, first
    same_zone = _zone(first) == _zone(last)
    if same_zone and _day(first) == _day(last):
        if _clock(first) == _clock(last):
            return time(last)
        return f"{_day(first)}, {_clock(first)} – {_clock(last)} {_zone(last)}"
    begin = f"{_day(first)}, {_clock(first)}" if same_zone else time(first)
    return f"{begin} – {time(last)}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"


def _zone(moment: datetime) -> str:
    """Zones without a name of their own are called by their offset."""
    name = moment.tzname() or ""
    return f"UTC{name}" if name[:1] in {"+", "-"} else name
