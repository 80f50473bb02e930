"""What a destination is: options from the configuration, and one method."""

from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from relay.addresses import Network, parse_network
from relay.model import Message, Secret, parse_duration


def _seconds(value: Any) -> float:
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError('is not a duration: write it as "30s", "5m", "2h" or "7d"')


def _secret(value: Any) -> Secret:
    """A Secret passes as it is: it stands for a `$NAME` that this command does not resolve."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and value:
        return Secret(value)
    raise ValueError("must be a text that is not empty")


def _network(value: Any) -> Network:
    if isinstance(value, str):
        return parse_network(value)
    raise ValueError('must be a network in quotes, such as "10.0.0.0/8"')


Duration = Annotated[float, BeforeValidator(_seconds)]
SecretText = Annotated[Secret, BeforeValidator(_secret)]


class Options(BaseModel):
    """What every destination's table in `rules.toml` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    type: str
    timeout: Annotated[Duration, Field(ge=1, le=300, validate_default=False)] = 15.0
    concurrency: Annotated[int, Field(ge=1, le=1000, strict=True)] = 10
    give_up_after: Annotated[Duration, Field(ge=0, validate_default=False)] = 3 * 86400.0
    deny: Annotated[tuple[Annotated[Network, PlainValidator(_network)], ...], Field(max_length=1000)] = ()

    def dials(self) -> list[tuple[str, str, int]]:
        """Key, host and port of each place that the configuration names."""
        return []

    def warnings(self) -> list[tuple[str, str]]:
        """Pairs of a key and what a careful person would want to know of it."""
        return []


@dataclass(frozen=True)
class Receipt:
    """What a receiver answered to a message it took; `answer` at most 4 kB."""

    status: int | None = None
    answer: str = ""


class Destination(Protocol):
    async def send(self, message: Message) -> Receipt:
        """Return when the receiver took the message. Raises DeliveryFailed; never retries by itself.

        The caller bounds the whole attempt in time and may cancel it at any point.
        """
        ...
