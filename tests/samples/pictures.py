"""Pictures of what people get, into docs/pictures: `make pictures`."""

import asyncio
import hashlib
import json
import sys
from pathlib import Path

from relay.destinations.email import page as mail_page
from tests.samples import slack_page
from tests.samples.browser import browser, found
from tests.samples.render import mail, slack
from tests.samples.stories import STORIES

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
TAKEN_OF = FOLDER / "taken-of.json"
SCHEMES = ("light", "dark")
DESKTOP, PHONE, CHANNEL = 760, 390, 680
SCALE = 1.5


def pages():
    """Name, page, and the width it is looked at."""
    for name, stories in _CHANNELS.items():
        payloads = [slack(STORIES[story]) for story in stories]
        yield f"slack-{name}", slack_page.page(*payloads), CHANNEL
    for story in _MAILS:
        content = mail_page(mail(STORIES[story]).as_bytes())
        yield f"mail-{story}", content, DESKTOP
        yield f"mail-{story}-phone", content, PHONE


_CHANNELS = {
    "batch": ("failed", "batch-moving"),
    "group": ("group-of-10000", "source-down"),
}
_MAILS = ("failed", "group-of-4")


def digests():
    """Of what each picture is taken of, and how."""
    return {
        name: hashlib.sha256(f"{width} {SCALE} {content}".encode()).hexdigest()
        for name, content, width in pages()
    }


async def main():
    program = found()
    if program is None:
        sys.exit("pictures: there is no chromium on the PATH; on Debian: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    async with browser(program) as window:
        for name, content, width in pages():
            for scheme in SCHEMES:
                file = FOLDER / f"{name}-{scheme}.png"
                file.write_bytes(await window.picture(content, width=width, scheme=scheme, scale=SCALE))
                sys.stdout.write(f"{file.name}  {file.stat().st_size / 1000:.0f} kB\n")
    TAKEN_OF.write_text(f"{json.dumps(digests(), indent=2)}\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
