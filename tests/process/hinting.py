"""Hints, left at a relay as LlamaCloud leaves its webhooks."""

import hashlib
import hmac
import json
import socket
from itertools import count

import aiohttp

HINT_SECRET = "a secret that signs hints"
_PORTS = count(21_000)
"""Below those that the system gives to who connects: no one takes one while relay is dead."""


def free_port() -> int:
    while True:
        port = next(_PORTS)
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                return port


async def is_taken(port: int, job: str) -> bool:
    """Whether a relay that listens there takes a hint of this job."""
    body = json.dumps({"event_type": "parse.success", "data": {"job_id": job}}).encode()
    signature = hmac.new(HINT_SECRET.encode(), body, hashlib.sha256).hexdigest()
    url, headers = f"http://127.0.0.1:{port}/hints/parse", {"LC-Signature": f"sha256={signature}"}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=headers) as answer,
        ):
            return answer.status == 202
    except aiohttp.ClientError:
        return False
