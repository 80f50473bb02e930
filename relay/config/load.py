import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from relay.addresses import endpoint, is_loopback
from relay.config import build
from relay.config.check import sound
from relay.config.environ import NotThere, Resolver, Unresolved, look_up, may_exist
from relay.config.findings import Findings, Keys, did_you_mean, where
from relay.config.read import parse, read
from relay.config.renamed import old_names
from relay.config.tables import RelayTable
from relay.config.warn import warn
from relay.destinations import Options
from relay.destinations.dialler import FORBIDDEN, Dialler
from relay.destinations.port import GIVE_UP_AFTER
from relay.errors import ConfigError
from relay.model import Secret
from relay.render.units import many
from relay.rules import ALERTS, REPLAY, Router, Rule
from relay.sources import SourceSpec

SYSTEM = Path("/etc/relay/rules.toml")

_SECTIONS = ("relay", "llamacloud", "sources", "destinations", "rules")


@dataclass(frozen=True, kw_only=True)
class Config:
    path: Path
    relay: str  # its name
    database: Path
    listen: tuple[str, int] | None
    token: Secret | None
    heartbeat_url: Secret | None
    retention: float  # seconds
    timezone: ZoneInfo
    sources: tuple[SourceSpec, ...]
    destinations: Mapping[str, Options]
    router: Router
    alerts_to: str | None
    rules: tuple[Rule, ...]
    renamed: Mapping[str, str]  # destinations with the names that they had
    renamed_rules: Mapping[str, str]  # likewise
    warnings: tuple[str, ...]  # lines of the same shape as mistakes

    def counted(self) -> str:
        """`6 sources, 1 destination, 2 rules`."""
        sources, destinations = many(len(self.sources), "source"), many(len(self.destinations), "destination")
        return f"{sources}, {destinations}, {many(len(self.rules), 'rule')}"

    @property
    def rule_names(self) -> frozenset[str]:
        """Those whose deliveries are sent, relay's own among them."""
        own = {REPLAY.name} | ({ALERTS.name} if self.alerts_to is not None else set())
        return frozenset({rule.name for rule in self.rules} | own)

    def give_up_after(self, destination: str) -> float:
        """Seconds for which a delivery is tried; where its destination is not in the file, as by default."""
        options = self.destinations.get(destination)
        return GIVE_UP_AFTER if options is None else options.give_up_after

    def secrets(self) -> list[Secret]:
        of_sources = [secret for spec in self.sources for secret in (spec.api_key, spec.signing_secret)]
        own = [secret for secret in (self.token, self.heartbeat_url, *of_sources) if secret]
        return own + [secret for options in self.destinations.values() for secret in options.secrets()]


def find(option: str | None, *, environ: Mapping[str, str], cwd: Path, system: Path = SYSTEM) -> Path:
    """The file to use. Raises ConfigError that names the places looked at."""
    for given, by in ((option, "--config"), (environ.get("RELAY_CONFIG") or None, "$RELAY_CONFIG")):
        if given is not None:
            return _given(cwd / given, by)
    places = (cwd / "rules.toml", system)
    for path in places:
        if may_exist(path):
            return path
    looked = " nor ".join(map(str, places))
    raise ConfigError(
        [f"no configuration: there is neither {looked}: write one, or name one by --config or $RELAY_CONFIG"]
    )


def _given(path: Path, by: str) -> Path:
    if may_exist(path):
        return path
    raise ConfigError(
        [f"no configuration: there is no {path}, which {by} names: correct it, or write the file"]
    )


def load(path: Path, *, environ: Mapping[str, str], secrets: bool, host: str | None = None) -> Config:
    """Raises ConfigError with all mistakes at once.

    `secrets` false resolves no `$NAME` but that of the database, where it is set, and checks none of them;
    such a configuration knows which sources, destinations and rules there are, and can't reach any.
    `host`: relay's name where the file gives none; default this machine's.
    """
    content = read(path)
    resolver = Resolver(environ, secrets=secrets)
    document = resolver.resolve(parse(path, content))
    findings = resolver.findings
    relay = _relay(document, path, findings)
    sources = build.sources(document, findings)
    folder, listen = path.parent if secrets else None, relay.listen if relay else None
    destinations = build.destinations(document, findings, folder=folder, listen=listen)
    renamed = {what: _old_names(what, document, findings) for what in ("destinations", "rules")}
    rules, router = build.rules(document, findings)
    build.refuse_groups(rules, destinations, findings)
    if findings.mistakes or relay is None:
        raise ConfigError(_told(findings.mistakes, path, content))
    warn(document, sources, destinations, rules, findings)
    return Config(
        path=path,
        relay=relay.name or host or socket.gethostname(),
        database=path.parent / _database(document, relay, environ),
        listen=relay.listen,
        token=relay.token,
        heartbeat_url=relay.heartbeat_url,
        retention=relay.retention,
        timezone=relay.timezone,
        sources=sources,
        destinations=destinations,
        router=router,
        alerts_to=relay.alerts_to,
        rules=rules,
        renamed=renamed["destinations"],
        renamed_rules=renamed["rules"],
        warnings=tuple(_told(findings.warnings, path, content)),
    )


def _old_names(what: str, document: Mapping[str, Any], findings: Findings) -> Mapping[str, str]:
    return old_names(what, dict(build.named(document, what, Findings())), findings)


def refuse_changes(running: Config, written: Config) -> None:
    """Raises ConfigError where a relay that runs can't become what is written now."""
    text = "can't change while relay runs: restart it, or set it back"
    kept = ("database", "listen", "token")
    changed = [(("relay", key), text) for key in kept if getattr(running, key) != getattr(written, key)]
    if changed:
        raise ConfigError(_told(changed, written.path, read(written.path)))


def _relay(document: Mapping[str, Any], path: Path, findings: Findings) -> RelayTable | None:
    for key in document:
        if key not in _SECTIONS:
            findings.mistake((key,), f"there is no such table: {did_you_mean(key, _SECTIONS)}")
    relay = sound(RelayTable, build.section(document, "relay", findings), ("relay",), findings)
    if relay is None:
        return None
    if relay.alerts_to is not None:
        build.refuse_dangling(relay.alerts_to, ("relay", "alerts_to"), document, findings)
    if os.path.isdir(path.parent / relay.database):  # noqa: PTH112 - no error for a long name
        findings.mistake(("relay", "database"), 'is a directory: name a file in it, such as "relay.db"')
    _refuse_open(relay, findings)
    _refuse_heartbeat(relay, findings)
    return relay


def _refuse_open(relay: RelayTable, findings: Findings) -> None:
    if relay.listen is not None and relay.token is None and not is_loopback(relay.listen[0]):
        findings.mistake(
            ("relay", "listen"),
            "must be a loopback address such as 127.0.0.1 while there is no token, or anybody on the network "
            "could read all: set token too",
        )


def _refuse_heartbeat(relay: RelayTable, findings: Findings) -> None:
    if relay.heartbeat_url is None or isinstance(relay.heartbeat_url, Unresolved):
        return
    if why := Dialler(own=relay.listen).mistake(*endpoint(relay.heartbeat_url.reveal())):
        text = f"is a {FORBIDDEN} ({why}), which relay never dials: set another"
        findings.mistake(("relay", "heartbeat_url"), text)


def _database(document: Mapping[str, Any], relay: RelayTable, environ: Mapping[str, str]) -> str:
    """A command in a bare shell must not take another database for the one that is meant."""
    meant = document.get("relay", {}).get("database")
    if not isinstance(meant, Unresolved):
        return relay.database
    name = meant.reveal()
    try:
        return look_up(name.removeprefix("$"), environ)
    except NotThere:
        return name


def _told(said: Sequence[tuple[Keys, str]], path: Path, content: bytes) -> list[str]:
    if not said:
        return []
    from relay.config.lines import line_of, lines_of  # noqa: PLC0415 - only worth its time where there is something

    lines = lines_of(content)
    placed = [(line_of(lines, keys), where(keys), text) for keys, text in said]
    return [f"{path.name}:{line}: {place}: {_one_line(text)}" for line, place, text in sorted(placed)]


def _one_line(text: str) -> str:
    """What a message quotes from the file may hold anything."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
