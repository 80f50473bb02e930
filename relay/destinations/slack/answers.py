"""What Slack answered: whether the message was taken, whose fault it is if not, and the way out. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from relay.destinations.http import kept, retry_after
from relay.errors import DeliveryFailed

LATER = 30.0
"""Seconds to wait where Slack says that it is too much, and not for how long."""

UNFIT = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "invalid_payload", "invalid_arguments", "no_text"}
    | {"invalid_attachments", "too_many_attachments", "msg_too_long", "msg_blocks_too_long"}
)
"""It is the message that Slack does not take as it is laid out."""

LOST = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_inactive"}
)
"""A message that stands can't be brought up to date: another is posted."""

_WAYS_OUT = {
    "invite the bot to the channel with /invite, or name another in channel": {
        *("not_in_channel", "channel_not_found"),
    },
    "name a channel that is in use": {"is_archived", "channel_is_archived"},
    "set token to the bot token of an app that is installed in the workspace": {
        *("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"),
        *("not_allowed_token_type", "org_login_required", "team_access_not_granted"),
    },
    "give the app the scope {needed}, and install it again": {"missing_scope"},
    "ask an administrator of the workspace to allow it": {
        *("access_denied", "no_permission", "ekm_access_denied", "two_factor_setup_required"),
        *("restricted_action", "restricted_action_read_only_channel", "accesslimited", "team_disabled"),
        *("restricted_action_thread_only_channel", "restricted_action_non_threadable_channel"),
    },
}
_BY_WEBHOOK = {
    "set url to that of a webhook that is in use": {
        *("invalid_token", "channel_not_found", "user_not_found", "no_service", "no_service_id"),
        *("no_active_hooks", "no_team", "team_disabled"),
    },
    "set url to that of a webhook for a channel in use": {"channel_is_archived", "is_archived"},
    "ask an administrator of the workspace to allow it": {
        *("action_prohibited", "posting_to_general_channel_denied"),
    },
}
_AT_FAULT = frozenset({401, 403, 404, 410})
"""HTTP statuses that say the same to every message."""

_WORD = re.compile(r"[a-z][a-z0-9_]{1,60}")
_SCOPES = re.compile(r"[a-z.:_,]{1,200}")


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer. `word`: Slack's name for what is wrong, "" where it gives none."""

    took: bool
    status: int
    word: str
    answer: str
    asked: float | None
    needed: str = ""
    channel: str = ""
    ts: str = ""


class _Api(msgspec.Struct, frozen=True):
    ok: bool = False
    error: str = ""
    needed: str = ""
    channel: str = ""
    ts: str = ""


def of_webhook(status: int, headers: Mapping[str, str], body: bytes, now: float) -> Said:
    text = kept(body)
    word = text.strip().lower().replace(" ", "_")
    return Said(
        took=status == 200 and word == "ok",  # else it is not Slack's
        status=status,
        word=word if status >= 400 and _WORD.fullmatch(word) else "",
        answer=text,
        asked=retry_after(headers, now),
    )


def of_api(status: int, headers: Mapping[str, str], body: bytes, now: float) -> Said:
    try:
        said = msgspec.json.decode(body, type=_Api)
    except (msgspec.MsgspecError, RecursionError):
        said = _Api()
    return Said(
        took=status == 200 and said.ok,
        status=status,
        word=said.error if _WORD.fullmatch(said.error) else "",
        answer=kept(body),
        asked=retry_after(headers, now),
        needed=said.needed if _SCOPES.fullmatch(said.needed) else "",
        channel=said.channel[:40],
        ts=said.ts[:40],
    )


def failure(said: Said, *, by_webhook: bool = False) -> DeliveryFailed:
    """Of an answer that did not take the message."""
    ways_out = _BY_WEBHOOK if by_webhook else _WAYS_OUT
    way_out = next((way for way, words in ways_out.items() if said.word in words), "")
    too_much = said.status == 429 or said.word in {"ratelimited", "rate_limited"}
    return DeliveryFailed(
        f"{_reason(said)}: {way_out.format(needed=said.needed or 'chat:write')}"
        if way_out
        else _reason(said),
        fault="destination" if way_out or said.status in _AT_FAULT else "message",
        permanent=said.word in UNFIT,
        retry_after=LATER if too_much and said.asked is None else said.asked,
        status=said.status,
        answer=said.answer,
    )


def _reason(said: Said) -> str:
    if 300 <= said.status < 400:
        return f"HTTP {said.status}, a redirect, which relay never follows"
    status = "" if said.status == 200 else f"HTTP {said.status}"
    if 200 <= said.status < 300 and not said.word:
        return f"no answer of Slack's (HTTP {said.status}): something else answers there, such as a proxy"
    if not said.word:
        return status
    return f"Slack says {said.word}" + (f" ({status})" if status else "")
