"""Names that were others: what is kept under the old one goes on under the new."""

from collections.abc import Mapping
from typing import Any

from relay.config.findings import Findings
from relay.config.tables import NAME

KEY = "renamed_from"

Tables = Mapping[str, Any]


def refuse_false_names(what: str, tables: Tables, findings: Findings) -> None:
    """What was kept under an old name can be only one's. `what`: sources, destinations or rules."""
    first: dict[str, str] = {}
    for name, table in tables.items():
        old, place = table.get(KEY), (what, name, KEY)
        if not isinstance(old, str):
            continue
        if old in tables:
            text = f"names a {what[:-1]} that is still there: take it out of one of the two"
            findings.mistake(place, text)
        elif first.setdefault(old, name) != name:
            findings.mistake(place, f"is the old name of {first[old]} too: take it out of one of the two")


def old_names(what: str, tables: Tables, findings: Findings) -> dict[str, str]:
    """Of destinations or rules: the names that they had, by those they have."""
    refuse_false_names(what, tables, findings)
    found = {}
    for name, table in tables.items():
        old = table.get(KEY, "")
        if KEY in table and not (isinstance(old, str) and NAME.fullmatch(old)):
            findings.mistake((what, name, KEY), f"must be the name that the {what[:-1]} had")
        elif old:
            found[name] = old
    return found


def without_old_name(table: Tables) -> Tables:
    return {key: value for key, value in table.items() if key != KEY}
