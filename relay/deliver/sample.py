"""A message for trying a destination out."""

from relay.message import Message
from relay.model import Event, EventData, new_id, utc_text


def sample(destination: str, relay: str, now: float) -> Message:
    """Marked as a test, of nothing that has happened."""
    event = Event(
        id=new_id("evt"),
        type="relay.test",
        timestamp=utc_text(now),
        data=EventData(
            source=None,
            product=None,
            kind=None,
            name=destination,
            error="This is a test, sent by hand. Nothing has happened.",
        ),
    )
    return Message(id=new_id("msg"), events=(event,), rule="relay test", relay=relay, severity="info")
