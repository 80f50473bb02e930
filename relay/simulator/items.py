"""A job as the API shows it. Fields that are not set are null, as the API sends them."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Raw
from msgspec.json import encode

from relay.simulator.job import BatchFile, Job, time_text

Item = dict[str, Any]
Expand = frozenset[str]

_ITEM_STATUS = {"PENDING": "pending", "THROTTLED": "pending", "RUNNING": "processing"}
_TIERS = ("fast", "cost_effective", "agentic", "agentic_plus")
_TAGS: tuple[dict[str, str] | None, ...] = (None, {}, {"owner": "jerry", "team": "research"})
_RULES = {"invoice": "contains invoice number, line items, and total amount", "other": "anything else at all"}
_SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}


def item_of(job: Job, expand: Expand = frozenset()) -> Item:
    item = _SHAPES[job.kind](job, expand)
    if job.dates != "utc":
        _DATES[job.dates](item)
    return {**item, **job.item}


def listed(job: Job, expand: Expand) -> Item | Raw:
    """Show a job as a list does; what follows from the job alone is encoded once."""
    if expand or job.kind.startswith("batch"):
        return item_of(job, expand)
    if job.encoded is None:
        job.encoded = Raw(encode(item_of(job)))
    return job.encoded


def one_of(job: Job, expand: Expand) -> Item:
    """Show a job as GET one does."""
    item = item_of(job, expand)
    if job.kind == "parse":
        more = {"job_metadata": {"job_pages": 3}} if "job_metadata" in expand else {}
        return {"job": item, **more}
    if job.kind == "batch_v1":
        return {"job": item, "progress_percentage": _progress(item)}
    return item


def files_of(batch: Job) -> list[Item]:
    """List the items of a batch_v1."""
    return [_file(batch, file) for file in batch.files]


def _null_dates(item: Item) -> None:
    item["created_at"] = item["updated_at"] = None


def _missing_dates(item: Item) -> None:
    del item["created_at"], item["updated_at"]


def _naive_dates(item: Item) -> None:
    for name in ("created_at", "updated_at"):
        item[name] = item[name].removesuffix("Z")


_DATES = {"null": _null_dates, "missing": _missing_dates, "naive": _naive_dates}


def _common(job: Job) -> Item:
    return {
        "id": job.id,
        "project_id": job.project_id,
        "status": job.status,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "error_message": job.error,
    }


def _kin(job: Job, prefix: str) -> str:
    return prefix + job.id[-36:]


def _configuration_id(job: Job) -> str:
    return f"cfg-{job.spin % 3:08d}-2222-3333-4444-555555555555"


def _credits(job: Job, expand: Expand, *parts: str) -> Item | None:
    if "usage" not in expand:
        return None
    return dict.fromkeys(("credits", *parts), 30.0 if job.ended else None)


def _done(job: Job, result: Any) -> Any:
    return result if job.status == "COMPLETED" else None


def _parse(job: Job, expand: Expand) -> Item:
    return {
        **_common(job),
        "name": job.name,
        "tier": _TIERS[job.spin % 4],
        "user_metadata": _TAGS[job.spin % 3],
        "usage": _credits(job, expand),
    }


def _classify(job: Job, expand: Expand) -> Item:
    rules = [{"type": rule, "description": text} for rule, text in _RULES.items()]
    pages = {"lang": "en", "max_pages": 10, "target_pages": "1,3,5-7"}
    result = {"type": "invoice", "confidence": 0.93, "reasoning": "It has an invoice number."}
    return {
        **_common(job),
        "user_id": "usr-1",
        "file_input": _kin(job, "dfl-"),
        "document_input_type": "file_id",
        "configuration": {"rules": rules, "mode": "FAST", "parsing_configuration": pages},
        "configuration_id": _configuration_id(job),
        "transaction_id": None,
        "parse_job_id": _kin(job, "pjb-") if job.started else None,
        "result": _done(job, result),
        "usage": _credits(job, expand, "parse_credits"),
    }


def _extract(job: Job, expand: Expand) -> Item:
    configuration = {"data_schema": _SCHEMA, "tier": "agentic", "extraction_target": "per_doc"}
    metadata = {"field_metadata": None, "parse_job_id": _kin(job, "pjb-"), "parse_tier": "agentic"}
    return {
        **_common(job),
        "file_input": _kin(job, "dfl-"),
        "configuration_id": _configuration_id(job),
        "configuration": configuration if "configuration" in expand else None,
        "extract_result": _done(job, {"total": 99.5}),
        "extract_metadata": _done(job, metadata) if "extract_metadata" in expand else None,
        "metadata": None,
        "usage": _credits(job, expand, "extract_credits", "parse_credits"),
    }


def _split(job: Job, _: Expand) -> Item:
    segment = {"category": "invoice", "pages": [1, 2], "confidence_category": "high"}
    return {
        **_common(job),
        "status": job.status.lower(),
        "user_id": "usr-1",
        "file_input": _kin(job, "dfl-"),
        "document_input_type": "file_id",
        "categories": [{"name": name, "description": text} for name, text in _RULES.items()],
        "splitting_strategy": {"allow_uncategorized": "include"},
        "configuration_id": _configuration_id(job),
        "transaction_id": None,
        "result": _done(job, {"segments": [segment]}),
    }


def _batch(job: Job, expand: Expand) -> Item:
    item = _common(job)
    del item["error_message"]  # the API has none here, whatever became of the batch
    kind = f"{job.makes}_v2"
    known = job.status in {"COMPLETED", "CANCELLED"} and "results" in expand
    return {
        **item,
        "source_directory_id": _kin(job, "dir-"),
        "config": {"job": {"type": kind, "configuration_id": _configuration_id(job)}},
        "results": [_result(file, kind) for file in job.files] if known else None,
    }


def _result(file: BatchFile, kind: str) -> Item:
    return {
        "source_directory_file_id": file.id,
        "job_reference": {"type": kind, "id": file.job.id} if file.job else None,
        "error_message": file.error,
    }


def _batch_v1(job: Job, _: Expand) -> Item:
    ends = [_file_status(job, file) for file in job.files]
    return {
        **_common(job),
        "status": job.status.lower(),
        "job_type": job.makes,
        "directory_id": _kin(job, "dir-"),
        "total_items": len(ends),
        # The API says "processed so far": taken as all that are done with, in whatever way.
        "processed_items": sum(end in {"completed", "failed", "skipped"} for end in ends),
        "failed_items": ends.count("failed"),
        "skipped_items": ends.count("skipped"),
        "workflow_id": _kin(job, "wfl-"),
        "job_record_id": _kin(job, "jrc-"),
        "effective_at": job.updated_at,
        "started_at": _time(job.started),
        "completed_at": _time(job.ended),
    }


def _progress(item: Mapping[str, Any]) -> float:
    return 100.0 * item["processed_items"] / item["total_items"] if item["total_items"] else 0.0


def _time(at: int | None) -> str | None:
    return None if at is None else time_text(at)


def _file_status(batch: Job, file: BatchFile) -> str:
    if file.skip_reason:
        return "skipped"
    status = file.job.status if file.job else "PENDING"
    if batch.status in {"FAILED", "CANCELLED"} and status in _ITEM_STATUS:
        return "cancelled"
    return _ITEM_STATUS.get(status, status.lower())


def _file(batch: Job, file: BatchFile) -> Item:
    job = file.job
    return {
        "item_id": file.id,
        "item_name": file.name,
        "status": _file_status(batch, file),
        "job_id": job.id if job else None,
        "error_message": job.error if job else file.error,
        "skip_reason": file.skip_reason,
        "job_record_id": _kin(job, "jrc-") if job else None,
        "effective_at": (job or batch).updated_at,
        "started_at": _time(job.started if job else None),
        "completed_at": _time(job.ended if job else None),
    }


_SHAPES: Mapping[str, Callable[[Job, Expand], Item]] = {
    "parse": _parse,
    "classify": _classify,
    "extract": _extract,
    "split": _split,
    "batch": _batch,
    "batch_v1": _batch_v1,
}
