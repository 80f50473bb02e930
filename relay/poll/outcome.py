"""What became of a batch's files: pure functions of what the API says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from relay.model import TERMINAL_STATUSES, Job
from relay.store import BatchFile

FAILURES_NAMED = 20

_ENDS = TERMINAL_STATUSES | {"UNKNOWN", "SKIPPED"}
_KINDS = {"parse_v2": "parse", "extract_v2": "extract"}


def is_pending(file: BatchFile) -> bool:
    return file.status not in _ENDS


def files_of(results: Any) -> list[BatchFile] | None:
    """The files that `results` of a batch name, in their order; None where it is no list."""
    if not isinstance(results, list):
        return None
    return [_file(result if isinstance(result, dict) else {}, place) for place, result in enumerate(results)]


def _file(result: Mapping[str, Any], place: int) -> BatchFile:
    """A file without a job could not be given one, which is its failure."""
    reference = result.get("job_reference")
    reference = reference if isinstance(reference, dict) else {}
    kind, job = _KINDS.get(str(reference.get("type"))), _text(reference.get("id"), 200)
    error = _text(result.get("error_message"))
    has_job = kind is not None and job is not None
    return BatchFile(
        place=place,
        file=_text(result.get("source_directory_file_id"), 200),
        kind=kind if has_job else None,
        job=job,
        name=None,
        status="PENDING" if has_job else "FAILED" if error else "UNKNOWN",
        error=error,
    )


def with_job(file: BatchFile, job: Job | None) -> BatchFile:
    return file if job is None else replace(file, status=job.status, name=job.name, error=job.error)


def given_up(files: Sequence[BatchFile]) -> list[BatchFile]:
    return [replace(file, status="UNKNOWN") if is_pending(file) else file for file in files]


NOTHING_KNOWN: Mapping[str, Any] = {
    "total": None,
    **dict.fromkeys(("completed", "failed", "skipped", "cancelled", "unknown"), 0),
    "failures": [],
    "failures_omitted": 0,
}


def outcome_of(files: Sequence[BatchFile]) -> dict[str, Any]:
    counts = dict.fromkeys(("completed", "failed", "skipped", "cancelled", "unknown"), 0)
    for file in files:
        counts[file.status.lower()] += 1
    failures = [
        {"file_id": file.file, "job_id": file.job, "name": file.name, "error": file.error}
        for file in files
        if file.status == "FAILED"
    ]
    return {
        "total": len(files),
        **counts,
        "failures": failures[:FAILURES_NAMED],
        "failures_omitted": max(0, len(failures) - FAILURES_NAMED),
    }


def counted_outcome(counts: Any, failures: list[dict[str, Any]]) -> dict[str, Any]:
    """`processed_items` counts all that were dealt with. The parts add up to the total, whatever is said.

    What failed after it was counted is among the `failures`, and counts too.
    """
    total, failed, skipped = (_count(counts, f"{word}_items") for word in ("total", "failed", "skipped"))
    failed = max(failed, len(failures))
    total = max(total, failed + skipped)
    dealt_with = min(total, max(_count(counts, "processed_items"), failed + skipped))
    cancelled = str(_field(counts, "status")).upper() == "CANCELLED"
    rest = total - dealt_with
    return {
        "total": total,
        "completed": dealt_with - failed - skipped,
        "failed": failed,
        "skipped": skipped,
        "cancelled": rest if cancelled else 0,
        "unknown": 0 if cancelled else rest,
        "failures": failures,
        "failures_omitted": max(0, failed - len(failures)),
    }


def has_failures(counts: Any) -> bool:
    return _count(counts, "failed_items") > 0


def failed_items(body: Any) -> list[dict[str, Any]]:
    """The first of them, of a page of a batch's items."""
    items = _field(body, "items")
    listed = items if isinstance(items, list) else []
    return [_failure(item) for item in listed if isinstance(item, dict)][:FAILURES_NAMED]


def _failure(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "file_id": _text(item.get("item_id"), 200),
        "job_id": _text(item.get("job_id"), 200),
        "name": _text(item.get("item_name"), 500),
        "error": _text(item.get("error_message")),
    }


def _field(fields: Any, name: str) -> Any:
    return fields.get(name) if isinstance(fields, dict) else None


def _count(counts: Any, name: str) -> int:
    value = _field(counts, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _text(value: Any, limit: int = 1000) -> str | None:
    return value[:limit] if isinstance(value, str) and value else None
