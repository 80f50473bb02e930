"""Block Kit as a page that looks like Slack, for pictures alone: it knows what relay sends, and no more."""

import re
from html import escape, unescape

_PARTS = re.compile(
    r"```\n?(?P<pre>.*?)\n?```|`(?P<code>[^`\n]+)`|\*(?P<bold>[^*\n]+)\*|<(?P<url>[^<>|]+)\|(?P<label>[^<>]+)>",
    re.DOTALL,
)
_DOTS = {"🔴": "#dd2e44", "🟠": "#f4900c", "🔵": "#3b88c3", "🟢": "#78b159", "🟣": "#aa8ed6", "⚪": "#c8ccd1"}
_TUBE = (
    '<svg class="emoji" viewBox="0 0 36 36"><path d="M31 9 9 31a5 5 0 0 1-7-7L24 2z" fill="#ccd6dd"/>'
    '<path d="M25 13 9 30a4 4 0 0 1-6-6l10-10z" fill="#77b255"/><path d="m22 2 12 12" stroke="#99aab5"'
    ' stroke-width="4" stroke-linecap="round"/><circle cx="11" cy="22" r="2" fill="#fff"/></svg>'
)

DRAWN = {ord(sign): None for sign in (*_DOTS, "🧪")}
"""Characters that are drawn instead of written."""

_STYLE = """
* { box-sizing: border-box; margin: 0 }
:root { --page: #fff; --text: #1d1c1d; --soft: #616061; --link: #1264a3; --line: #dddddd; --code: #f8f8f8;
  --ink: #c01343; --badge: #dddddd; --badge-ink: #5e5d5f }
@media (prefers-color-scheme: dark) { :root { --page: #1a1d21; --text: #d1d2d3; --soft: #ababad;
  --link: #1d9bd1; --line: #35373b; --code: #222529; --ink: #e8912d;
  --badge: #35373b; --badge-ink: #ababad } }
body { padding: 14px 24px 18px 20px; background: var(--page); color: var(--text);
  font: 15px/1.46668 Lato, "Helvetica Neue", Helvetica, Arial, sans-serif; overflow-wrap: anywhere }
.message { display: flex; gap: 9px; max-width: 760px }
.message + .message { margin-top: 20px }
.avatar { flex: none; width: 36px; height: 36px; margin-top: 4px; border-radius: 8px; background: #2b3a55 }
.inner { flex: 1; min-width: 0 }
.who b { font-weight: 900 } .who span { color: var(--soft); font-size: 12px; margin-left: 5px }
.who i { padding: 1px 3px; border-radius: 2px; background: var(--badge); color: var(--badge-ink);
  font: 700 10px/1.2 Lato, sans-serif; margin-left: 5px; vertical-align: 1px }
.block { margin-top: 8px }
.header { font-size: 18px; line-height: 1.33; font-weight: 900 }
.context { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 10px; color: var(--soft);
  font-size: 13px; line-height: 1.38462 }
.context + .context { margin-top: 8px }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 12px }
.text { white-space: pre-wrap } a { color: var(--link); text-decoration: none } b { font-weight: 700 }
pre { margin: 4px 0; padding: 8px; border: 1px solid var(--line); border-radius: 4px; background: var(--code);
  font: 12px/1.50001 Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre-wrap }
code { padding: 2px 3px 1px; border: 1px solid var(--line); border-radius: 3px; background: var(--code);
  color: var(--ink); font: 12px/1.5 Menlo, Consolas, "DejaVu Sans Mono", monospace }
.bar { letter-spacing: 0 }
.emoji { display: inline-block; width: 1.15em; height: 1.15em; border-radius: 50%; vertical-align: -.2em }
svg.emoji { border-radius: 0 }
"""

_AVATAR = (
    '<svg class="avatar" viewBox="0 0 36 36"><path d="M8 18h7m6 0h7" stroke="#fff" stroke-width="3"'
    ' stroke-linecap="round"/><circle cx="18" cy="18" r="4.5" fill="none" stroke="#7fd1ae"'
    ' stroke-width="3"/></svg>'
)


def page(*payloads, at="10:15"):
    """The payloads as messages of one channel."""
    messages = "".join(_message(payload, at) for payload in payloads)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<meta name="color-scheme" content="light dark"><style>{_STYLE}</style><body>{messages}'
    )


def _message(payload, at):
    blocks = "".join(map(_block, payload["blocks"]))
    who = f'<div class="who"><b>relay</b><i>APP</i><span>{at}</span></div>'
    return f'<div class="message">{_AVATAR}<div class="inner">{who}{blocks}</div></div>'


def _block(block):
    kind = block["type"]
    if "fields" in block:
        fields = "".join(f'<div class="text">{_text(field)}</div>' for field in block["fields"])
        return f'<div class="block fields">{fields}</div>'
    texts = block.get("elements") or [block["text"]]
    inner = "".join(f'<div class="text">{_text(text)}</div>' for text in texts)
    return f'<div class="block {kind}">{inner}</div>'


def _text(text):
    said = text["text"]
    if text["type"] != "mrkdwn":
        return _emoji(escape(unescape(said)))
    parts, end = [], 0
    for found in _PARTS.finditer(said):
        parts += [_emoji(escape(unescape(said[end : found.start()]))), _marked(found)]
        end = found.end()
    return "".join([*parts, _emoji(escape(unescape(said[end:])))])


def _marked(found):
    name = "url" if found["url"] else found.lastgroup
    said = escape(unescape(found["label"] if name == "url" else found[name]))
    if name == "url":
        return f'<a href="{escape(unescape(found["url"]))}">{said}</a>'
    return {"pre": "<pre>{}</pre>", "code": "<code>{}</code>", "bold": "<b>{}</b>"}[name].format(said)


def _emoji(said):
    """Drawn, so that a picture looks the same whatever fonts there are."""
    for dot, colour in _DOTS.items():
        said = said.replace(dot, f'<span class="emoji" style="background:{colour}"></span>')
    return said.replace("🧪", _TUBE)
