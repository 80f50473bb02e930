"""What a template may be made of, read from its text: `if` and `for`, fields, and filters that are known.

Nothing is called and nothing is kept, so that no template reaches beyond its fields or makes texts without
end.
"""

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches

from relay.render.engine import KEPT, OWN

LONGEST = {"title": 500, "body": 4000}
LOOPS = 2

_STRING = r""" "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' """
_TAG = re.compile(
    rf"""\{{\#.*?\#\}}
    | \{{% [-+]? \s* (?P<statement>\w*) (?P<inside>(?: {_STRING} | [^"'] )*?) [-+]? %\}}
    | \{{\{{ (?P<printed>(?: {_STRING} | [^"'] )*?) \}}\}}
    """,
    re.DOTALL | re.VERBOSE,
)
_STRINGS = re.compile(_STRING, re.DOTALL | re.VERBOSE)
_FILTER = re.compile(r"\|\s*(\w+)")
_CALL = re.compile(r"(\|\s*|\bis\s+(?:not\s+)?)?([\w.]*\w|[\])\"])\s*\(")
_STATEMENTS = frozenset({"if", "elif", "else", "endif", "for", "endfor"})
_WORDS = frozenset({"if", "elif", "else", "in", "and", "or", "not", "is"})


def mistakes(key: str, source: str) -> Iterator[tuple[int, str]]:
    """Offsets, and what must not stand there. The template is one that minijinja can read."""
    if not source.strip():
        yield 0, f"is empty: write what the {key} is to say, or leave it out"
    if len(source) > LONGEST[key]:
        yield 0, f"is {len(source):,} characters long, the limit is {LONGEST[key]:,}"
        return
    depth = 0
    for tag in _TAG.finditer(source):
        statement, at = tag["statement"], tag.start()
        if statement is not None and statement not in _STATEMENTS:
            yield at, f"`{statement}` has no place here: there are if, elif, else and for"
        depth += {"for": 1, "endfor": -1}.get(statement or "", 0)
        if statement == "for" and depth > LOOPS:
            yield at, f"has a loop within {LOOPS} others: leave one out"
        code = _STRINGS.sub('""', tag["inside"] or tag["printed"] or "")
        for text in _of_code(code, tag[0]):
            yield at, text
    if re.search(r"\{[{%#]", _TAG.sub("", source)):
        yield 0, "holds a tag that has no end"


def _of_code(code: str, whole: str) -> Iterator[str]:
    for found in _FILTER.finditer(code):
        if found[1] not in KEPT | OWN:
            yield unknown("filter", found[1], KEPT | OWN)
    for before, called in _CALL.findall(code):
        if not before and called not in _WORDS:
            yield f"`{called}(…)` calls something: a template has fields and filters, nothing to call"
    if "{" in code or "}" in code:
        yield "makes a table with { }: a template has no use for one"
    if re.search(r"\._|__", whole):
        yield "names something that begins with _: no field does"


def unknown(what: str, name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, sorted(known), 1)
    hint = f"did you mean `{close[0]}`?" if close else f"the {what}s are {', '.join(sorted(known))}"
    return f"unknown {what} `{name[:100]}`; {hint}"
