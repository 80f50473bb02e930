"""A Slack destination's table in `rules.toml`."""

import re
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from relay.addresses import endpoint, is_loopback
from relay.destinations.checks import check_url
from relay.destinations.port import Clash, Options, SecretText, parse_rate
from relay.destinations.slack.blocks import laid_out
from relay.destinations.slack.living import gathered, place_of
from relay.destinations.slack.shown import shown
from relay.message import Message
from relay.model import Secret

API = "https://slack.com/api/"

_PACE, _BOTS_PACE = "1/s", "20/m"
"""Slack takes a message a second for a channel, and changes one no more often than each 3 s."""

_WAY_OUT = "set either url (of an incoming webhook), or token and channel (of a bot)"


def _https(value: Any) -> Any:
    """Plain http is for servers on this machine. What is a Secret already is not resolved."""
    if not isinstance(value, str):
        return value
    parts = urlsplit(check_url(value))
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https://")
    return value


def _token(token: Secret) -> Secret:
    if not re.fullmatch(r"[!-~]{1,1000}", token.reveal()):
        raise ValueError("is not a token: it has characters that none has")
    return token


def _channel(channel: str) -> str:
    if not re.fullmatch(r"#?[^\W_][\w-]{0,79}", channel):
        raise ValueError('is not a channel: write it as "#ops", or as its id such as "C0123456789"')
    return channel


class SlackOptions(Options):
    """`api_url`: for GovSlack and proxies; a bot posts there."""

    url: Annotated[SecretText, BeforeValidator(_https)] | None = None
    token: Annotated[SecretText, AfterValidator(_token)] | None = None
    channel: Annotated[str, Field(strict=True), AfterValidator(_channel)] | None = None
    api_url: Annotated[str, Field(strict=True), BeforeValidator(_https)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=1, strict=True)] = 1

    @model_validator(mode="before")
    @classmethod
    def _paced(cls, table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        return {"rate": _BOTS_PACE if "token" in table else _PACE, **table}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [value is not None for value in (self.url, self.token, self.channel)]
        if given not in ([True, False, False], [False, True, True]):
            raise Clash(_WAY_OUT, "url", "token", "channel")
        if self.url is not None and self.api_url is not None:
            raise Clash(
                "api_url is for a bot, with token and channel: leave it out beside url", "url", "api_url"
            )
        return self

    def places(self) -> list[tuple[str, str]]:
        if self.token is None or self.channel is None:
            return [("url", self.url.reveal())] if self.url else []
        return [("channel", f"{self.token.reveal()} {self.channel.removeprefix('#').lower()}")]

    @property
    def is_living(self) -> bool:
        return self.token is not None

    def gathered(self, message: Message, *, now: float) -> Message:
        return gathered(message, to=self.channel, now=now) if self.channel else message

    def preview(self, message: Message, *, now: float) -> str:  # noqa: ARG002 - Slack adds the time
        return shown(laid_out(message))

    def begun_by(self, place: str | None) -> str | None:
        old = place_of(place)
        return old.begun_by if old else None

    def dials(self) -> list[tuple[str, str, int]]:
        """Key, host and port of each place that the configuration names."""
        key, url = ("url", self.url.reveal()) if self.url else ("api_url", self.api_url or API)
        return [(key, *endpoint(url))]

    def warnings(self) -> list[tuple[str, str]]:
        found = []
        # "$" begins what was not resolved, since `check --no-secrets` asks for no values.
        if self.token is not None and not self.token.reveal().startswith(("xox", "$")):
            found.append(("token", "does not look like a bot token of Slack's, which begins with xoxb-"))
        pace = _BOTS_PACE if self.token else _PACE
        if self.rate is not None and self.rate < parse_rate(pace):
            found.append(("rate", f'is more than Slack takes for long: write "{pace}", or leave it out'))
        return found
