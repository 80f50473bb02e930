"""Where messages in place are kept between a rule and Slack."""

from datetime import UTC

import msgspec

from relay.destinations.slack import shown
from relay.render import text_of


class Desk:
    """What stands between a rule and Slack: it keeps the place of the last message, as the store does."""

    def __init__(self, slack, clock):
        self.place = None
        self._slack = slack
        self._clock = clock

    async def send(self, message):
        options = self._slack.options()
        message = msgspec.structs.replace(message, place=self.place)
        message = options.gathered(message, now=self._clock.now())
        message = msgspec.structs.replace(message, text=text_of(message, zone=UTC))
        receipt = await self._slack.destination().send(message)
        self.place = receipt.place
        return receipt

    @property
    def shows(self):
        return [shown(payload) for payload in self._slack.posted.values()]
