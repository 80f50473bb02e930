"""Slack on loopback: an incoming webhook, and as much of the Web API as a bot of relay's asks."""

import json
from html import unescape
from typing import ClassVar

from aiohttp import web
from http_receiver import Failure, HttpReceiver, answering, failing

from relay.destinations import TYPES

URL, CHANNEL = "set url to that of a webhook", "invite the bot to the channel with /invite"


def heading(payload):
    """What a person reads first, without the dot that shows the severity."""
    return unescape(payload["blocks"][0]["text"]["text"]).partition(" ")[2]


class SlackReceiver(HttpReceiver):
    carries = "name"
    failures: ClassVar = {
        **{f"{status}": failing(status) for status in (400, 405, 413, 500, 502, 503, 504)},
        **{f"{status}": failing(status, fault="destination") for status in (401, 403, 404, 410)},
        **{f"{status}": failing(status, Location="/elsewhere") for status in (301, 302, 307, 308)},
        "429 without a word": failing(429, retry_after=30.0),
        "429 with a wait": failing(429, retry_after=7.0, **{"Retry-After": "7"}),
        "503 with a wait": failing(503, retry_after=120.0, **{"Retry-After": "120"}),
        **HttpReceiver.broken,
    }

    @property
    def payloads(self):
        return [json.loads(body) for body in self.bodies]

    def names_of_events(self):
        return [heading(payload) for payload in self.payloads]

    def destination(self, **changes):
        return TYPES["slack"].make(self.options(**changes), session=self._session, clock=self._clock)

    def options(self, *, at=None, **more):
        table = {"type": "slack", **self.table(at or f"http://127.0.0.1:{self.server.port}"), **more}
        return TYPES["slack"].options.model_validate(table)


def refusing(status, word, reason, *, fault="destination", permanent=False, requests=1):
    """As webhooks refuse: a word as text, with a status that goes with it."""
    reason = rf"Slack says {word}.*{reason}"
    return Failure(answering(status, word), reason, fault, permanent, status=status, requests=requests)


class SlackWebhookReceiver(SlackReceiver):
    secrets = ("canary-of-path", "canary-of-token")
    thanked = "ok"
    thanks = staticmethod(answering(200, thanked))
    failures: ClassVar = {
        **SlackReceiver.failures,
        **{
            f"a {status} that is {text[:9]!r}": Failure(
                answering(status, text), "no answer of Slack's.*such as a proxy", status=status
            )
            for status, text in (
                (200, ""),
                (200, "<html><title>Log in</title>"),
                (200, '{"ok": true}'),
                (200, "okay then"),
                (204, ""),
                (202, "ok"),
            )
        },
        "invalid_token": refusing(403, "invalid_token", URL),
        "no_service": refusing(404, "no_service", URL),
        "channel_not_found": refusing(404, "channel_not_found", URL),
        "channel_is_archived": refusing(410, "channel_is_archived", "for a channel in use"),
        "action_prohibited": refusing(403, "action_prohibited", "ask an administrator"),
        "a word unheard of": refusing(400, "rollup_error", "", fault="message"),
        "invalid_payload": refusing(400, "invalid_payload", "", fault="message", permanent=True, requests=2),
        "invalid_blocks": refusing(400, "invalid_blocks", "", fault="message", permanent=True, requests=2),
    }

    def table(self, at):
        return {"url": f"{at}/services/T0/canary-of-path/canary-of-token"}


def saying(word, reason="", *, fault="destination", permanent=False, requests=1, **more):
    """As the Web API refuses: with status 200."""
    body = json.dumps({"ok": False, "error": word, **more})
    answer = answering(200, body)
    return Failure(answer, rf"Slack says {word}.*{reason}", fault, permanent, status=200, requests=requests)


class SlackBotReceiver(SlackReceiver):
    """`posted`: by `ts`, the messages of the channel as they stand, in the order of their coming."""

    secrets = ("xoxb-canary",)
    slow: ClassVar = {"silent": HttpReceiver.slow["silent"], "dripping": HttpReceiver.slow["dripping"]}
    thanked = '{"ok": true, "channel": "C0123456789", "ts": "1795342530.000001"}'
    failures: ClassVar = {
        **SlackReceiver.failures,
        **{word: saying(word, CHANNEL) for word in ("channel_not_found", "not_in_channel")},
        **{
            word: saying(word, "set token to the bot token of an app")
            for word in ("invalid_auth", "not_authed", "token_revoked", "account_inactive")
        },
        "is_archived": saying("is_archived", "name a channel that is in use"),
        "missing_scope": saying(
            "missing_scope", "the scope chat:write", needed="chat:write", provided="users"
        ),
        "a scope that is none": saying("missing_scope", "the scope chat:write", needed="<script>"),
        "restricted_action": saying("restricted_action", "ask an administrator"),
        "ratelimited": Failure(
            answering(429, '{"ok":false,"error":"ratelimited"}', **{"Retry-After": "9"}),
            "Slack says ratelimited",
            retry_after=9.0,
            status=429,
        ),
        "internal_error": saying("internal_error", fault="message"),
        "fatal_error": saying("fatal_error", fault="message"),
        "a word unheard of": saying("something_new", fault="message"),
        "invalid_blocks": saying("invalid_blocks", fault="message", permanent=True, requests=2),
        "msg_too_long": saying("msg_too_long", fault="message", permanent=True, requests=2),
        **{
            f"a 200 that is {text[:9]!r}": Failure(answering(200, text), "no answer of Slack's", status=200)
            for text in ("", "ok", "[]", "null", '"ok"', '{"ok":1}', "{}", '{"ok":true', "[" * 50_000)
        },
    }

    def __init__(self, serve, session, clock):
        super().__init__(serve, session, clock)
        self.posted = {}

    def table(self, at):
        return {"token": "xoxb-canary", "channel": "#ops", "api_url": f"{at}/api/"}

    async def thanks(self, request):
        payload = await request.json()
        method = request.path.rpartition("/")[2]
        if method == "chat.update" and payload["ts"] not in self.posted:
            return web.json_response({"ok": False, "error": "message_not_found"})
        ts = payload["ts"] if method == "chat.update" else f"1795342530.{len(self.received):06}"
        self.posted[ts] = payload
        return web.json_response({"ok": True, "channel": "C0123456789", "ts": ts})

    @property
    def methods(self):
        return [target.rpartition("/")[2] for _, _, target in self.received]
