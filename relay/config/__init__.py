"""The configuration: found, read, checked whole, and refused whole."""

from relay.config.load import Config, find, load, refuse_changes

__all__ = ["Config", "find", "load", "refuse_changes"]
