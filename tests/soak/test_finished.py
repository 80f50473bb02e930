"""The judge of batches: what it must let pass, and what not."""

import json
import sqlite3
from contextlib import closing

import pytest

from relay.model import utc_text
from relay.simulator import Happened
from tests.soak.befalls import Befell
from tests.soak.finished import PARTS, File, Finished
from tests.virtual import START

LIVES = {
    "batch": {0: "PENDING", 10: "CANCELLED", 100: "RUNNING", 200: "COMPLETED"},
    "parse": {110: "RUNNING", 150: "FAILED"},
}
TOLD = {1: ("PENDING", 0), 2: ("CANCELLED", 10), 3: ("RUNNING", 100), 4: ("COMPLETED", 200)}


@pytest.fixture
def amiss(tmp_path):
    """What is found where a batch that went to work twice was finished so: by its change, when and how."""

    def judge(**finished):
        happened = [
            Happened(START + at, kind, kind, status)
            for kind, lives in LIVES.items()
            for at, status in lives.items()
        ]
        with closing(sqlite3.connect(tmp_path / "relay.db")) as db, db:
            db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, job_id, nth, type, timestamp, data)")
            for nth, (status, at) in TOLD.items():
                _tell(db, nth, status.lower(), at, {"status": status, "outcome": None})
            for change, (at, part) in finished.items():
                nth = int(change[-1])
                counts = dict.fromkeys(PARTS, 0) | {part: 1}
                failures = [{"file_id": "f"}] if part == "failed" else []
                outcome = {"total": 1, **counts, "failures": failures, "failures_omitted": 0}
                _tell(db, nth, "finished", at, {"status": TOLD[nth][0], "outcome": outcome})
        files = {"batch": [File("f", "parse", None)]}
        return list(Finished(tmp_path / "relay.db", happened, files, Befell(away=9 * 3600.0)).amiss())

    return judge


def _tell(db, nth, what, at, data):
    values = ("batch", nth, f"batch.{what}", utc_text(START + at), json.dumps(data))
    db.execute("INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?)", values)


def test_a_file_that_had_no_job_yet_when_its_batch_was_finished_was_unknown(amiss):
    assert amiss(change_2=(20, "unknown"), change_4=(210, "failed")) == []


def test_a_file_whose_job_was_there_is_not_unknown(amiss):
    (found,) = amiss(change_2=(20, "unknown"), change_4=(210, "unknown"))
    assert "its files came to {'f': {'failed'}}" in found


def test_a_file_is_not_told_of_as_what_it_never_was(amiss):
    (found,) = amiss(change_4=(210, "completed"))
    assert "its files came to" in found


def test_the_last_end_of_a_batch_is_told(amiss):
    assert amiss(change_2=(20, "unknown")) == ["batch: COMPLETED, and never finished"]


def test_an_end_is_told_by_the_change_that_it_was(amiss):
    assert any("finished as RUNNING with change 3" in line for line in amiss(change_3=(120, "unknown")))
