"""A delivery as a message: what a person or a machine is told, whatever the destination."""

from relay.render.text import text_of

__all__ = ["text_of"]
