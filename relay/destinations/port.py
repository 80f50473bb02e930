"""What a destination is: options from the configuration, and one method to send by."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationInfo

from relay.addresses import Network, parse_network
from relay.message import Message
from relay.model import Secret, parse_duration

GIVE_UP_AFTER = 3 * 86400.0
"""Seconds for which deliveries are tried where the configuration does not say."""


def _seconds(value: Any) -> float:
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError('is not a duration: write it as "30s", "5m", "2h" or "7d"')


_RATE = re.compile(r"([1-9][0-9]{0,5})/([smh])")
_PER = {"s": 1.0, "m": 60.0, "h": 3600.0}


def parse_rate(value: Any) -> float:
    """Seconds between two sends of a rate such as `"50/s"`."""
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('is not a rate: write it as "50/s" or "30/m"')
    return _PER[found[2]] / int(found[1])


def _secret(value: Any) -> Secret:
    """A Secret passes as it is: it stands for a `$NAME` that this command does not resolve."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and value:
        return Secret(value)
    raise ValueError("must be a text that is not empty")


def _path(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError('must be the path of a file, such as "ca.pem"')
    return Path((info.context or {}).get("folder") or "", value)


def _network(value: Any) -> Network:
    if isinstance(value, str):
        return parse_network(value)
    raise ValueError('must be a network in quotes, such as "10.0.0.0/8"')


class Clash(ValueError):  # noqa: N818 - it is a mistake of the configuration
    """These keys do not go together, or need another."""

    def __init__(self, text: str, *keys: str) -> None:
        super().__init__(text)
        self.keys = frozenset(keys)


Duration = Annotated[float, BeforeValidator(_seconds)]
Rate = Annotated[float, BeforeValidator(parse_rate)]
SecretText = Annotated[Secret, BeforeValidator(_secret)]
FilePath = Annotated[Path, BeforeValidator(_path)]
"""A relative one starts at `folder` of the validation's context. Whether the file is there is not asked."""


def _secrets(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        yield from _secrets(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _secrets(item)


class Options(BaseModel):
    """What every destination's table in `rules.toml` may hold; `rate` as seconds between two sends."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    type: str
    timeout: Annotated[Duration, Field(ge=1, le=300, validate_default=False)] = 15.0
    concurrency: Annotated[int, Field(ge=1, le=1000, strict=True)] = 10
    rate: Annotated[Rate | None, Field(validate_default=False)] = None
    give_up_after: Annotated[Duration, Field(ge=0, validate_default=False)] = GIVE_UP_AFTER
    deny: Annotated[tuple[Annotated[Network, PlainValidator(_network)], ...], Field(max_length=1000)] = ()

    def secrets(self) -> list[Secret]:
        """All that it holds, so that no answer's repeating one is kept."""
        return list(_secrets(tuple(vars(self).values())))

    def dials(self) -> list[tuple[str, str, int]]:
        """Key, host and port of each place that the configuration names."""
        return []

    def places(self) -> list[tuple[str, str]]:
        """Key of each place where a message arrives, and what makes it that place, which may be a secret."""
        return []

    @property
    def is_living(self) -> bool:
        """Whether a message is brought up to date in place: then what a receipt says of its place is kept."""
        return False

    def gathered(self, message: Message, *, now: float) -> Message:  # noqa: ARG002 - most keep nothing current
        """For before it is put into words: with what the message told that it brings up to date."""
        return message

    def begun_by(self, place: str | None) -> str | None:  # noqa: ARG002 - most keep nothing current
        """The delivery with which the message in this place began; None where that is not known."""
        return None

    def preview(self, message: Message, *, now: float) -> str:  # noqa: ARG002 - few say when
        """What would be sent, for a terminal: as people would read it, or as machines would get it."""
        return message.text.title

    @property
    def can_group(self) -> bool:
        """Whether a message may be of several events: if not, no rule may group what goes here."""
        return True

    def takes(self, event_type: str, kind: str | None) -> bool:  # noqa: ARG002 - most take all
        """Whether an event of this type, from a source of this kind, can be said here; else none is sent."""
        return True

    def mistakes(self) -> list[tuple[str, str]]:
        """Pairs of a key and what is wrong with the file that it names; reads them, as `make` will."""
        return []

    def warnings(self) -> list[tuple[str, str]]:
        """Pairs of a key and what a careful person would want to know of it."""
        return []


@dataclass(frozen=True)
class Receipt:
    """What a receiver answered to a message it took; `answer` at most 4 kB.

    `place`: where the message now stands, in the destination's own words, for who brings it up to date. `to`:
    who has it, and who was refused, in words; "" where the configuration names nobody.
    """

    status: int | None = None
    answer: str = ""
    place: str | None = None
    to: str = ""


class Destination(Protocol):
    async def send(self, message: Message) -> Receipt:
        """Return when the receiver took the message. Raises DeliveryFailed; never retries by itself.

        The caller bounds the whole attempt in time and may cancel it at any point.
        """
        ...

    async def close(self) -> None:
        """Let go of what is its own; it may be sent to again."""
        ...
