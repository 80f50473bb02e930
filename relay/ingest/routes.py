"""Who hears of an event: by the rules, and of relay's own troubles where no rule says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from relay.model import TROUBLES, Event, utc_text
from relay.rules import ALERTS, Router, Rule
from relay.store import Group, NewDelivery, NewEvent


def _takes_all(_type: str, _kind: str | None) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What routing has to know of a destination. `grouped`: where a rule does not say how its events go
    there, they go together. `takes`: whether it can say anything of events of this type and kind.
    """

    give_up_after: float
    grouped: bool = False
    takes: Callable[[str, str | None], bool] = _takes_all


@dataclass(frozen=True, kw_only=True)
class Routes:
    relay: str
    router: Router
    destinations: Mapping[str, Terms]
    new_id: Callable[[str], str]
    alerts_to: str | None = None

    @property
    def longest_settle(self) -> float:
        return self.router.longest_settle

    def routed(
        self, listed: Event, kept: Event, *, job_id: str, nth: int, now: float, but: str | None = None
    ) -> NewEvent:
        routing = self.router.route(listed)
        sends = [send for send in routing.sends if send[0] != but and self._takes(send[0], listed)]
        if not sends and listed.type in TROUBLES and self.alerts_to not in {None, but}:
            sends = [(str(self.alerts_to), ALERTS, "{}")]
        wanted: dict[str, list[str]] = {rule: [] for rule in routing.matched}
        for destination, rule, _ in sends:
            wanted.setdefault(rule.name, []).append(destination)
        return NewEvent(
            event=kept,
            job_id=job_id,
            nth=nth,
            rules=wanted,
            deliveries=tuple(self.delivery(kept, to, rule, key, now) for to, rule, key in sends),
        )

    def _takes(self, destination: str, event: Event) -> bool:
        return self.destinations[destination].takes(event.type, event.data.kind)

    def may_send(self, destination: str, event: Event) -> bool:
        """Whether it is there, can say this, and this is no news of itself."""
        itself = event.is_own and event.data.source is None and event.data.name == destination
        return destination in self.destinations and self._takes(destination, event) and not itself

    def delivery(self, event: Event, destination: str, rule: Rule, key: str, now: float) -> NewDelivery:
        terms = self.destinations[destination]
        grouped = rule.gathers(by_default=terms.grouped)
        return NewDelivery(
            id=self.new_id("msg"),
            destination=destination,
            rule=rule.name,
            relay=self.relay,
            severity=rule.severity or event.data.severity,
            due_at=utc_text(now),
            give_up_at=utc_text(now + (rule.settle or 0.0) + terms.give_up_after),
            group=Group(key=key, wait=rule.group_wait, interval=rule.group_interval) if grouped else None,
            settle_until=None if rule.settle is None else utc_text(now + rule.settle),
        )


class LatestRoutes:
    """What is routed goes by the routes of that moment: a reload sets others."""

    def __init__(self, latest: Routes) -> None:
        self.latest = latest

    @property
    def longest_settle(self) -> float:
        return self.latest.longest_settle

    def routed(
        self, listed: Event, kept: Event, *, job_id: str, nth: int, now: float, but: str | None = None
    ) -> NewEvent:
        """As the routes have it, wholly of before a change or of after."""
        return self.latest.routed(listed, kept, job_id=job_id, nth=nth, now=now, but=but)
