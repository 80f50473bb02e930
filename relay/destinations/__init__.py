"""Destinations: each is one file and one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from relay.destinations.dialler import Dialler, Resolver
from relay.destinations.email import Email, EmailOptions
from relay.destinations.port import Clash, Destination, Duration, Options, Receipt, SecretText
from relay.destinations.reach import Reach, Reaches, reaching, session
from relay.destinations.slack import FLAVOUR, Slack, SlackOptions
from relay.destinations.webhook import Webhook, WebhookOptions
from relay.message import PLAIN, Flavour
from relay.model import Clock

__all__ = [
    "TYPES",
    "Clash",
    "Destination",
    "Dialler",
    "Duration",
    "Options",
    "Reach",
    "Reaches",
    "Receipt",
    "Resolver",
    "SecretText",
    "Type",
    "reaching",
    "session",
]


@dataclass(frozen=True)
class Type:
    """`make(options, session=…, clock=…)` builds the destination; it owns neither session nor clock. What
    does not speak HTTP has a `dialler` in place of the session.

    `for_people`: its messages have a text, and come in groups where a rule says nothing else.
    `takes_tables`: it wants the events of a large group as rows. `flavour`: how it takes what templates say.
    """

    options: type[Options]
    make: Callable[..., Destination]
    for_people: bool = False
    takes_tables: bool = False
    over_http: bool = True
    flavour: Flavour = PLAIN

    def made(self, options: Options, reach: Reach, clock: Clock) -> Destination:
        if self.over_http:
            return self.make(options, session=reach.session, clock=clock)
        return self.make(options, dialler=reach.dialler, clock=clock)


TYPES: Mapping[str, Type] = MappingProxyType(
    {
        "email": Type(EmailOptions, Email, for_people=True, takes_tables=True, over_http=False),
        "slack": Type(SlackOptions, Slack, for_people=True, flavour=FLAVOUR),
        "webhook": Type(WebhookOptions, Webhook),
    }
)
