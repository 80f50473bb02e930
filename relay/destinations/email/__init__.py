"""E-mail by SMTP: a mail for each message, to those who have not got it yet."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import replace

from aiosmtplib import SMTP, SMTPException, SMTPRecipientRefused

from relay.destinations.dialler import Dialler
from relay.destinations.email.connections import Connections, Unfit
from relay.destinations.email.layout import mail_of
from relay.destinations.email.options import EmailOptions
from relay.destinations.email.shown import page, shown
from relay.destinations.email.verdict import failure, left, refused_by_all, taken
from relay.destinations.port import Receipt
from relay.errors import DeliveryFailed
from relay.message import Message
from relay.model import Clock

__all__ = ["Email", "EmailOptions", "page", "shown"]


class Email:
    def __init__(self, options: EmailOptions, *, dialler: Dialler, clock: Clock) -> None:
        assert options.at is not None
        self._options = options
        self._host = options.at.host
        self._clock = clock
        self._secrets = _forms(options)
        self._connections = Connections(options, dialler)

    async def send(self, message: Message) -> Receipt:
        """`place` of the message and of a failure: a JSON list of who still has to get it."""
        to = left(message.place, self._options.to)
        if not to:
            return Receipt(answer="those who still had to get it are no longer in to")
        try:
            # Of a large group it takes a while.
            mail = await asyncio.to_thread(self._mail, message, self._clock.now())
            receipt = await self._sent(mail, to, again=message.place is not None)
            return replace(receipt, answer=self._discreet(receipt.answer), to=self._discreet(receipt.to))
        except DeliveryFailed as told:
            failed = told
        except (SMTPException, OSError, ValueError, Unfit) as error:
            failed = failure(error)
            failed.reason = f"{self._host}: {failed.reason}"
        # Not within the `except`: the error, whose words may tell more, would stay in its context.
        raise DeliveryFailed(
            self._discreet(failed.reason),
            fault=failed.fault,
            permanent=failed.permanent,
            status=failed.status,
            answer=self._discreet(failed.answer),
            place=failed.place,
        )

    async def close(self) -> None:
        await self._connections.close()

    def _mail(self, message: Message, now: float) -> bytes:
        options = self._options
        try:
            return mail_of(message, sender=options.sender, to=options.to, now=now).as_bytes()
        except ValueError:
            reason = "the message can't be put into a mail"
        raise DeliveryFailed(reason, permanent=True)

    async def _sent(self, mail: bytes, to: Sequence[str], *, again: bool) -> Receipt:
        async with self._connections.one() as smtp:
            answer, refused = await _transacted(smtp, self._options.sender, to, mail)
        if answer is None:
            return refused_by_all(refused, others_have_it=again)
        return taken(answer, refused, to)

    def _discreet(self, text: str) -> str:
        """Without the password, should the server repeat it."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text


def _forms(options: EmailOptions) -> tuple[str, ...]:
    """The password as it may come back."""
    if options.password is None or options.at is None:
        return ()
    password = options.password.reveal()
    spelled = (password, f"\0{options.at.user}\0{password}")
    return (password, *(base64.b64encode(each.encode()).decode() for each in spelled))


async def _transacted(
    smtp: SMTP, sender: str, to: Sequence[str], mail: bytes
) -> tuple[str | None, list[SMTPRecipientRefused]]:
    """The answer to the mail, None where no recipient was taken; and who was refused."""
    await smtp.mail(sender, options=[f"SIZE={len(mail)}"] if smtp.supports_extension("size") else [])
    refused = []
    for address in to:
        try:
            await smtp.rcpt(address)
        except SMTPRecipientRefused as refusal:
            if not smtp.is_connected:  # 421: it has closed
                raise
            refused.append(refusal)
    if len(refused) == len(to):
        return None, refused
    return (await smtp.data(mail)).message, refused
