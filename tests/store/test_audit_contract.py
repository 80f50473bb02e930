"""The ledger finds all that is amiss, and nothing where all is well."""

import pytest
from bookkeeping import delivered, failed

from relay.store import Ledger


@pytest.fixture
async def books(store, account, lane):
    """Of a the first event was delivered and the second matched no rule; b is dead, c waits."""
    await account.sees("a")
    await account.sees("b")
    for claimed in await lane.claim():
        await lane.turn((delivered if claimed.id.startswith("msg-a") else failed)(claimed), room=0)
    await account.sees("a", "COMPLETED", to=())
    await account.sees("c", to=("ops", "dev"))
    await account.sees("d", to=())
    return store


async def test_where_all_is_well_nothing_is_amiss(books):
    ledger = await books.audit()
    assert ledger.amiss == ()
    assert (ledger.transitions, ledger.matched, ledger.unmatched) == (5, 3, 2)
    assert ledger.deliveries == {"dead": 1, "delivered": 1, "waiting": 2}


async def test_of_each_event_and_destination_it_says_what_became(books):
    assert (await books.audit()).owed == {"dead": 1, "delivered": 1, "waiting": 2}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_in_slices_it_finds_the_same(place, books, limit):
    place.damage("DELETE FROM deliveries WHERE id = 'msg-c-1-dev'")
    place.damage("UPDATE jobs SET changes = 7 WHERE id = 'a'")
    whole = await books.audit()
    ledger, after, slices = Ledger(), None, 0
    while slices == 0 or after is not None:
        part, after = await books.audit_slice(after=after, limit=limit)
        ledger, slices = ledger + part, slices + 1
    assert ledger == whole
    assert (ledger.imbalance, len(ledger.amiss)) == (2, 2)
    assert slices >= 12 / limit


COPY = """
  INSERT INTO deliveries (id, destination, rule, relay, severity, state, due_at, give_up_at, created_at)
  SELECT 'msg-copy', destination, rule, relay, severity, 'waiting', due_at, give_up_at, created_at
  FROM deliveries WHERE id = 'msg-c-1-ops'"""
COPIED_PART = """INSERT INTO delivery_parts
  SELECT 'msg-copy', event FROM delivery_parts WHERE delivery = 'msg-c-1-ops'"""


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (["DELETE FROM events WHERE id = 'evt-d-1'"], ["changes: parse d: 1 changes, 0 events"]),
        (["UPDATE jobs SET changes = 1 WHERE id = 'a'"], ["changes: parse a: 1 changes, 2 events"]),
        (["UPDATE events SET nth = 3 WHERE id = 'evt-a-2'"], ["changes: parse a: 2 changes, 2 events"]),
        (
            ["DELETE FROM deliveries WHERE id = 'msg-c-1-dev'"],
            ["undelivered: evt-c-1 to dev: 0 deliveries"],
        ),
        (
            ["DELETE FROM delivery_parts WHERE delivery = 'msg-c-1-dev'"],
            ["undelivered: evt-c-1 to dev: 0 deliveries", "empty: msg-c-1-dev"],
        ),
        ([COPY, COPIED_PART], ["undelivered: evt-c-1 to ops: 2 deliveries"]),
        ([COPY], ["empty: msg-copy"]),
        (
            ["UPDATE events SET rules = '{}' WHERE id = 'evt-b-1'"],
            ["unasked: msg-b-1-ops to ops carries evt-b-1"],
        ),
        (["DELETE FROM attempts WHERE delivery = 'msg-a-1-ops'"], ["unproven: msg-a-1-ops is delivered"]),
        (
            ["UPDATE deliveries SET state = 'dead' WHERE id = 'msg-c-1-dev'"],
            ["unproven: msg-c-1-dev is dead"],
        ),
    ],
)
async def test_each_kind_of_damage_is_named(place, books, damage, found):
    for sql in damage:
        place.damage(sql)
    assert list((await books.audit()).amiss) == found


async def test_what_is_amiss_in_thousands_is_listed_in_twenty_lines(place, books, account):
    for n in range(50):
        await account.sees(f"job-{n}")
    place.damage("DELETE FROM deliveries")
    ledger = await books.audit()
    assert (len(ledger.amiss), ledger.imbalance) == (20, 54)


async def test_a_state_that_no_one_knows_is_amiss(place, books):
    place.damage("UPDATE deliveries SET state = 'lost' WHERE id = 'msg-c-1-dev'")
    assert (await books.audit()).amiss != ()
