"""Sends what waits in a database to its end, as relay does; but one message ends it at once.

`python -m tests.process.fragile relay.db`
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from relay.deliver import Courier, Lane, Sender
from relay.destinations import Options, Receipt
from relay.ingest import OwnNews, Routes, Terms
from relay.model import SystemClock, new_id
from relay.rules import Router, Rule
from relay.store import open_store

NAMES = ("ops", "dev")
ENDED = 9


class Fragile:
    async def send(self, message):
        if message.events[0].data.job_id == "poison":
            os._exit(ENDED)
        await asyncio.sleep(0.02)
        return Receipt(status=200)


async def main(path):
    store, clock = open_store(path), SystemClock()
    troubles = Rule(name="troubles", on=("delivery.dead",), to=("dev",))
    terms = dict.fromkeys(NAMES, Terms(give_up_after=3600))
    routes = Routes(relay="test", router=Router([troubles]), destinations=terms, new_id=new_id)
    options = Options(type="fragile", concurrency=3)
    courier = Courier({}, store=store, clock=clock)
    for name in NAMES:
        sender = Sender(name, options, Fragile(), clock=clock, random=random.Random(1))
        news = OwnNews(routes, new_id)
        told = courier.wake
        lane = Lane(name, options, sender, store=store, clock=clock, owner="me", news=news, told=told)
        courier.put(name, lane)
    running = asyncio.create_task(courier.run())
    while await store.rows("deliveries", state="waiting", limit=1):  # noqa: ASYNC110 - it is the store's to say
        await asyncio.sleep(0.02)
    courier.stop()
    await running
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
