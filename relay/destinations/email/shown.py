"""A mail as a person would see it, in a terminal or a browser."""

from email import message_from_bytes, policy
from email.message import EmailMessage

_HEADERS = ("From", "To", "Subject", "Date")


def shown(mail: bytes) -> str:
    """Its headers that people look at, its text, and the names and sizes of what is attached."""
    parsed = message_from_bytes(mail, policy=policy.default)
    body = parsed.get_body(preferencelist=("plain",))
    lines = [f"{name}: {_plain(str(parsed.get(name, '')))}" for name in _HEADERS]
    text = body.get_content() if body is not None else ""
    lines += ["", *map(_plain, text.strip().splitlines())]
    attached = [f"Attached: {_attachment(part)}" for part in parsed.iter_attachments()]
    return "\n".join([*lines, *([""] if attached else []), *attached])


def page(mail: bytes) -> str:
    """Its HTML twin, as a file that a browser opens."""
    body = message_from_bytes(mail, policy=policy.default).get_body(preferencelist=("html",))
    return str(body.get_content()) if body is not None else ""


def _attachment(part: EmailMessage) -> str:
    content = part.get_payload(decode=True)
    size = len(content) if isinstance(content, bytes) else 0
    return f"{_plain(part.get_filename() or 'without a name')} ({size / 1000:,.1f} kB)"


def _plain(line: str) -> str:
    """Whoever wrote the mail, it has no say over the terminal."""
    return "".join(char if char.isprintable() else " " for char in line)
