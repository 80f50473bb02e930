"""What is allowed, and yet hardly meant."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from relay.addresses import is_loopback
from relay.config.findings import Findings, Keys, did_you_mean
from relay.config.never import can_match
from relay.destinations import Options
from relay.model import OPEN_STATUSES, TERMINAL_STATUSES, TROUBLES
from relay.rules import Rule
from relay.rules.globs import glob, is_exact
from relay.sources import SourceSpec

OWN_TYPES = (*TROUBLES, "source.up", "destination.up")

SHORT_TOKEN = 16

_NAMED = 3

_WORDS = (*(status.lower() for status in OPEN_STATUSES), *sorted(map(str.lower, TERMINAL_STATUSES)))


def event_types(specs: Sequence[SourceSpec]) -> list[str]:
    """The types that these sources, and relay itself, are known to make."""
    products = sorted({spec.kind.product for spec in specs})
    types = [f"{product}.{word}" for product in products for word in (*_WORDS, "stuck", "vanished")]
    return [*types, *(["batch.finished"] if "batch" in products else []), *OWN_TYPES]


def warn(
    document: Mapping[str, Any],
    specs: Sequence[SourceSpec],
    destinations: Mapping[str, Options],
    rules: Sequence[Rule],
    findings: Findings,
) -> None:
    types = event_types(specs)
    _of_plain_http(document, findings)
    _of_a_short_token(document, findings)
    _of_silence(specs, destinations, rules, findings, alerts="alerts_to" in document.get("relay", {}))
    _of_the_same_place(destinations, rules, types, findings)
    _of_its_own_silence(document, destinations, findings)
    taken: set[str] = set()
    for rule in rules:
        heard = {type_ for type_ in types if _hears(rule, type_)}
        _of_deaf_globs(rule, types, findings)
        _of_sources(rule.match.get("source"), ("rules", rule.name, "match", "source"), specs, findings)
        _of_the_unsayable(rule, destinations, specs, findings)
        if heard and heard <= taken:
            text = "never sees an event: rules with stop above it take all that it asks for; move it up"
            findings.warning(("rules", rule.name), text)
        elif heard and not can_match(rule, specs, types):
            _of_the_impossible(rule, heard, specs, findings)
        table = document["rules"][rule.name]
        if rule.stop and not table.get("match") and not table.get("unless"):
            taken |= heard


def _hears(rule: Rule, event_type: str) -> bool:
    return any(glob(pattern, folded=True)(event_type) for pattern in rule.on)


def _of_plain_http(document: Mapping[str, Any], findings: Findings) -> None:
    places: list[tuple[Keys, Any]] = [(("llamacloud",), document.get("llamacloud"))]
    places += [(("sources", name), table) for name, table in document.get("sources", {}).items()]
    for path, table in places:
        url = table.get("base_url", "") if isinstance(table, dict) else ""
        if isinstance(url, str) and _is_plain(url):
            findings.warning(
                (*path, "base_url"), "is plain http: anybody on the way can read the key; use https"
            )


def _of_a_short_token(document: Mapping[str, Any], findings: Findings) -> None:
    token = document.get("relay", {}).get("token")
    if isinstance(token, str) and len(token) < SHORT_TOKEN:
        text = f"has less than {SHORT_TOKEN} characters, and may be guessed: make one by openssl rand -hex 24"
        findings.warning(("relay", "token"), text)


def _is_plain(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def _of_silence(
    specs: Sequence[SourceSpec],
    destinations: Mapping[str, Options],
    rules: Sequence[Rule],
    findings: Findings,
    *,
    alerts: bool,
) -> None:
    if not rules:
        findings.warning(
            ("rules",), "there is none, so nothing is ever sent: write one, such as [rules.failures]"
        )
        return
    for product in sorted({spec.kind.product for spec in specs}):
        if not any(_hears(rule, f"{product}.failed") for rule in rules):
            text = f'no rule hears {product}.failed: add it to the on of one, or "*.failed"'
            findings.warning(("rules",), text)
    told = [rule for rule in rules if any(_tells_troubles(destinations.get(name)) for name in rule.to)]
    unheard = [trouble for trouble in TROUBLES if not any(_hears(rule, trouble) for rule in told)]
    if unheard and not alerts:
        text = f"nobody hears of relay's own troubles ({', '.join(unheard)}): set alerts_to to a destination"
        findings.warning(("relay",), text)


def _of_its_own_silence(
    document: Mapping[str, Any], destinations: Mapping[str, Options], findings: Findings
) -> None:
    """No destination hears of its own troubles, and of anyone's only if its format has words for them."""
    if "alerts_to" not in document.get("relay", {}):
        return
    if not _tells_troubles(destinations.get(document["relay"]["alerts_to"])):
        text = "has no word for relay's own troubles, so nobody hears of them: name another destination"
        findings.warning(("relay", "alerts_to"), text)
    elif len(destinations) == 1:
        text = "is the only destination, so nobody hears when it is down itself: name another, such as a mail"
        findings.warning(("relay", "alerts_to"), text)


def _tells_troubles(options: Options | None) -> bool:
    return options is None or any(options.takes(trouble, None) for trouble in TROUBLES)


def _of_deaf_globs(rule: Rule, types: Sequence[str], findings: Findings) -> None:
    for index, pattern in enumerate(rule.on):
        matches = glob(pattern, folded=True)
        if not any(map(matches, types)) and not matches("relay.test"):
            path: Keys = ("rules", rule.name, "on", index)
            hint = "correct it, or leave it out" if path in findings.origins else _hint(pattern, types)
            findings.warning(path, f"{findings.shown(path, pattern)} fits no event of these sources: {hint}")


def _hint(pattern: str, types: Sequence[str]) -> str:
    """Types that look alike, or the way to find out."""
    hint = did_you_mean(pattern, types)
    return hint if hint.startswith("did") else "correct it, or leave it out"


def _of_the_impossible(rule: Rule, heard: set[str], specs: Sequence[SourceSpec], findings: Findings) -> None:
    text = "never sees an event: what its match asks for is never so of what its on hears; correct one"
    if not any(spec.stuck_after for spec in specs) and all(type_.endswith(".stuck") for type_ in heard):
        text = "never sees an event: no source has stuck_after; set it"
    said = ("rules", rule.name, "match", "source")
    if not any(path[: len(said)] == said for path, _ in findings.warnings):
        findings.warning(("rules", rule.name), text)


def _of_the_unsayable(
    rule: Rule, destinations: Mapping[str, Options], specs: Sequence[SourceSpec], findings: Findings
) -> None:
    heard = [(type_, kind) for type_, kind in _with_kinds(specs) if _hears(rule, type_)]
    for index, name in enumerate(rule.to):
        options = destinations.get(name)
        unsayable = [type_ for type_, kind in heard if options and not options.takes(type_, kind)]
        if unsayable:
            some = ", ".join(unsayable[:_NAMED])
            more = f" and {len(unsayable) - _NAMED} more" if len(unsayable) > _NAMED else ""
            way_out = "leave them out, or set another format"
            text = f"{name} has no word for {some}{more}, so none is sent there: {way_out}"
            findings.warning(("rules", rule.name, "to", index), text)


def _of_the_same_place(
    destinations: Mapping[str, Options], rules: Sequence[Rule], types: Sequence[str], findings: Findings
) -> None:
    """Two destinations by which one event arrives twice."""
    first: dict[tuple[str, str, str], str] = {}
    for name, options in destinations.items():
        for key, place in options.places():
            other = first.setdefault((options.type, key, place), name)
            if other != name and _both_hear(other, name, rules, types):
                text = (
                    f"is a place that {other} sends to as well: what rules send to both arrives there twice"
                )
                findings.warning(("destinations", name, key), f"{text}; name one of them in to")
                break


def _both_hear(one: str, other: str, rules: Sequence[Rule], types: Sequence[str]) -> bool:
    """Whether an event goes to both, as far as no condition of a rule keeps them apart."""
    return any(
        first is second
        or (_may_both_take(first, second) and any(_hears(second, t) for t in types if _hears(first, t)))
        for first in rules
        for second in rules
        if one in first.to and other in second.to
    )


def _may_both_take(first: Rule, second: Rule) -> bool:
    if first.stop or second.stop:
        return False
    terms = [(rule.match, rule.unless) for rule in (first, second)]
    return terms[0] == terms[1] or ({}, {}) in terms


def _with_kinds(specs: Sequence[SourceSpec]) -> Iterator[tuple[str, str | None]]:
    """The types that these sources are known to make, each with the kind of its source."""
    for kind in {spec.kind.name: spec.kind for spec in specs}.values():
        words = (*map(str.lower, kind.statuses), "stuck", "vanished")
        words += ("finished",) if kind.product == "batch" else ()
        yield from ((f"{kind.product}.{word}", kind.name) for word in words)
    yield from ((type_, None) for type_ in OWN_TYPES)


def _of_sources(wanted: Any, path: Keys, specs: Sequence[SourceSpec], findings: Findings) -> None:
    names = [spec.name for spec in specs]
    places = {path: wanted} if isinstance(wanted, str) else {}
    if isinstance(wanted, list):
        places = {(*path, index): name for index, name in enumerate(wanted)}
    for place, name in places.items():
        if isinstance(name, str) and is_exact(name) and name not in names:
            hint = "correct it" if place in findings.origins else did_you_mean(name, names)
            findings.warning(place, f"{findings.shown(place, name)} is no source: {hint}")
