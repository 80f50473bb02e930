"""What pages are made with: styles, scripts and the icon, all of relay's own host."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp import web

from relay.web.problems import Problem

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

FOREVER = "public, max-age=31536000, immutable"
"""For who asks by the address that pages name: another content has another."""


@dataclass(frozen=True)
class Asset:
    """A file; `mark` differs with its content."""

    body: bytes
    type: str
    mark: str


@cache
def assets() -> dict[str, Asset]:
    files = (file for file in sorted(FOLDER.rglob("*")) if file.suffix in TYPES)
    return {file.name: _read(file) for file in files}


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    return Asset(body, TYPES[file.suffix], hashlib.sha256(body).hexdigest()[:12])


def address(name: str) -> str:
    """Where a page finds it. Raises KeyError where there is none."""
    return f"{PREFIX}/{name}?{assets()[name].mark}"


async def asset(request: web.Request) -> web.Response:
    found = assets().get(request.match_info["name"])
    if found is None:
        raise Problem(404, "there is nothing of this name")
    kept = FOREVER if request.query_string == found.mark else "no-cache"
    response = web.Response(
        body=found.body, content_type=found.type, charset="utf-8", headers={"Cache-Control": kept}
    )
    response.enable_compression()
    return response
