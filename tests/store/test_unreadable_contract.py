"""A row that holds what it should not ends as dead, with the reason, and stops no other; in any store."""

import pytest
from bookkeeping import NOW, a_file, a_group, delivered

from relay.ingest import OwnNews, Routes
from relay.message import SHOWN
from relay.rules import Router
from relay.store import Claims
from relay.store.outbox import UNREADABLE

NO_JSON = "UPDATE events SET data = 'nonsense' WHERE job_id = 'bad'"
ANOTHER_SHAPE = "UPDATE events SET data = '{\"job_id\": 7}' WHERE job_id = 'bad'"
DEEP = "UPDATE events SET data = '" + '{"job":' * 5000 + "0" + "}" * 5000 + "' WHERE job_id = 'bad'"
NO_MOMENT = "UPDATE events SET timestamp = 'soon' WHERE job_id = 'bad'"
NO_TIME = "UPDATE deliveries SET give_up_at = 'soon' WHERE id LIKE 'msg-bad-%'"
NOTHING = "DELETE FROM delivery_parts WHERE delivery LIKE 'msg-bad-%'"

NEWS = OwnNews(
    Routes(relay="test", router=Router(()), destinations={}, new_id=str), lambda prefix: f"{prefix}_1"
)


def dead(why):
    return NEWS.edge("dead", "ops", why, NOW)


async def bad(lane):
    db = lane.store._reader
    return db.execute("SELECT state, reason FROM deliveries WHERE id = 'msg-bad-1-ops'").fetchone()


@pytest.mark.parametrize("damage", [NO_JSON, ANOTHER_SHAPE, DEEP, NO_MOMENT, NO_TIME, NOTHING])
async def test_the_others_go(place, store, account, lane, damage):
    for job in ("a", "bad", "c"):
        await account.sees(job)
    place.damage(damage)
    turn = await lane.turn()
    assert [one.id for one in turn.claimed] == ["msg-a-1-ops", "msg-c-1-ops"]
    await lane.turn(*map(delivered, turn.claimed), at=1)
    assert await bad(lane) == ("dead", UNREADABLE)
    if damage != NOTHING:
        assert (await store.audit()).amiss == ()


async def test_people_hear_of_it(place, store, account, lane):
    await account.sees("bad")
    place.damage(NO_JSON)
    claims = Claims(room=10, lease_until=NOW + 31)
    turn = await store.turn(destination="ops", owner="me", dead=dead, claims=claims, now=NOW + 1)
    assert turn.news
    assert [row["type"] for row in await store.rows("events")] == ["delivery.dead", "parse.running"]
    assert len(await store.rows("deliveries")) == 1, "it is still in the lists"


async def test_what_comes_after_it_of_the_same_job_goes_on(place, store, account, lane):
    await account.sees("bad")
    place.damage(NO_JSON)
    await account.sees("bad", "FAILED")
    turn = await lane.turn()
    assert (turn.claimed, turn.next_due) != ((), None)
    assert [one.id for one in await lane.claim()] == ["msg-bad-2-ops"]


@pytest.mark.parametrize("damage", [NO_JSON, ANOTHER_SHAPE])
async def test_a_group_that_holds_it_among_those_shown_ends_and_others_go(
    place, store, account, lane, damage
):
    await account.sees("bad", group=a_group())
    await account.sees("a", group=a_group())
    await account.sees("b", group=a_group('{"source":"b"}'))
    place.damage(damage)
    (claimed,) = await lane.claim(at=10)
    assert claimed.id == "msg-b-1-ops"
    assert await bad(lane) == ("dead", UNREADABLE)


async def test_one_of_very_many_is_counted_all_the_same(place, store, account, lane):
    for n in range(SHOWN + 20):
        await account.sees(f"job-{n}", group=a_group())
    await account.sees("bad", group=a_group())
    place.damage(NO_JSON)
    (claimed,) = await lane.claim(at=10, tables=True)
    assert (claimed.message.count, len(claimed.message.rest)) == (SHOWN + 21, 21)


async def test_one_that_settles_stops_no_other(place, store, account, lane):
    await account.sees("bad", "FAILED", settle=30)
    await account.sees("a", "FAILED", settle=30)
    place.damage(NO_JSON)
    assert [one.id for one in await lane.claim(at=30)] == ["msg-a-1-ops"]
    assert await bad(lane) == ("dead", UNREADABLE)


@pytest.mark.parametrize("damage", [NO_JSON, NO_TIME])
async def test_a_message_in_place_of_which_it_is_stands_still(place, store, account, lane, damage):
    await account.sees("bad", "COMPLETED", product="batch", follow=True)
    (first,) = await lane.claim(living=True)
    await lane.turn(delivered(first, place="C1/17"))
    (batch,) = await store.batches_to_follow(source=account.id, now=NOW, limit=1)
    files = [a_file(0, "COMPLETED")]
    await store.batch_followed(source=account.id, batch=batch, files=files, event=None, again="", now=NOW + 1)
    place.damage(damage)
    assert await lane.claim(at=2, living=True) == ()
    await account.sees("a", at=3)
    assert [one.id for one in await lane.claim(at=3, living=True)] == ["msg-a-1-ops"]
