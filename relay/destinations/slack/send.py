"""How a message reaches Slack: by its hook, or by the bot, which keeps one current and posts another where
that is gone. The only module that knows slack-sdk.
"""

import logging
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from relay.addresses import endpoint
from relay.destinations.http import READ_LIMIT
from relay.destinations.port import Receipt
from relay.destinations.slack.answers import LOST, UNFIT, Said, failure, of_api, of_webhook
from relay.destinations.slack.blocks import laid_out, minimal, reply
from relay.destinations.slack.exchange import Exchange
from relay.destinations.slack.living import place_of
from relay.destinations.slack.options import API, SlackOptions
from relay.message import Aloud, Message
from relay.model import Clock

API_LIMIT = 4 * READ_LIMIT
"""Bytes of an answer of the Web API's that are read: it repeats the message, its letters as escapes."""

_SILENT = logging.Logger("slack-sdk", logging.CRITICAL + 1)  # noqa: LOG001 - it is to reach nobody
"""For the SDK, whose log lines hold URL and token."""

Payload = dict[str, Any]


class Hook:
    def __init__(self, options: SlackOptions, session: aiohttp.ClientSession, clock: Clock) -> None:
        assert options.url is not None
        self._url = options.url
        self._session = session
        self._clock = clock
        self.host, _ = endpoint(options.url.reveal())

    async def send(self, message: Message) -> Receipt:
        said = await self._post(laid_out(message))
        if said.word in UNFIT:
            said = await self._post(minimal(message, said.word))
        if not said.took:
            raise failure(said, by_webhook=True)
        return Receipt(said.status, said.answer, to="the channel of its webhook")

    async def _post(self, payload: Payload) -> Said:
        exchange = Exchange(self._session, READ_LIMIT)
        client = AsyncWebhookClient(
            self._url.reveal(), session=exchange.as_session(), logger=_SILENT, retry_handlers=[]
        )
        await client.send_dict(payload)
        return of_webhook(*exchange.heard(), self._clock.now())


class Bot:
    def __init__(self, options: SlackOptions, session: aiohttp.ClientSession, clock: Clock) -> None:
        assert options.token is not None
        self._options = options
        self._token = options.token
        self._api = options.api_url or API
        self._session = session
        self._clock = clock
        self.host, _ = endpoint(self._api)

    async def send(self, message: Message) -> Receipt:
        message = self._options.gathered(message, now=self._clock.now())
        place = place_of(message.place)
        assert place is not None
        shown, said = laid_out(message), None
        if place.ts:
            said = await self._put(message, "chat.update", shown, channel=place.channel, ts=place.ts)
        if said is None or said.word in LOST:
            if message.only_progress:  # it is owed to no one: what happens next begins another
                return Receipt(answer="the message that was to be brought up to date is gone")
            said = await self._put(message, "chat.postMessage", shown, channel=self._options.channel)
        elif said.took and message.aloud is not None:
            await self._reply(message, message.aloud, channel=place.channel, thread_ts=place.ts)
        if not said.took:
            raise failure(said)
        place = msgspec.structs.replace(place, channel=said.channel, ts=said.ts, touched=self._clock.now())
        return Receipt(said.status, said.answer, place.encoded() if said.ts else None, to=place.to)

    async def _reply(self, message: Message, aloud: Aloud, **where: str) -> None:
        """Who follows the thread is notified; of errors, the channel."""
        to_all = aloud.severity == "error"
        said = await self._put(message, "chat.postMessage", reply(message), reply_broadcast=to_all, **where)
        if not said.took:
            raise failure(said)

    async def _put(self, message: Message, method: str, payload: Payload, **where: Any) -> Said:
        said = await self._call(method, {**payload, **where})
        if said.word in UNFIT:
            said = await self._call(method, {**minimal(message, said.word), **where})
        return said

    async def _call(self, method: str, payload: Payload) -> Said:
        exchange = Exchange(self._session, API_LIMIT)
        client = AsyncWebClient(
            self._token.reveal(),
            self._api,
            session=exchange.as_session(),
            logger=_SILENT,
            retry_handlers=[],
        )
        with suppress(SlackApiError):  # its answer says it all, and is judged below
            await client.api_call(method, json={**payload, "link_names": False, "parse": "none"})
        return of_api(*exchange.heard(), self._clock.now())
