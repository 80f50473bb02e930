"""Slack, by an incoming webhook or as a bot, which keeps one message current."""

from relay.destinations.slack.blocks import FLAVOUR
from relay.destinations.slack.options import SlackOptions
from relay.destinations.slack.shown import shown
from relay.destinations.slack.slack import Slack

__all__ = ["FLAVOUR", "Slack", "SlackOptions", "shown"]
