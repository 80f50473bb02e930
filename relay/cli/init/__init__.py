"""`relay init`: a few questions, a test that arrives, and a configuration with comments."""

from relay.cli.init.command import init

__all__ = ["init"]
