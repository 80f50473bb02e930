"""`relay demo`: a simulated API, a relay, and stand-ins for everybody it tells."""

from relay.cli.demo.command import demo

__all__ = ["demo"]
