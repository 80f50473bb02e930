"""Events of the store that are owed once more, or owed after all since a rule came later."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from relay.ingest.routes import Routes
from relay.rules import REPLAY, Router, Rule
from relay.store import NewDelivery, Replay, Stored

Owed = Callable[[Stored, float], Sequence[Replay]]
"""What an event is owed now, in seconds since 1970."""


@dataclass(frozen=True, kw_only=True)
class Again:
    """Each event once more, by itself: to `to`, or where that is empty to whom its rules sent it."""

    routes: Routes
    rules: Sequence[Rule]
    to: Sequence[str] = ()

    def __call__(self, stored: Stored, now: float) -> Sequence[Replay]:
        return [_replay(stored, delivery) for delivery in self._deliveries(stored, now)]

    def _deliveries(self, stored: Stored, now: float) -> Iterator[NewDelivery]:
        named = {destination: rule for rule, tos in stored.rules.items() for destination in tos}
        for destination in self.to or named:
            if self.routes.may_send(destination, stored.event):
                rule = self._rule(named.get(destination), *stored.rules)
                owed = self.routes.delivery(stored.event, destination, replace(rule, group_by=False), "", now)
                yield replace(owed, replay=True, settle_until=None)

    def _rule(self, *names: str | None) -> Rule:
        """The first of these that the configuration has."""
        known = {rule.name: rule for rule in self.rules}
        return next((known[name] for name in names if name in known), REPLAY)


@dataclass(frozen=True, kw_only=True)
class Missed:
    """What a rule would have sent, to those of its destinations that have nothing of the event: in groups,
    and after its time to settle, as it says.
    """

    routes: Routes
    rule: Rule

    @cached_property
    def _alone(self) -> Router:
        return Router((self.rule,))

    def __call__(self, stored: Stored, now: float) -> Sequence[Replay]:
        event = stored.event
        if self.rule.name not in self.routes.router.route(event).matched:
            return ()
        return [
            _replay(stored, self.routes.delivery(event, destination, rule, key, now))
            for destination, rule, key in self._alone.route(event).sends
            if destination not in stored.had and self.routes.may_send(destination, event)
        ]


def _replay(stored: Stored, delivery: NewDelivery) -> Replay:
    return Replay(event=stored.seq, source=stored.source, job_id=stored.job_id, delivery=delivery)
