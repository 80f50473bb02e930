"""The configuration: found, read, checked whole, and refused whole."""

from relay.config.load import Config, find, load

__all__ = ["Config", "find", "load"]
