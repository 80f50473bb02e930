"""What a page's form sends."""

import asyncio
from urllib.parse import parse_qs

from aiohttp import web

from relay.web.problems import Problem

LARGEST = 8 * 1024
WITHIN = 10.0
"""Bytes of a form, and seconds in which it must have come: who logs in is not known yet."""


async def form(request: web.Request) -> dict[str, str]:
    """Its fields, each as it was given last. Raises Problem."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem(415, "send a form")
    if request.content_length is None or request.content_length > LARGEST:
        raise Problem(413, "the form is too large")
    try:
        async with asyncio.timeout(WITHIN):
            body = await request.read()
        fields = parse_qs(body.decode("ascii"), max_num_fields=20, errors="strict")
    except TimeoutError:
        raise Problem(408, "the form took too long") from None
    except ValueError:
        raise Problem(400, "this is no form") from None
    return {name: values[-1] for name, values in fields.items()}
