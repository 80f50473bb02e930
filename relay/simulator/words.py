"""Names and messages as real accounts have them."""

from random import Random

_SUBJECTS = ("invoice", "Q4 Financial Report", "contract", "receipt", "lease", "résumé", "board minutes")
_ENDINGS = ("pdf", "pdf", "pdf", "docx", "xlsx", "pptx", "tiff")

# The codes are those the API documents for failed jobs.
FAILURES = (
    "PDF_IS_PROTECTED: the document is protected by a password",
    "PDF_IS_BROKEN: the document has no readable cross-reference table",
    "UNSUPPORTED_FILE_TYPE: the file type 'application/x-msdownload' is not supported",
    "NO_DATA_FOUND_IN_FILE: no text and no images on any of 3 pages",
    "DOCUMENT_TOO_LARGE: the file has 412 MB, the limit is 300 MB",
    "TOO_MANY_PAGES: the document has 2431 pages",
    "TIMEOUT: the job did not finish within 1800 seconds",
)
BATCH_FAILURES = (
    "The directory could not be read",
    "Orchestration failed after 3 attempts",
)
UNMAPPED = "No job could be created for this file"
SKIPPED = ("already_processed", "size_limit_exceeded")


def file_name(random: Random) -> str:
    return f"{random.choice(_SUBJECTS)}-{random.randint(1000, 9999)}.{random.choice(_ENDINGS)}"


def failure(kind: str, random: Random) -> str:
    return random.choice(BATCH_FAILURES if kind in {"batch", "batch_v1"} else FAILURES)
