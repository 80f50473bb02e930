"""Samples of every message as files, into docs/samples: `make samples`."""

import json
import shutil
from email import message_from_bytes, policy
from pathlib import Path

from relay.destinations.email import page, shown
from relay.destinations.slack import shown as slack_shown
from tests.samples.render import mail, slack, slack_reply, webhooks
from tests.samples.stories import STORIES

FOLDER = Path(__file__).parents[2] / "docs" / "samples"

SHOWN = 3
"""Rows and events of a large message that its files show."""


def files():
    """Each file by its path below the folder, as bytes."""
    yield "README.md", _index().encode()
    for name, story in STORIES.items():
        for file, content in _of(story):
            yield f"{name}/{file}", content


def _of(story):
    payload, letter = slack(story), mail(story)
    yield "slack.json", _json(payload)
    yield "slack.txt", f"{slack_shown(payload)}\n".encode()
    if (said := slack_reply(story)) is not None:
        yield "slack-reply.txt", f"{slack_shown(said)}\n".encode()
    content = letter.as_bytes()
    yield "mail.txt", f"{shown(content)}\n".encode()
    yield "mail.html", page(content).replace("\r\n", "\n").encode()
    yield "mail.eml", _short(content)
    for form, body in webhooks(story):
        yield f"webhook-{form}.json", _json(_shortened(body))


def _json(value):
    """What nobody sees is escaped, so that the file shows it; what is sent has it as it is."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    seen = (char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)
    return f"{''.join(seen)}\n".encode()


def _shortened(body):
    """A large group with its first events alone."""
    events = body["data"].get("events", [])
    return body if len(events) <= 10 else {**body, "data": {**body["data"], "events": events[:SHOWN]}}


def _short(content):
    """Of a mail with a long table, which its other files show, headers and structure and the first rows."""
    letter = message_from_bytes(content, policy=policy.SMTP)
    for part in letter.iter_attachments():
        rows = part.get_payload(decode=True).splitlines(keepends=True)[: SHOWN + 1]
        name, charset = part.get_filename(), {"charset": "utf-8"}
        part.set_content(
            b"".join(rows), "text", "csv", params=charset, filename=name, disposition="attachment"
        )
    return letter.as_bytes()


def _index():
    news = "\n".join(f"- [{story.what}]({name})" for name, story in STORIES.items())
    return f"""# Samples

Every message that relay sends, as files that `make samples` writes and a test keeps current.

{news}

Each folder has the same news for each destination, with default settings:

- `slack.json` is what is posted, `slack.txt` what a person reads of it, and `slack-reply.txt` what a bot
  says in the thread of a message that it has changed, where people should not miss that
- `mail.eml` is the mail, `mail.txt` and `mail.html` its twins
- `webhook-standard.json`, `webhook-cloudevents.json` and `webhook-llamacloud.json` are the bodies, where the
  format can say it

To stay small, the files of the ten thousand hold {SHOWN} of the hundred events in a webhook's body, and
{SHOWN} rows of `events.csv` in `mail.eml`. The [pictures](../pictures) show the same news.
"""


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, content in files():
        file = FOLDER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    main()
