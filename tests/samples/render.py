"""A story as each destination would send it."""

import json
from datetime import UTC

import msgspec

from relay.destinations import TYPES
from relay.destinations.bodies import FORMATS, Unsayable
from relay.destinations.email.layout import mail_of
from relay.destinations.slack.blocks import laid_out, reply
from relay.message import PLAIN
from relay.model import seconds_of
from relay.render import Templates, text_of
from tests.samples.stories import AT

NOW = seconds_of(AT) + 11


def slack(story):
    """The payload of a bot's message."""
    return laid_out(_worded(story, story.message, TYPES["slack"].flavour))


def slack_reply(story):
    """What is said in the thread, where people should not miss a change; None where there is nothing."""
    message = _worded(story, story.message, TYPES["slack"].flavour)
    return reply(message) if message.aloud else None


def mail(story):
    message = _worded(story, msgspec.structs.replace(story.message, progress=None), PLAIN)
    return mail_of(message, sender="relay@example.com", to=["oncall@example.com"], now=NOW)


def webhooks(story):
    """The body in each format that can say it."""
    message = _templated(story, story.alone, PLAIN)
    for name, content in FORMATS.items():
        try:
            yield name, json.loads(content(message).body)
        except Unsayable:
            continue


def _worded(story, message, flavour):
    message = _templated(story, message, flavour)
    return msgspec.structs.replace(message, text=text_of(message, zone=UTC))


def _templated(story, message, flavour):
    templates = {"title": None, "body": None, **story.templates}
    title, body = Templates(rule=message.rule, flavour=flavour, **templates).render(message)
    return msgspec.structs.replace(message, title=title, body=body)
