"""Destinations: each is one file and one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from relay.destinations.dialler import Dialler, Resolver
from relay.destinations.port import Destination, Duration, Options, Receipt, SecretText
from relay.destinations.webhook import Webhook, WebhookOptions

__all__ = [
    "TYPES",
    "Destination",
    "Dialler",
    "Duration",
    "Options",
    "Receipt",
    "Resolver",
    "SecretText",
    "Type",
]


@dataclass(frozen=True)
class Type:
    """`make(options, session=…, clock=…)` builds the destination; it owns neither session nor clock."""

    options: type[Options]
    make: Callable[..., Destination]


TYPES: Mapping[str, Type] = MappingProxyType({"webhook": Type(WebhookOptions, Webhook)})
