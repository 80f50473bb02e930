"""What kind of error it is: an error's words without what differs from job to job."""

import re

_READ = 1000  # characters; its beginning says what kind an error is
_LONGEST = 300

_QUOTED = re.compile(r"""(["`])[^"`]+\1|(?<!\w)'.+?'(?!\w)|“[^”]+”""")
_WORD = re.compile(r"[\w+.-]+://[^\s<>\"`“”]+|[^\s=()<>\[\]{}\"`“”]+")
_NUMBER_OR_ID = re.compile(
    r"(?<![\w-])[\w-]*\d(?:[\w.,:+-]*\w)?"  # 7, 1,024.5, 2026-11-22T10:15:30Z, pjb-1f0c…
    r"|\b[0-9a-fA-F]{8,}\b|\b[a-z]{24,}\b"  # ids that happen to have no digit
)
_FILE = re.compile(
    r"\.(?:csv|docx?|epub|gif|html?|jpe?g|json|md|pdf|png|pptx?|rtf|tiff?|txt|xlsx?|xml|zip)$", re.IGNORECASE
)
_CODE = re.compile(r"(?!.*\d{3})[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")  # S3_ACCESS_DENIED is no id
_AROUND = ".,:;!?'"


def masked(error: str) -> str:
    """Tell an error's `error_kind`: quoted parts, URLs and paths as `…`, numbers and ids as `#`.

    One line of at most 300 characters, the same for what is masked already; its cost has a bound.
    """
    kind = _mask(" ".join(error[:_READ].split()))[:_LONGEST].strip()
    # What is gone from a quote, or cut off, may have kept others open. Each pass masks more, so this ends.
    while (again := _mask(kind)) != kind:
        kind = again
    return kind


def _mask(text: str) -> str:
    return _WORD.sub(_mask_word, _QUOTED.sub(_mask_quoted, text))


def _mask_quoted(found: re.Match[str]) -> str:
    return f"{found[0][0]}…{found[0][-1]}"


def _mask_word(found: re.Match[str]) -> str:
    word = found[0]
    core = word.strip(_AROUND)
    if _is_place(core):
        return word.replace(core, "…", 1)
    return word if _CODE.fullmatch(core) else _NUMBER_OR_ID.sub("#", word)


def _is_place(word: str) -> bool:
    return (  # a URL, an address, a path or a file
        "\\" in word
        or "@" in word[1:-1]
        or word.startswith(("/", "~/"))
        or word.count("/") > 1
        or _FILE.search(word) is not None
    )
