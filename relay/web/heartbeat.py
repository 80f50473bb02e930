"""The heartbeat: someone outside hears each minute that relay does its work, and misses it else."""

import asyncio
import logging

import aiohttp

from relay.destinations import Reach
from relay.model import Secret
from relay.web.view import View

log = logging.getLogger("relay.web")

EVERY = 60.0
TIMEOUT = 10.0
LOOK_EVERY = 5.0
"""Seconds between two looks at whether all is well, while it was not."""


class Heartbeat:
    """Asks for `url` at most once a minute, while each source is read in time; answers are not read."""

    def __init__(self, reach: Reach, view: View) -> None:
        self._session = reach.session
        self._clock = view.clock
        self._view = view
        self._failed = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if (url := self._view.config.heartbeat_url) is not None and self._view.is_ready():
                await self.beat(url)
                await self._clock.sleep(EVERY)
            else:
                await self._clock.sleep(LOOK_EVERY)

    async def beat(self, url: Secret) -> None:
        """That it can't be heard is said once; the URL, never: who knows it can say that relay is well."""
        trouble = await self._trouble(url)
        if trouble and not self._failed:
            log.warning("heartbeat_url: not heard (%s)", trouble)
        self._failed = trouble is not None

    async def _trouble(self, url: Secret) -> str | None:
        try:
            async with (
                asyncio.timeout(TIMEOUT),
                self._session.get(url.reveal(), allow_redirects=False) as response,
            ):
                return None if response.status < 300 else f"HTTP {response.status}"
        except TimeoutError:
            return f"no answer within {TIMEOUT:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return type(error).__name__
