"""The whole relay put together, from a configuration to a process that runs."""

from relay.service.process import Running, opened, run, running
from relay.service.relay import GRACE, Relay, assembled

__all__ = ["GRACE", "Relay", "Running", "assembled", "opened", "run", "running"]
