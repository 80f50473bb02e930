"""The judge of the soak itself: what it must let pass, and what not."""

import json
import sqlite3
from contextlib import closing

import pytest

from relay.simulator import Shown
from tests.process.live import Arrival, Home, Receiver
from tests.soak.oracle import Excuses, Seen, fits, sightings
from tests.soak.verdict import judge


def seen(text):
    """`P R? C` stands for the statuses P, R and C, of which R may be left out."""
    return [Seen(status=word.rstrip("?"), optional=word.endswith("?")) for word in text.split()]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("P R C", "P P R R R C"),
        ("P C", "P R? C"),
        ("P R C", "P R? C"),
        ("P R", "P P? R R?"),
        ("R", "P? R"),
        ("", "P?"),
        ("C F C", "C F C"),
        ("C", "C F? C"),
    ],
)
def test_what_was_shown_is_told(told, shown):
    assert fits(told.split(), seen(shown))


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("P C", "P R C"),  # lost
        ("P R", "P R C"),
        ("", "P"),
        ("P R C", "P C"),  # invented
        ("P R C F", "P R C"),
        ("P P R", "P P R"),  # doubled
        ("R P", "P R"),  # out of order
        ("P C", "P R? R C"),  # the second time it had to be seen
    ],
)
def test_what_was_not_shown_so_is_found(told, shown):
    assert not fits(told.split(), seen(shown))


def test_only_what_was_answered_just_before_a_kill_or_twice_in_a_look_may_be_left_out():
    log = [Shown(n, at, "parse", "a", status, "") for n, (at, status) in enumerate(ROWS)]
    excuses = Excuses(dead=[(10.0, 12.0), (20.0, 21.0)], looks={"parse": [4.0, 7.0]})
    assert [row.optional for row in sightings(log, excuses)["parse", "a"]] == [
        row in {(6.0, "R"), (11.0, "C")} for row in ROWS
    ]


ROWS = [(1.0, "P"), (5.0, "P"), (6.0, "R"), (8.0, "R"), (11.0, "C"), (13.0, "C"), (19.9, "C")]


@pytest.mark.parametrize(
    ("harm", "finds"),
    [
        ("DELETE FROM events WHERE nth = 2", "relay told ['COMPLETED']"),
        ("UPDATE events SET data = json_set(data, '$.previous', 'RUNNING')", "what an event says was before"),
        ("UPDATE events SET data = json_set(data, '$.name', 'other') WHERE nth = 1", "does not say what"),
    ],
)
def test_harm_to_the_database_is_found(tmp_path, harm, finds):
    home = Home(tmp_path)
    arrivals = list(_make_history(home))
    log = [Shown(n, n, "parse", "a", status, "2") for n, status in enumerate(("COMPLETED", "FAILED"))]
    assert _amiss(home, log, arrivals) == []
    with closing(sqlite3.connect(home.database)) as db, db:
        db.execute(harm)
    assert any(finds in line for line in _amiss(home, log, arrivals))


@pytest.mark.parametrize(
    ("change", "finds"),
    [
        (lambda all_: all_[1:], "came as 0 different messages"),
        (lambda all_: [*all_, all_[0]._replace(id="msg_other")], "came as 2 different messages"),
        (lambda all_: [*all_, all_[0]._replace(body=all_[0].body + b" ")], "came as 2 different messages"),
        (lambda all_: [*all_, all_[0]._replace(path="/failed")], "no rule wanted it"),
        (lambda all_: [all_[1], all_[0], all_[2]], "came after a later event"),
    ],
)
def test_what_did_not_arrive_as_it_should_is_found(tmp_path, change, finds):
    home = Home(tmp_path)
    arrivals = list(_make_history(home))
    log = [Shown(n, n, "parse", "a", status, "2") for n, status in enumerate(("COMPLETED", "FAILED"))]
    assert _amiss(home, log, [*arrivals, arrivals[0]]) == []  # the same once more is no harm
    assert any(finds in line for line in _amiss(home, log, change(arrivals)))


def _amiss(home, log, arrivals):
    receiver = Receiver()
    receiver.arrivals = arrivals
    return judge(
        log=log, old=set(), home=home, receiver=receiver, excuses=Excuses(looks={"parse": [0.5]})
    ).amiss


def _make_history(home):
    """A job that was completed and then failed, as far as the judge reads it; yields what arrived of it."""
    with closing(sqlite3.connect(home.database)) as db, db:
        db.execute("CREATE TABLE sources AS SELECT 1 AS id, 'parse' AS kind, '1' AS baseline")
        db.execute("CREATE TABLE jobs (source, id, created_at, changes, status)")
        db.execute("INSERT INTO jobs VALUES (1, 'a', '2', 2, '')")
        db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, id, source, job_id, nth, type, data)")
        for nth, (status, previous) in enumerate([("COMPLETED", None), ("FAILED", "COMPLETED")], 1):
            data = {"kind": "parse", "job_id": "a", "status": status, "previous": previous, "name": "a.pdf"}
            event = {"id": f"evt_{nth}", "type": f"parse.{status.lower()}", "data": data}
            values = (event["id"], nth, event["type"], json.dumps(data))
            db.execute("INSERT INTO events VALUES (NULL, ?, 1, 'a', ?, ?, ?)", values)
            body = json.dumps(event).encode()
            yield Arrival("/all", f"msg_{nth}", body)
            if status == "FAILED":
                yield Arrival("/failed", "msg_3", body)
