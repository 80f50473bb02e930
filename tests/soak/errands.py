"""What a seed stands for, where relay sends: accounts, rules, receivers, and what befalls them."""

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from random import Random

from relay.simulator import Scenario
from tests.soak.worlds import FAULTS, HOUR, LAGS, _stream

TYPES = ("*", "*.failed", "*.completed", "parse.*", "split.*", "*.running", "*.down", "*.up", "delivery.dead")

RELAY = """
[relay]
name = "soak"
database = "relay.db"
listen = "off"
{alerts}
[llamacloud]
api_key = "llx-one"
base_url = "http://api.test"
every = "{every}s"
requests_per_minute = 600
"""

KILLED_EVERY = ((5.0, 30.0), (5.0, 30.0), (30.0, 200.0), (200.0, 2 * HOUR))

BATCHES, BOTS = 0.5, 0.3
"""Of the worlds: have batches; of the destinations: are a bot's in Slack, whatever else they were."""

OPTIONS = {
    "webhook": 'url = "http://{name}.test/hook"',
    "slack": 'url = "https://hooks.slack.com/services/T/B/{name}"',
    "bot": 'token = "xoxb-{name}"\nchannel = "#{name}"',
    "email": 'server = "smtp+plain://{name}.test:25"\nfrom = "relay@soak.test"\nto = ["ops@soak.test"]',
}

TYPE_OF = {"bot": "slack"}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A rule, as far as it says who hears of what."""

    name: str
    on: tuple[str, ...]
    to: tuple[str, ...]
    status: str | None
    stop: bool
    settle: int | None
    grouped: str  # a line of the rule, or none

    def toml(self) -> str:
        lines = [f"[rules.{self.name}]", f"on = {list(self.on)}", f"to = {list(self.to)}"]
        lines += [f'match = {{ status = "{self.status}" }}'] if self.status else []
        lines += ["stop = true"] if self.stop else []
        lines += [f'settle = "{self.settle}s"'] if self.settle is not None else []
        return "\n".join([*lines, self.grouped, ""]).replace("'", '"')

    def takes(self, event_type: str, status: str | None) -> bool:
        heard = any(fnmatchcase(event_type, glob) for glob in self.on)
        return heard and self.status in {None, status}


@dataclass(frozen=True, kw_only=True)
class Place:
    name: str
    type: str
    timeout: int
    concurrency: int
    rate: str | None
    give_up_after: int  # hours

    def toml(self) -> str:
        lines = [
            f"[destinations.{self.name}]",
            f'type = "{TYPE_OF.get(self.type, self.type)}"',
            OPTIONS[self.type].format(name=self.name),
        ]
        lines += [f'timeout = "{self.timeout}s"', f"concurrency = {self.concurrency}"]
        lines += [f'give_up_after = "{self.give_up_after}h"']
        return "\n".join([*lines, f'rate = "{self.rate}"' if self.rate else "", ""])


@dataclass(frozen=True, kw_only=True)
class Written:
    """A configuration."""

    kinds: tuple[str, ...]
    every: int
    places: tuple[Place, ...]
    rules: tuple[Sent, ...]
    alerts_to: str | None

    def toml(self) -> str:
        alerts = f'alerts_to = "{self.alerts_to}"' if self.alerts_to else ""
        text = RELAY.format(alerts=alerts, every=self.every) + "".join(
            f"[sources.{kind}]\n" for kind in self.kinds
        )
        return text + "".join(part.toml() for part in (*self.places, *self.rules))

    def wanted(self, event_type: str, data: dict) -> frozenset[tuple[str, str]]:
        """Who hears of an event, and by which rule."""
        own = event_type.split(".", maxsplit=1)[0] in {"destination", "delivery"}
        silent = data["name"] if own else None
        sends: dict[str, str] = {}
        for rule in self.rules:
            if rule.takes(event_type, data["status"]):
                for place in rule.to:
                    sends.setdefault(place, rule.name)
                if rule.stop:
                    break
        sends.pop(silent, None)
        if (
            not sends
            and event_type.endswith((".down", "delivery.dead"))
            and self.alerts_to not in {None, silent}
        ):
            sends = {self.alerts_to: "alerts_to"}
        return frozenset(sends.items())


@dataclass(frozen=True, kw_only=True)
class Errand:
    """`hours` of trouble, and then so many in which all is well. Means in seconds; 0: never."""

    name: str
    hours: float
    calm: float
    scenario: Scenario
    configs: tuple[Written, Written]  # the first is that of the beginning and the end
    moody: frozenset[str]
    killed_every: float
    reloaded_every: float
    full_every: float
    jumps_every: float
    jump: float
    moods_every: float


def an_errand(name: str) -> Errand:
    chance, alive = Random(f"errand {name}"), Random(f"errand {name}, what lives")
    kinds = tuple(chance.sample(("parse", "split", "classify", "extract"), chance.randint(1, 2)))
    every = chance.choice((30, 60, 120, 300))
    hours = round(chance.uniform(2, 6) if every < 120 else chance.uniform(6, 14), 1)
    places = tuple(_living(alive, _place(chance, n)) for n in range(chance.randint(2, 4)))
    batches = ("batch",) if alive.random() < BATCHES else ()
    config = Written(
        kinds=kinds + batches,
        every=every,
        places=places,
        rules=_rules(chance, [place.name for place in places]),
        alerts_to=chance.choice((None, places[0].name)),
    )
    return Errand(
        name=name,
        hours=hours,
        calm=max(place.give_up_after for place in places) + 2,
        scenario=_with_batches(alive, _scenario(chance, kinds, every), batches, every),
        configs=(config, _other(chance, config)),
        moody=frozenset(place.name for place in places if chance.random() < 0.3),
        killed_every=chance.choice((0.0, *(chance.uniform(*span) for span in KILLED_EVERY))),
        reloaded_every=chance.choice((0.0, HOUR)),
        full_every=chance.choice((0.0, HOUR)),
        jumps_every=chance.choice((0.0, 0.0, HOUR)),
        jump=chance.choice((2.0, 300.0, HOUR)),
        moods_every=chance.uniform(200.0, HOUR),
    )


def _place(chance: Random, n: int) -> Place:
    kind = chance.choice(("webhook", "webhook", "webhook", "slack", "email"))
    return Place(
        name=f"d{n}",
        type=kind,
        timeout=chance.choice((5, 15)),
        concurrency=1 if kind == "slack" else chance.choice((1, 3, 10)),
        rate=chance.choice((None, None, None, "1/s", "30/m")),
        give_up_after=chance.choice((1, 3, 8)),
    )


def _living(chance: Random, place: Place) -> Place:
    """Some are a bot's, whose messages live."""
    return replace(place, type="bot", concurrency=1) if chance.random() < BOTS else place


def _rules(chance: Random, places: list[str]) -> tuple[Sent, ...]:
    return tuple(
        Sent(
            name=f"r{n}",
            on=tuple(chance.sample(TYPES, chance.randint(1, 2))) if n else ("*",),
            to=tuple(chance.sample(places, chance.randint(1, len(places)))),
            status=chance.choice((None, None, None, "FAILED", "COMPLETED")) if n else None,
            stop=chance.random() < 0.15,
            settle=chance.choice((None, None, 30, 300)),
            grouped=chance.choice(
                ("", "group_by = false", "group_by = []", 'group_by = ["source", "status"]')
            ),
        )
        for n in reversed(range(chance.randint(1, 4)))
    )


def _other(chance: Random, config: Written) -> Written:
    """After a reload: a destination less, or other options, or other rules."""
    way = chance.randint(0, 2)
    names = [place.name for place in config.places]
    if way == 0 and len(names) > 1 and config.alerts_to is None:
        rules = [
            replace(rule, to=tuple(name for name in rule.to if name != names[-1])) for rule in config.rules
        ]
        return replace(config, places=config.places[:-1], rules=tuple(rule for rule in rules if rule.to))
    if way == 1:
        return replace(config, places=(replace(config.places[0], timeout=10), *config.places[1:]))
    return replace(config, rules=_rules(chance, names))


def _scenario(chance: Random, kinds: tuple[str, ...], every: float) -> Scenario:
    lag, lag_share = chance.choice(LAGS)
    rate = chance.uniform(5, 40) / len(kinds) / HOUR
    faults = chance.sample(FAULTS, 3)
    share = chance.choice((0.0, 0.03))
    return Scenario(
        streams={kind: _stream(chance, kind, rate, every, lag, lag_share, small=False) for kind in kinds},
        faults=dict.fromkeys(faults, share / len(faults)),
        slow=2.0,
    )


def _with_batches(chance: Random, scenario: Scenario, kinds: tuple[str, ...], every: float) -> Scenario:
    """Some have no results, and are not known by them."""
    rate = chance.uniform(1, 6) / HOUR
    streams = {
        kind: replace(
            _stream(chance, kind, rate, every, 0.0, 1.0, small=False),
            files=(1, 6),
            no_results=chance.choice((0.0, 0.05)),
        )
        for kind in kinds
    }
    return replace(scenario, streams={**scenario.streams, **streams})
