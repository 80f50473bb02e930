"""The ledger finds what was taken from it."""

import sqlite3
from contextlib import closing

import pytest

HARM = {
    "a delivery is lost": ("DELETE FROM deliveries WHERE destination = 'busy'", "undelivered"),
    "an event is lost": ("DELETE FROM events WHERE type = 'parse.running'", "changes"),
    "a job has changed without an event": ("UPDATE jobs SET changes = 9 WHERE id = 'pjb-bad'", "changes"),
    "a delivery was never tried": ("DELETE FROM attempts WHERE outcome = 'delivered'", "unproven"),
    "a delivery nobody wanted": (
        "UPDATE deliveries SET destination = 'else' WHERE destination = 'gone'",
        "unasked",
    ),
    "a delivery of nothing": ("DELETE FROM delivery_parts", "empty"),
}


@pytest.mark.parametrize(("harm", "check"), HARM.values(), ids=HARM.keys())
async def test_the_ledger_finds_that(past, harm, check):
    with closing(sqlite3.connect(past.database)) as db:
        db.execute(harm)
        db.commit()
    done = await past.relay("audit")
    assert done.status == 1
    assert any(line.startswith(f"amiss: {check}: ") for line in done.out.splitlines())
    told = await past.relay("audit", "--json")
    assert told.status == 1
    assert any(line.startswith(check) for line in told.rows[0]["amiss"])
