"""A delivery as a message: what a person or a machine is told, whatever the destination."""

from relay.render.templates import Templates, check
from relay.render.text import text_of

__all__ = ["Templates", "check", "text_of"]
