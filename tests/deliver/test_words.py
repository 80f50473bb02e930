"""What the rules' templates say of a message is said once, and no one else waits for it."""

import asyncio

from office import Receiver, at_work

from relay.errors import DeliveryFailed


def titles(receiver):
    return [message.title for _, message in receiver.sent]


def saying(what):
    return lambda message: (f"{what} of {message.events[0].data.job_id}", None)


async def test_a_message_says_the_same_each_time_though_its_template_is_another_by_now(office):
    receiver = Receiver(fails=lambda _, nth: DeliveryFailed("no") if nth == 1 else None)
    await office.happens()
    lane = office.lane(receiver, words=saying("news"))
    async with at_work(lane):
        await asyncio.sleep(1)
        lane.heed(saying("no news"), None, {"all"})
        await asyncio.sleep(10)
    assert titles(receiver) == ["news of pjb-1"] * 2


async def test_also_over_a_crash_while_it_was_sent(office):
    receiver = Receiver(takes=lambda _: 5.0)
    await office.happens()
    before = asyncio.create_task(office.courier({"inbox": receiver}, words=saying("news")).run())
    await asyncio.sleep(1)
    gone = await office.crash()
    before.cancel()
    await asyncio.wait([before])
    await gone.close()
    async with at_work(office.courier({"inbox": receiver}, words=saying("no news"))):
        await asyncio.sleep(10)
    assert titles(receiver) == ["news of pjb-1"] * 2


async def test_no_transaction_is_open_while_a_template_is_read(quick_office):
    seen = []

    def words(_):
        seen.append(quick_office.store.writer._connection.in_transaction)
        return "title", "body"

    await quick_office.happens()
    async with at_work(quick_office.lane(Receiver(), words=words)):
        await asyncio.sleep(1)
    assert seen == [False]


async def test_templates_that_take_very_long_end_no_claim(quick_office):
    """Each takes six seconds, of a lease of thirty that is also to be enough for the attempt."""
    said = []

    def words(message):
        said.append(message.id)
        asyncio.get_running_loop()._selector.moved += 6.0
        return "title", None

    receiver = Receiver(takes=lambda _: 10.0)
    ids = [delivery for n in range(12) for delivery in await quick_office.happens(f"pjb-{n}")]
    async with at_work(quick_office.lane(receiver, words=words)):
        await asyncio.sleep(300)
    assert (receiver.ids, said) == (ids, ids)
    assert [row["attempts"] for row in await quick_office.rows()] == [1] * 12


async def test_what_can_not_be_kept_is_not_sent_until_it_can(quick_office):
    receiver, office, said = Receiver(), quick_office, []
    db = office.store.writer._connection

    def words(_):
        if not said:
            db.execute("ALTER TABLE deliveries RENAME COLUMN title TO x")
            asyncio.get_running_loop().call_later(
                0.5, db.execute, "ALTER TABLE deliveries RENAME COLUMN x TO title"
            )
        said.append(1)
        return "title", None

    await office.happens()
    async with at_work(office.lane(receiver, words=words)):
        await asyncio.sleep(0.4)
        assert (len(said), receiver.sent) == (1, [])
        await asyncio.sleep(60)
    assert titles(receiver) == ["title"]


async def test_where_words_can_not_be_found_at_all_a_message_is_claimed_again_until_they_can(quick_office):
    said = []

    def words(_):
        said.append(1)
        if len(said) == 1:
            raise MemoryError
        return "title", None

    receiver = Receiver()
    await quick_office.happens()
    async with at_work(quick_office.lane(receiver, words=words)):
        await asyncio.sleep(60)
    assert titles(receiver) == ["title"]
    assert [row["attempts"] for row in await quick_office.rows()] == [1]
