"""Slack as a destination."""

import aiohttp

from relay.destinations.http import not_sent
from relay.destinations.port import Receipt
from relay.destinations.slack.options import SlackOptions
from relay.message import Message
from relay.model import Clock


class Slack:
    def __init__(self, options: SlackOptions, *, session: aiohttp.ClientSession, clock: Clock) -> None:
        from relay.destinations.slack.send import Bot, Hook  # noqa: PLC0415 - 3 MB of SDK, for those with Slack

        self._way = Bot(options, session, clock) if options.token else Hook(options, session, clock)

    async def send(self, message: Message) -> Receipt:
        try:
            return await self._way.send(message)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failed = not_sent(error, self._way.host)
        # Not within the `except`: the error, whose words may quote the URL, would stay in its context.
        raise failed

    async def close(self) -> None:
        """Nothing is its own."""
