"""From a configuration to lanes that send."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from relay.config import Config
from relay.deliver.attempt import Sender
from relay.deliver.courier import Courier
from relay.deliver.lane import Lane
from relay.destinations import TYPES, Destination, Options, Reach, Reaches
from relay.ingest import OwnNews, Routes, Terms
from relay.model import Clock, new_id
from relay.render import text_of
from relay.store import Store

Make = Callable[..., Destination]
"""Of the name and options of a destination, and by name its reach and clock."""


def made(name: str, options: Options, *, reach: Reach, clock: Clock) -> Destination:  # noqa: ARG001 - some show it
    return TYPES[options.type].made(options, reach, clock)


def terms(options: Options) -> Terms:
    return Terms(
        give_up_after=options.give_up_after,
        grouped=TYPES[options.type].for_people,
        takes=options.takes,
    )


@asynccontextmanager
async def at_hand(
    config: Config,
    *,
    routes: Routes,
    reaches: Reaches,
    store: Store,
    clock: Clock,
    chance: random.Random,
    make: Make = made,
) -> AsyncIterator[Courier]:
    """A courier with a lane for each destination; what these hold is let go at the end."""
    lanes: dict[str, Lane] = {}
    courier = Courier(lanes, store=store, clock=clock)
    news, owner = OwnNews(routes, new_id), new_id("run")
    async with AsyncExitStack() as stack:
        for name, options in config.destinations.items():
            type_ = TYPES[options.type]
            destination = make(name, options, reach=await reaches.of(options), clock=clock)
            stack.push_async_callback(destination.close)
            text = partial(text_of, zone=config.timezone) if type_.for_people else None
            lanes[name] = Lane(
                name,
                options,
                Sender(name, options, destination, clock=clock, random=chance, text=text),
                store=store,
                clock=clock,
                owner=owner,
                news=news,
                told=courier.wake,
                tables=type_.takes_tables,
            )
        yield courier
