"""The whole relay put together, from a configuration to a process that runs."""

from relay.deliver.courier import GRACE
from relay.service.process import Running, opened, run, running
from relay.service.relay import Assembly, Relay, assembled
from relay.service.reload import Again

__all__ = [
    "GRACE",
    "Again",
    "Assembly",
    "Relay",
    "Running",
    "assembled",
    "opened",
    "run",
    "running",
]
