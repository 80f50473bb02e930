"""The list endpoints relay knows, as one table, and a source: one of them, of one project."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote, urlsplit

from relay.model import Secret
from relay.sources.items import Item
from relay.sources.kept import WEBHOOK_SETTINGS

_WEB = {
    "api.cloud.llamaindex.ai": "https://cloud.llamaindex.ai",
    "api.cloud.eu.llamaindex.ai": "https://cloud.eu.llamaindex.ai",
}
_INPUTS = frozenset({"document_input_value", "file_input"})


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A list endpoint. The GET of one job is `path` + "/" + its quoted id."""

    name: str
    product: str  # the first half of event types
    path: str
    paging: Literal["cursor", "offset"] = "cursor"
    page_size: int = 100  # what is asked for where the user says nothing
    page_limit: int = 1000  # the largest page that may be asked for
    filters: frozenset[str] = frozenset()  # what a user's `query` may name
    array_filters: frozenset[str] = frozenset()  # those of `filters` that take several values
    statuses: tuple[str, ...]  # words of the status filter, in the order of a job's life
    job_ids: bool = True  # can the list be filtered by ids
    dates: bool = True  # can the list be filtered by creation dates
    wrapped: bool = False  # the GET of one answers {"job": {…}}
    left_out: frozenset[str]  # top-level fields left out of events unless `include` names them
    page: str | None = None  # the product's page on the web UI, where one is known
    item: type[Item] = Item
    items: str = "items"  # the key the items stand under


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind(
                name="parse",
                product="parse",
                path="/api/v2/parse",
                statuses=("PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"),
                wrapped=True,
                left_out=WEBHOOK_SETTINGS,
                page="parse",
            ),
            Kind(
                name="classify",
                product="classify",
                path="/api/v2/classify",
                page_limit=100,
                filters=frozenset({"configuration_id"}),
                statuses=("PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"),
                left_out=WEBHOOK_SETTINGS | _INPUTS | {"result"},
            ),
            Kind(
                name="extract",
                product="extract",
                path="/api/v2/extract",
                filters=frozenset({"configuration_id", "document_input_type", "expand"} | _INPUTS),
                array_filters=frozenset({"expand"}),
                statuses=("PENDING", "THROTTLED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"),
                left_out=WEBHOOK_SETTINGS | _INPUTS | {"extract_metadata", "extract_result"},
                page="extract",
            ),
            Kind(
                name="split",
                product="split",
                path="/api/v1/split/jobs",
                statuses=("pending", "processing", "completed", "failed", "cancelled"),
                left_out=WEBHOOK_SETTINGS | _INPUTS | {"result"},
            ),
            Kind(
                name="batch",
                product="batch",
                path="/api/v2/batches",
                filters=frozenset({"source_directory_id"}),
                statuses=("PENDING", "THROTTLED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"),
                job_ids=False,
                left_out=WEBHOOK_SETTINGS | {"results"},
            ),
            Kind(
                name="batch_v1",
                product="batch",
                path="/api/v1/beta/batch-processing",
                paging="offset",
                page_size=1000,
                filters=frozenset({"directory_id", "job_type"}),
                statuses=("pending", "dispatched", "running", "completed", "failed", "cancelled"),
                job_ids=False,
                dates=False,
                wrapped=True,
                left_out=WEBHOOK_SETTINGS,
            ),
        )
    }
)


@dataclass(frozen=True, kw_only=True)
class SourceSpec:
    """A list endpoint of one project, as data."""

    name: str
    kind: Kind
    base_url: str
    api_key: Secret
    every: float = 15.0  # seconds
    requests_per_minute: int = 20
    page_size: int | None = None  # what the user says, if anything
    project_id: str | None = None
    organization_id: str | None = None
    query: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, hash=False)
    since: str | None = None  # canonical UTC text
    stuck_after: float | None = None  # seconds in one open status
    include: frozenset[str] = frozenset()
    renamed_from: str | None = None
    signing_secret: Secret | None = None

    @property
    def asked_size(self) -> int:
        """Items that a page is asked for with."""
        return min(self.page_size or self.kind.page_size, self.kind.page_limit)

    @property
    def left_out(self) -> frozenset[str]:
        return self.kind.left_out - self.include

    def identity(self) -> str:
        """Canonical JSON text of what is listed; under another one what was known says nothing."""
        return json.dumps(
            {
                "base_url": self.base_url.rstrip("/"),
                "kind": self.kind.name,
                "organization_id": self.organization_id,
                "project_id": self.project_id,
                "query": {key: _values(value) for key, value in self.query.items()},
            },
            sort_keys=True,
        )

    def url_of(self, project_id: str | None) -> str | None:
        """Link the product's page of a project: no page of a single job, and of no other host, is known."""
        web = _WEB.get(urlsplit(self.base_url).hostname or "")
        if not (web and project_id and self.kind.page):
            return None
        return f"{web}/project/{quote(project_id, safe='')}/{self.kind.page}"


def _values(value: str | tuple[str, ...]) -> list[str]:
    return [value] if isinstance(value, str) else sorted(value)
