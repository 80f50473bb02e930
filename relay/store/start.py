"""What is put right when the only relay on a database starts, in one transaction."""

from collections.abc import Iterator, Mapping
from sqlite3 import Connection

import msgspec

from relay import schedule
from relay.model import seconds_of, utc_text
from relay.store.named import SQL

_MILLISECOND = 0.001

_NONE: Mapping[str, str] = {}

_decode = msgspec.json.Decoder(dict[str, list[str]]).decode


def begin(db: Connection, *, now: float) -> None:
    """No claim is anyone's, no wait longer than its kind allows, and all rules are looked at anew."""
    db.execute(SQL["lose_leases"], {"now": utc_text(now)})
    db.execute(SQL["look_at_rules_again"])
    cut_waits(db, now=now)


def cut_waits(db: Connection, *, now: float) -> None:
    """No wait is longer than its kind allows, nor than it would have been had it begun now."""
    at = utc_text(now)
    db.executemany(SQL["cut_wait"], list(_too_long(db, at, now)))
    db.execute(SQL["cut_moves"], (at,))


def change(
    db: Connection, *, renamed: Mapping[str, str] = _NONE, renamed_rules: Mapping[str, str] = _NONE
) -> None:
    """The configuration has become this one: all rules are looked at anew, and what was not delivered under
    the old name of a destination, or of a rule, moves to the new. Old names by new ones.
    """
    for new, old in renamed.items():
        _rename(db, old, new)
    for new, old in renamed_rules.items():
        db.execute(SQL["rename_rule"], {"old": old, "new": new})
    db.execute(SQL["look_at_rules_again"])


def _too_long(db: Connection, at: str, now: float) -> Iterator[tuple[str, int]]:
    tomorrow = utc_text(now + schedule.LONGEST_SETTLE)
    for seq, due_at, failures, group, since, given_back in db.execute(SQL["waits"], (at, tomorrow)):
        due = seconds_of(due_at)
        longest = 0.0 if given_back else schedule.longest_wait(failures, group=group)
        cut = schedule.cut(due, since=seconds_of(since), now=now, longest=longest)
        if cut < due - _MILLISECOND:
            yield utc_text(cut), seq


def _rename(db: Connection, old: str, new: str) -> None:
    names = {"old": old, "new": new}
    for seq, delivery, is_replay in db.execute(SQL["to_rename"], names).fetchall():
        db.execute(SQL["rename_delivery"], (new, seq))
        for event, rules in () if is_replay else db.execute(SQL["events_of"], (delivery,)).fetchall():
            wanted = {rule: [new if to == old else to for to in tos] for rule, tos in _decode(rules).items()}
            db.execute(SQL["set_rules"], (msgspec.json.encode(wanted).decode(), event))
    for statement in ("rename_destination", "forget_destination", "rename_places", "forget_places"):
        db.execute(SQL[statement], names if statement.startswith("rename") else {"old": old})
