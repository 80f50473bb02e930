"""What all stand-ins of receivers need to make trouble."""

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

UNTRUSTED = Path(__file__).with_name("untrusted.pem")


@dataclass(frozen=True)
class Failure:
    """What a receiver does, and what its sender must be told of it; `reason` is a pattern."""

    answer: object
    reason: str
    fault: str = "message"
    permanent: bool = False
    retry_after: float | None = None
    status: int | None = None


@contextmanager
def refusing_port():
    """A port that is taken, so that nobody else gets it, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
