"""What may stand between relay and the simulated API: put around `api.answer`."""

import json
from dataclasses import replace
from itertools import count

import httpx

from relay.simulator import Answer
from relay.sources import KINDS

LISTS = {kind.path for kind in KINDS.values()}


def unreachable(answer, *, after=0):
    """No connection, but for the first so many requests."""
    numbers = count()

    def answered(request):
        if next(numbers) >= after:
            raise httpx.ConnectError("no route to host")
        return answer(request)

    return answered


def refusing(answer, status, *, path=""):
    """What begins with this path is answered with this status."""

    def answered(request):
        if request.path.startswith(path):
            return Answer(status=status, body=b'{"detail": "no"}')
        return answer(request)

    return answered


def hanging(answer, *, path):
    """What begins with this path is answered after an hour."""

    def answered(request):
        given = answer(request)
        return replace(given, delay=3600.0) if request.path.startswith(path) else given

    return answered


def meanwhile(answer, act, *, after):
    """Something happens once so many requests have been answered."""
    numbers = count()

    def answered(request):
        if next(numbers) == after:
            act()
        return answer(request)

    return answered


def lagging(answer, **shown):
    """Lists show these jobs by an old status; asked by id they are right."""

    def answered(request):
        given = answer(request)
        if request.path not in LISTS:
            return given
        page = json.loads(given.body)
        for item in page["items"]:
            item.update(shown.get(item["id"], {}))
        return replace(given, body=json.dumps(page).encode())

    return answered
