"""Receivers that the contract suite sends to: for each type of destination a stand-in of its server.

A new destination adds a class with what `WebhookReceiver` has, and its name to `RECEIVERS`: its type, or
type and variant, such as "webhook-cloudevents".
"""

import base64
import json
from typing import ClassVar

from http_receiver import HttpReceiver, failing, silent
from mailserver import EmailReceiver, ImplicitTlsEmailReceiver, PlainEmailReceiver
from slack_receivers import SlackBotReceiver, SlackWebhookReceiver

from relay.destinations import TYPES

SIGNING = "whsec_" + base64.b64encode(b"canary of the signing secret").decode()


class WebhookReceiver(HttpReceiver):
    secrets = ("canary-of-path", "canary-of-query", "canary-of-header", SIGNING.removeprefix("whsec_"))
    format: str | None = None
    carries = "name"
    failures: ClassVar = {
        **{f"{status}": failing(status) for status in (400, 404, 405, 413, 422, 500, 502, 503, 504)},
        **{f"{status}": failing(status, fault="destination") for status in (401, 403)},
        **{f"{status}": failing(status, Location="/elsewhere") for status in (300, 301, 302, 303, 307, 308)},
        "304": failing(304),
        "410": failing(410, permanent=True),
        "429 without a word": failing(429),
        "429 with a wait": failing(429, retry_after=7.0, **{"Retry-After": "7"}),
        "503 with a wait": failing(503, retry_after=120.0, **{"Retry-After": "120"}),
        **HttpReceiver.broken,
    }

    def names_of_events(self):
        return [json.loads(body)["data"][self.carries] for body in self.bodies]

    def destination(self, **changes):
        return TYPES["webhook"].make(self.options(**changes), session=self._session, clock=self._clock)

    def options(self, *, at=None, secret=SIGNING, headers=None, **more):
        place = at or f"http://127.0.0.1:{self.server.port}"
        table = {
            "type": "webhook",
            "url": f"{place}/canary-of-path/hook?token=canary-of-query",
            "headers": {"Authorization": "Bearer canary-of-header"} if headers is None else headers,
            **({"secret": secret} if secret else {}),
            **({"format": self.format} if self.format else {}),
            **more,
        }
        return TYPES["webhook"].options.model_validate(table)


class _AsSlowly(WebhookReceiver):
    """Formats share how they are sent, so what takes a second of waiting is not asked of each."""

    slow: ClassVar = {"silent": silent}
    floods: ClassVar = {"a body without end": WebhookReceiver.floods["a body without end"]}


class CloudEventsReceiver(_AsSlowly):
    format = "cloudevents"


class LlamaCloudReceiver(_AsSlowly):
    format = "llamacloud"
    carries = "job_id"


RECEIVERS = {
    "email": EmailReceiver,
    "email-plain": PlainEmailReceiver,
    "email-smtps": ImplicitTlsEmailReceiver,
    "slack": SlackWebhookReceiver,
    "slack-bot": SlackBotReceiver,
    "webhook": WebhookReceiver,
    "webhook-cloudevents": CloudEventsReceiver,
    "webhook-llamacloud": LlamaCloudReceiver,
}
"""By type of destination, or type and variant."""
