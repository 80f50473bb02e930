"""The API as an OpenAPI 3.1 document, made from the same types that check what comes."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from relay import __version__
from relay.web.api.calls import LONGEST, PREFIX, Call
from relay.web.api.models import ProblemDetails
from relay.web.problems import TYPE

_REF = "#/components/schemas/{name}"
_ALWAYS = {
    401: "The token is missing or wrong.",
    403: "Not allowed: without a token reading alone, and on this machine.",
    503: "The database did not answer; try again.",
}
_REFUSALS = {
    **_ALWAYS,
    404: "There is none of this name.",
    409: "It is not in a state in which this can be done.",
    422: "A parameter is wrong; `detail` says which.",
}


def document(calls: Sequence[Call]) -> dict[str, Any]:
    answers = [call.answer for call in calls]
    schemas, components = msgspec.json.schema_components([*answers, ProblemDetails], ref_template=_REF)
    paths: dict[str, Any] = {}
    for call, schema in zip(calls, schemas, strict=False):
        paths.setdefault(PREFIX + call.path, {})[call.method.lower()] = _operation(call, schema)
    paths[f"{PREFIX}/changes"] = {"get": _changes()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "relay",
            "version": __version__,
            "description": "What relay knows of jobs, events and deliveries. Errors are RFC 9457 problems.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(call: Call, schema: dict[str, Any]) -> dict[str, Any]:
    parameters = [*_in_path(call.path), *_in_query(call)]
    statuses = {*_ALWAYS, *call.refusals, 422}
    return {
        "operationId": _name_of(call),
        "summary": call.words,
        "parameters": parameters,
        "responses": {
            "200": {"description": "So it is.", "content": {"application/json": {"schema": schema}}},
            **{str(status): _problem(status) for status in sorted(statuses)},
        },
    }


def _name_of(call: Call) -> str:
    words = re.findall(r"\w+", call.path.replace("{", "by_").replace("}", ""))
    return "_".join([call.method.lower(), *words])


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST[name]},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(call: Call) -> list[dict[str, Any]]:
    schema = msgspec.json.schema(call.query)
    properties = schema["$defs"][call.query.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": of} for name, of in properties.items()]


def _problem(status: int) -> dict[str, Any]:
    content = {TYPE: {"schema": {"$ref": _REF.format(name="ProblemDetails")}}}
    return {"description": _REFUSALS[status], "content": content}


def _changes() -> dict[str, Any]:
    return {
        "operationId": "get_changes",
        "summary": "Server-sent events: `event` for each new event, `status` when anything changed.",
        "parameters": [
            {
                "name": "Last-Event-ID",
                "in": "header",
                "description": "Go on after this event.",
                "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
            }
        ],
        "responses": {
            "200": {
                "description": "It does not end.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **{str(status): _problem(status) for status in _ALWAYS},
        },
    }
