"""A message in relay's own words."""

from datetime import tzinfo

from relay.message import Message, Text, one_line


def text_of(message: Message, *, zone: tzinfo) -> Text:  # noqa: ARG001
    event = message.events[0]
    return Text(title=one_line(f"{event.type} {event.data.name or ''}", 150))
