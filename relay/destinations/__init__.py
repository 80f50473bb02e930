"""Destinations: each is one file and one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from relay.destinations.email import Email, EmailOptions
from relay.destinations.port import Destination, Duration, Options, Receipt, SecretText
from relay.destinations.webhook import Webhook, WebhookOptions

__all__ = ["TYPES", "Destination", "Duration", "Options", "Receipt", "SecretText", "Type"]


@dataclass(frozen=True)
class Type:
    """`make(options, session=…, clock=…)` builds the destination; it owns neither session nor clock.

    `for_people`: its messages have a text, and come in groups where a rule says nothing else.
    `takes_tables`: it wants the events of a large group as rows.
    """

    options: type[Options]
    make: Callable[..., Destination]
    for_people: bool = False
    takes_tables: bool = False


TYPES: Mapping[str, Type] = MappingProxyType(
    {
        "email": Type(EmailOptions, Email, for_people=True, takes_tables=True),
        "webhook": Type(WebhookOptions, Webhook),
    }
)
