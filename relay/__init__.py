"""Relay: exact news of LlamaCloud jobs, routed by rules, delivered from a durable outbox."""

__version__ = "0.1.0"
