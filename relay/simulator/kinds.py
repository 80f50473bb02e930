"""The six job lists as the API's own description states them (OpenAPI document of 2026-08-20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic_core import CoreSchema, SchemaValidator, core_schema

Params = Mapping[str, SchemaValidator]

ARRAYS = frozenset({"job_ids", "expand"})
"""Parameters that take several values, as repeated keys."""

PLAIN_FILTERS = (
    "configuration_id",
    "document_input_type",
    "document_input_value",
    "file_input",
    "source_directory_id",
    "directory_id",
    "job_type",
)
"""Filters that compare one field of the item; the others (status, dates, ids) are found by index."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    kind: str
    path: str
    prefix: str  # of its ids
    noun: str  # in "… not found"
    list_params: Params
    get_params: Params
    paging: Literal["cursor", "offset"] = "cursor"
    lower: bool = False  # statuses in lower case
    wrapped: bool = False  # GET one answers {"job": …}


def _of(schema: CoreSchema) -> SchemaValidator:
    return SchemaValidator(schema)


def _one_of(*words: str) -> SchemaValidator:
    return _of(core_schema.literal_schema(list(words)))


_TEXT = _of(core_schema.str_schema())
_TIME = _of(core_schema.datetime_schema())
_INTEGER = _of(core_schema.int_schema())
_OFFSET = _of(core_schema.int_schema(ge=0))
_LIMIT = _of(core_schema.int_schema(ge=1, le=1000))
_TEXTS = _of(core_schema.list_schema(core_schema.str_schema()))

_SCOPE = {"project_id": _of(core_schema.uuid_schema()), "organization_id": _of(core_schema.uuid_schema())}
_DATES = {"created_at_on_or_after": _TIME, "created_at_on_or_before": _TIME}
_CURSOR = {"page_size": _INTEGER, "page_token": _TEXT}
_PAGES = {"limit": _LIMIT, "offset": _OFFSET}
_IDS = {"job_ids": _TEXTS}
_EXPAND = {"expand": _TEXTS}

_PLAIN = ("PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED")
_THROTTLED = ("PENDING", "THROTTLED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED")

ITEMS_PARAMS: Params = {
    **_SCOPE,
    **_PAGES,
    "status": _one_of("pending", "processing", "completed", "failed", "skipped", "cancelled"),
}
"""Of `/api/v1/beta/batch-processing/{id}/items`."""

_TABLE = (
    Endpoint(
        kind="parse",
        path="/api/v2/parse",
        prefix="pjb-",
        noun="Parse job",
        wrapped=True,
        list_params={**_SCOPE, **_CURSOR, **_DATES, **_IDS, "status": _one_of(*_PLAIN)},
        get_params={**_SCOPE, **_EXPAND, "image_filenames": _TEXT},
    ),
    Endpoint(
        kind="classify",
        path="/api/v2/classify",
        prefix="",
        noun="Classify job",
        list_params={
            **_SCOPE,
            **_CURSOR,
            **_DATES,
            **_IDS,
            "page_size": _of(core_schema.int_schema(ge=1, le=100)),
            "configuration_id": _TEXT,
            "status": _one_of(*_PLAIN),
        },
        get_params={**_SCOPE, **_EXPAND},
    ),
    Endpoint(
        kind="extract",
        path="/api/v2/extract",
        prefix="ext-",
        noun="Extract job",
        list_params={
            **_SCOPE,
            **_CURSOR,
            **_DATES,
            **_IDS,
            **_EXPAND,
            "configuration_id": _TEXT,
            "document_input_type": _TEXT,
            "document_input_value": _TEXT,
            "file_input": _TEXT,
            "status": _one_of(*_THROTTLED),
        },
        get_params={**_SCOPE, **_EXPAND},
    ),
    Endpoint(
        kind="split",
        path="/api/v1/split/jobs",
        prefix="",
        noun="Split job",
        lower=True,
        list_params={
            **_SCOPE,
            **_CURSOR,
            **_DATES,
            **_IDS,
            "status": _one_of("pending", "processing", "completed", "failed", "cancelled"),
        },
        get_params=_SCOPE,
    ),
    Endpoint(
        kind="batch",
        path="/api/v2/batches",
        prefix="bat-",
        noun="Batch",
        list_params={
            **_SCOPE,
            **_CURSOR,
            **_DATES,
            "source_directory_id": _TEXT,
            "status": _one_of(*_THROTTLED),
        },
        get_params={**_SCOPE, **_EXPAND},
    ),
    Endpoint(
        kind="batch_v1",
        path="/api/v1/beta/batch-processing",
        prefix="bjb-",
        noun="Batch job",
        paging="offset",
        lower=True,
        wrapped=True,
        list_params={
            **_SCOPE,
            **_PAGES,
            "directory_id": _TEXT,
            "job_type": _one_of("parse", "extract", "classify"),
            "status": _one_of("pending", "running", "dispatched", "completed", "failed", "cancelled"),
        },
        get_params=_SCOPE,
    ),
)

ENDPOINTS = {endpoint.kind: endpoint for endpoint in _TABLE}
