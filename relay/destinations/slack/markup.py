"""Values as Slack's text: harmless, readable, within a length. Pure.

Slack reads `&lt; &gt; &amp;` as characters everywhere, and `<…>`, `*…*`, `` `…` `` as markup in its "mrkdwn"
alone. So most values stand in texts of type "plain_text"; what stands in mrkdwn is escaped, and in code where
it could be read as markup. Names between colons would become pictures in both, so their colons are changed
for others that look the same.
"""

import re
from collections.abc import Sequence

from relay.message import web_link

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_PICTURE = re.compile(r":(?=100:|1234:|[\w'-]*(?:[^\W\d]|[+-]))([\w+'-]{1,100}):")
_MARKUP = re.compile(r"[*~`]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[>•]", re.MULTILINE)
_URL = re.compile(r"https?://[^\s<>|]+")
_FENCE = re.compile(r"`{3,}")
_CUT_ENTITY = re.compile(r"&[a-z]{0,4}\Z")
_CUT_LINK = re.compile(r"<[^<>]*\Z")
_COLON, _TICK = "\N{MODIFIER LETTER COLON}", "\N{MODIFIER LETTER GRAVE ACCENT}"
_LOOKALIKES = {
    "*": "\N{ASTERISK OPERATOR}",
    "~": "\N{TILDE OPERATOR}",
    "`": _TICK,
    "_": "\N{MODIFIER LETTER LOW MACRON}",
    ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    "•": "\N{BULLET OPERATOR}",
}
_LONGEST_URL = 1000

MORE = 40
"""Characters that are kept free for "… n more"."""


def escaped(text: str, limit: int) -> str:
    """With its three entities, none of them cut, at most `limit` characters long."""
    return fitting(text.translate(_ENTITIES), limit)


def fitting(text: str, limit: int) -> str:
    """What is escaped already, cut within neither entity nor link."""
    if len(text) <= limit:
        return text
    return _CUT_LINK.sub("", _CUT_ENTITY.sub("", text[: limit - 1])).rstrip() + "…"


def plain(text: str, limit: int) -> str:
    """For texts of type "plain_text"."""
    return fitting(titled(text), limit)


def titled(text: str) -> str:
    """A value of a title's template, which is a text of type "plain_text"."""
    return _PICTURE.sub(f"{_COLON}\\1{_COLON}", text).translate(_ENTITIES)


def typed(text: str) -> str:
    """A value of a body's template, which is mrkdwn and may have it in code, in bold or in a link: what could
    be read as markup is changed for what looks the same, in a URL for what means the same.
    """
    if _URL.fullmatch(text):
        return _MARKUP.sub(lambda mark: f"%{ord(mark[0]):02X}", text).translate(_ENTITIES)
    return titled(_MARKUP.sub(lambda mark: _LOOKALIKES.get(mark[0], mark[0]), text))


def inline(text: str, limit: int) -> str:
    """One line within mrkdwn: in code where it could be read as markup."""
    if _MARKUP.search(text):
        return f"`{escaped(text.replace('`', _TICK), limit - 2)}`"
    return plain(text, limit)


def code(text: str, limit: int) -> str:
    """A block of code that nothing in it can end."""
    harmless = _FENCE.sub(lambda ticks: _TICK * len(ticks[0]), text)
    room = limit - len("```\n\n```")
    lines = [escaped(line, room - MORE - 1) for line in harmless.splitlines()]
    return f"```\n{whole_lines(lines, room)}\n```"


def whole_lines(lines: Sequence[str], limit: int) -> str:
    """As many as there is room for, then how many more there are."""
    if sum(map(len, lines)) + len(lines) - 1 <= limit:
        return "\n".join(lines)
    shown: list[str] = []
    room = limit - MORE
    for line in lines:
        if (room := room - len(line) - 1) < 0:
            break
        shown.append(line)
    return "\n".join([*shown, f"… {len(lines) - len(shown):,} more"])


def link(url: str | None, label: str) -> str | None:
    """None for what is no plain link to the web, or too long for one here."""
    target = (web_link(url) or "").translate(_ENTITIES)
    return f"<{target}|{label}>" if target and len(target) <= _LONGEST_URL else None
