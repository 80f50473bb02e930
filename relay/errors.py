"""One exception type for each decision that its catcher takes."""

from collections.abc import Sequence


class ConfigError(Exception):
    """The configuration is refused whole; `mistakes` are lines that each name the place and the way out."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class Refused(Exception):  # noqa: N818 - it is what the user reads: relay refuses to start, in one line
    """Relay can't do this at all as things stand: a port in use, a database of a newer schema."""


class StoreFailed(Exception):  # noqa: N818 - it is tried again
    """The store could not do it now: a full disk, a lock held too long. Nothing of it is stored."""


class LookFailed(Exception):  # noqa: N818 - DESIGN's word
    """A request of a look came to nothing. What the pages before it showed stays true.

    `absent`: the endpoint says 404 or 410. `denied`: the key is refused (401, 403).
    `again`: the same request may succeed soon. `retry_after`: seconds the server asked for, if it did.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        again: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.again = again
        self.retry_after = retry_after

    @property
    def denied(self) -> bool:
        return self.status in {401, 403}

    @property
    def absent(self) -> bool:
        return self.status in {404, 410}

    @property
    def word(self) -> str:
        """Which kind of trouble it is, of few."""
        if self.denied or self.absent:
            return "denied" if self.denied else "absent"
        if self.status is None:
            return "no_answer" if self.again else "unreadable"
        if self.status == 429:
            return "rate_limited"
        return "server_error" if self.status >= 500 else "unreadable" if self.status < 300 else "refused"


class DeliveryFailed(Exception):  # noqa: N818 - DESIGN's word
    """A message did not arrive, with all that the courier decides on.

    `fault` says what is wrong: the "message" (others may pass) or the "destination" (none will).
    `permanent`: trying the same again is pointless. `retry_after`: seconds asked for.
    `status` and `answer` are what came back, for the record; `answer` is at most 4 kB. `place`: what the next
    attempt has to know, in the destination's own words.
    """

    def __init__(
        self,
        reason: str,
        *,
        fault: str = "message",
        permanent: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
        answer: str = "",
        place: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fault = fault
        self.permanent = permanent
        self.retry_after = retry_after
        self.status = status
        self.answer = answer
        self.place = place
