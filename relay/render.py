"""A delivery as a message: what a person or a machine is told, whatever the destination."""

from collections.abc import Sequence
from typing import cast

from relay.model import Event, Message, Severity


def render(*, delivery: str, events: Sequence[Event], rule: str, relay: str, severity: str) -> Message:
    return Message(
        id=delivery,
        events=tuple(events),
        rule=rule,
        relay=relay,
        severity=cast("Severity", severity),
    )
