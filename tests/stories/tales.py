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


def refusing(answer, status, *, path="", **headers):
    """What begins with this path is answered with this status."""

    def answered(request):
        if request.path.startswith(path):
            return Answer(status=status, body=b'{"detail": "no"}', headers=headers)
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


def hiding(answer, *jobs):
    """These jobs are in no list, and by id they are not found."""

    def answered(request):
        if request.path.rpartition("/")[2] in jobs:
            return Answer(status=404, body=b'{"detail": "not found"}')
        given = answer(request)
        if request.path not in LISTS:
            return given
        page = json.loads(given.body)
        page["items"] = [item for item in page["items"] if item["id"] not in jobs]
        return replace(given, body=json.dumps(page).encode())

    return answered


def dating(answer, date):
    """Every answer says that it is this time."""

    def answered(request):
        given = answer(request)
        return replace(given, headers={**given.headers, "Date": date})

    return answered


def ordering(answer, order):
    """Whole lists of a kind that pages by offset come in another order; `order` sorts items."""

    def answered(request):
        if request.path not in LISTS or ("status", "pending") in request.query:
            return answer(request)
        asked = dict(request.query)
        offset, limit = int(asked.pop("offset", 0)), int(asked.pop("limit", 50))
        given = answer(replace(request, query=[*asked.items(), ("limit", "1000")]))
        items = order(json.loads(given.body)["items"])[offset : offset + limit]
        return replace(given, body=json.dumps({"items": items}).encode())

    return answered


def refusing_lists(answer, code, /, **of):
    """A list of this (`status="RUNNING"`, `job_ids="job-1"`) is refused with this HTTP status, named."""

    def answered(request):
        for name, _ in of.items() & request.query:
            return Answer(status=code, body=json.dumps({"detail": f"no such {name}"}).encode())
        return answer(request)

    return answered


async def looks(it, count, *, after=15.0):
    """So many looks; the troubles they had."""
    return [trouble for _ in range(count) if (trouble := (await it.look(after=after)).trouble)]


async def types(it):
    """(job or source, type) of every event, in their order."""
    return [(event["job_id"] or event["name"], event["type"]) for event in await it.events()]


def windows(it, *, since=0):
    """(start, end) of the windows of creation time that were asked for."""
    asked = [dict(request.query) for _, request in it.api.asked[since:]]
    return [
        (query["created_at_on_or_after"], query.get("created_at_on_or_before"))
        for query in asked
        if "created_at_on_or_after" in query and "page_token" not in query
    ]
