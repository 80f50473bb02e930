"""One attempt: a claimed delivery is sent, and what came of it is a result."""

import asyncio
import logging
import random
from collections.abc import Callable

import msgspec

from relay import schedule
from relay.deliver.words import Words
from relay.destinations import Destination, Options, Receipt
from relay.errors import DeliveryFailed
from relay.message import Message, Text
from relay.model import Clock, seconds_of, utc_text
from relay.secrecy import hiding
from relay.store import Claimed, Result
from relay.wide import Wide

log = logging.getLogger("relay.deliver")


Texts = Callable[[Message], Text]

Began = tuple[float, float]
"""When an attempt did: by the wall, and by the clock that never jumps."""


class Sender:
    """Sends to one destination. `text`: the words for destinations that people read; `words`: what the rules'
    templates say, where a message is brought up to date: each time anew, of all that it tells. `attempted` is
    called after each attempt.
    """

    def __init__(
        self,
        name: str,
        options: Options,
        destination: Destination,
        *,
        clock: Clock,
        random: random.Random,
        text: Texts | None = None,
        words: Words | None = None,
        attempted: Callable[[Result], None] = lambda _: None,
    ) -> None:
        self._name = name
        self._options = options
        self._timeout = options.timeout
        self._destination = destination
        self._clock = clock
        self._random = random
        self.text = text
        self.words = words
        self._attempted = attempted
        self._hide = hiding(options.secrets())

    async def close(self) -> None:
        """Let go of what its destination holds; it may be sent to again."""
        await self._destination.close()

    async def attempt(self, claimed: Claimed) -> tuple[Result, DeliveryFailed | None]:
        """What became of it, and why where it failed; nothing is raised but a cancel."""
        began = self._clock.now(), self._clock.monotonic()
        failure: DeliveryFailed | None = None
        try:
            receipt = await self.send(claimed.message)
        except DeliveryFailed as error:
            failure = error
        except Exception as error:  # the top of a worker's loop: a bug is a failed attempt
            log.exception(
                "attempt destination=%s delivery=%s: a fault of relay's own", self._name, claimed.id
            )
            failure = DeliveryFailed(f"a fault of relay's own ({type(error).__name__}); its log says more")
        if failure is None:
            result = self._delivered(claimed, began, receipt)
        else:
            result = self._failed(claimed, began, failure)
        self._log(result)
        self._attempted(result)
        return result, failure

    async def send(self, message: Message) -> Receipt:
        """Within the time of an attempt, no matter whether it is in an outbox. Raises DeliveryFailed, which
        repeats no secret.
        """
        try:
            return await self._send(message)
        except DeliveryFailed as failure:
            failure.reason, failure.answer = self._hide(failure.reason), self._hide(failure.answer)
            raise

    async def _send(self, message: Message) -> Receipt:
        message = self._options.gathered(message, now=self._clock.now())
        if self.words is not None and self._options.is_living:
            title, body = self.words(message)
            message = msgspec.structs.replace(message, title=title, body=body)
        if self.text is not None:
            message = msgspec.structs.replace(message, text=self.text(message))
        try:
            async with asyncio.timeout(self._timeout) as limit:
                return await self._destination.send(message)
        except TimeoutError:
            reason = f"no whole answer within {self._timeout:g} s" if limit.expired() else "timed out"
            raise DeliveryFailed(reason) from None
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            # The destination cancelled itself; its lane goes on.
            raise DeliveryFailed("was broken off within relay") from None

    def _delivered(self, claimed: Claimed, began: Began, receipt: Receipt) -> Result:
        return Result(
            claimed=claimed,
            started_at=utc_text(began[0]),
            seconds=self._clock.monotonic() - began[1],
            delivered=True,
            status=receipt.status,
            answer=self._hide(receipt.answer),
            place=receipt.place,
        )

    def _failed(self, claimed: Claimed, began: Began, failure: DeliveryFailed) -> Result:
        due = None
        if not failure.permanent:
            due = schedule.next_attempt(
                claimed.failures + 1,
                now=self._clock.now(),
                give_up_at=seconds_of(claimed.give_up_at),
                retry_after=failure.retry_after,
                chance=self._random.random(),
                planned=None if claimed.ahead_of is None else seconds_of(claimed.ahead_of),
            )
        return Result(
            claimed=claimed,
            started_at=utc_text(began[0]),
            seconds=self._clock.monotonic() - began[1],
            delivered=False,
            due_at=None if due is None else utc_text(due),
            status=failure.status,
            answer=failure.answer,
            reason=failure.reason,
            place=failure.place,
        )

    def _log(self, result: Result) -> None:
        message = result.claimed.message
        line = Wide(
            "attempt",
            destination=self._name,
            delivery=message.id,
            rule=message.rule,
            events=message.count,
            nth=result.claimed.attempt,
            outcome=result.outcome,
            status=result.status,
            seconds=result.seconds,
            again=result.due_at,
            reason=result.reason,
        )
        log.log(logging.INFO if result.delivered else logging.WARNING, line)
