"""Pictures of what people get, into docs/pictures: `make pictures`."""

import asyncio
import hashlib
import json
import sys
from pathlib import Path

from relay.destinations.email import page as mail_page
from tests.samples import dashboard, slack_page
from tests.samples.browser import browser, found
from tests.samples.render import mail, slack
from tests.samples.stories import STORIES

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
TAKEN_OF = FOLDER / "taken-of.json"
SCHEMES = ("light", "dark")
DESKTOP, PHONE, CHANNEL = 760, 390, 680
SCALE = 1.5
DASHBOARD = (1120, 790)
DRAWN = "document.querySelectorAll('canvas').length === 2 && !document.getElementById('link').hidden"


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
        async with dashboard.served() as url:
            size = {"width": DASHBOARD[0], "height": DASHBOARD[1], "scheme": "light", "scale": 1.25}
            _keep("dashboard", await window.visit(url, once=DRAWN, **size))
        for name, content, width in pages():
            for scheme in SCHEMES:
                picture = await window.picture(content, width=width, scheme=scheme, scale=SCALE)
                _keep(f"{name}-{scheme}", picture)
    TAKEN_OF.write_text(f"{json.dumps(digests(), indent=2)}\n", "utf-8")


def _keep(name, picture):
    file = FOLDER / f"{name}.png"
    file.write_bytes(picture)
    sys.stdout.write(f"{file.name}  {len(picture) / 1000:.0f} kB\n")


if __name__ == "__main__":
    asyncio.run(main())
