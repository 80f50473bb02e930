"""What check and status say of seeing: the pace, the order of a list, what hints were worth."""

import json
import sqlite3
from contextlib import closing

import pytest

HOOK = """
[destinations.hook]
type = "webhook"
url = "https://example.com/hook"
secret = "$WEBHOOK_SECRET"
[rules.all]
on = ["*"]
to = ["hook"]
"""
SIX = "".join(
    f"[sources.{kind}]\n" for kind in ("parse", "classify", "extract", "split", "batch", "batch_v1")
)
SLOW = ": too many, so each is read about every 30 s; raise every or requests_per_minute"
TOO_MANY = (
    "the key: 6 sources want 36 requests a minute of 20: too many, so each is read about every 18 to 72 s; "
    "raise every or requests_per_minute"
)


@pytest.fixture
def free_plan(home):
    """Six kinds with one key, as the defaults have it."""
    home.write('[relay]\nlisten = "off"\n[llamacloud]\napi_key = "$LLAMA_CLOUD_API_KEY"\n' + SIX + HOOK)
    return home


async def test_check_says_what_the_configuration_wants_and_the_pace_that_follows(free_plan):
    done = await free_plan.relay("check")
    assert (done.status, done.out.splitlines()[-1]) == (0, TOO_MANY)


async def test_check_has_a_line_for_each_key(home):
    home.write(
        '[relay]\nlisten = "off"\n[llamacloud]\napi_key = "llx-one"\n[sources.parse]\nevery = "1m"\n'
        '[sources.acme]\nkind = ["parse", "split"]\napi_key = "llx-two"\nrequests_per_minute = 4\n' + HOOK
    )
    done = await home.relay("check")
    assert done.out.splitlines()[-2:] == [
        "the key of parse: 1 source wants 1 request a minute of 20",
        "the key of acme.parse: 2 sources want 8 requests a minute of 4" + SLOW,
    ]
    assert "llx-" not in done.out + done.err


def change(home, *statements):
    with closing(sqlite3.connect(home.database)) as db, db:
        for statement in statements:
            db.execute(statement)


async def test_status_knows_the_keys_by_their_names_alone(past):
    change(past, "UPDATE sources SET wants = NULL")
    done = await past.relay("status", LLAMA_CLOUD_API_KEY="")
    assert "the key: 2 sources want 120 requests a minute of 100000" in done.out.splitlines()


async def test_status_goes_by_what_looks_took_last(past):
    change(
        past,
        "UPDATE sources SET wants = 7 WHERE name = 'parse'",
        "UPDATE sources SET wants = 2 WHERE name = 'split'",
    )
    done = await past.relay("status")
    assert "the key: 2 sources want 540 requests a minute of 100000" in done.out.splitlines()
    rows = json.loads((await past.relay("status", "--json")).out)["sources"]
    assert {row["name"]: row["requests"] for row in rows} == {"parse": 7, "split": 2}


async def test_status_says_which_list_shows_no_order(past):
    assert "shows no order" not in (await past.relay("status")).out
    change(past, "UPDATE sources SET ordering = 'none' WHERE name = 'split'")
    assert (
        "split: its list shows no order, so it is read whole once an hour" in (await past.relay("status")).out
    )


async def test_status_says_which_destination_is_down_since_when_and_why(past):
    assert "down since" not in (await past.relay("status")).out
    change(
        past,
        "INSERT OR REPLACE INTO destinations (name, down_at, reason) VALUES ('busy', 'noon', 'HTTP 503')",
    )
    assert "  down since noon: HTTP 503" in (await past.relay("status")).out
    rows = json.loads((await past.relay("status", "--json")).out)["destinations"]
    assert {row["name"]: row["down_at"] for row in rows} == {"hook": None, "gone": None, "busy": "noon"}


async def test_status_shows_what_hints_were_worth_once_there_were_any(past):
    assert "HINTS" not in (await past.relay("status")).out
    into = "INSERT INTO hints (source, job, received_at, asked, changed, ahead)"
    add = into + " SELECT id, 'j', '', 0, {} FROM sources"
    change(
        past, *(f"{add.format(values)} WHERE name = 'parse'" for values in ("1, 4.0", "1, 9.0", "0, NULL"))
    )
    said = (await past.relay("status")).out.splitlines()
    head = next(n for n, line in enumerate(said) if "HINTS FOR" in line)
    assert said[head].split() == ["HINTS", "FOR", "ASKED", "CAME", "FIRST", "EARLIER", "BY"]
    assert said[head + 1].split() == ["parse", "3", "2", "6.5", "s", "on", "average"]
    hints = json.loads((await past.relay("status", "--json")).out)["hints"]
    assert hints == [{"source": "parse", "asked": 3, "first": 2, "seconds": 6.5}]
