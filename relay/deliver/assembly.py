"""From a configuration to lanes that send."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from relay.config import Config
from relay.deliver.attempt import Sender
from relay.deliver.courier import Courier
from relay.deliver.lane import Lane
from relay.deliver.upkeep import Upkeep
from relay.destinations import TYPES, Destination, Options, Reach, Reaches, Type
from relay.ingest import OwnNews, Routes, Terms
from relay.message import Message, Text
from relay.model import Clock, new_id
from relay.render import Templates, text_of
from relay.store import Result, Store

Make = Callable[..., Destination]
"""Of the name and options of a destination, and by name its reach and clock."""


def made(name: str, options: Options, *, reach: Reach, clock: Clock) -> Destination:  # noqa: ARG001 - some show it
    return TYPES[options.type].made(options, reach, clock)


def routes_of(config: Config) -> Routes:
    return Routes(
        relay=config.relay,
        router=config.router,
        destinations={name: _terms(options) for name, options in config.destinations.items()},
        new_id=new_id,
        alerts_to=config.alerts_to,
    )


def _terms(options: Options) -> Terms:
    return Terms(
        give_up_after=options.give_up_after,
        grouped=TYPES[options.type].for_people,
        takes=options.takes,
    )


def _words(
    config: Config, destination: str, type_: Type
) -> Callable[[Message], tuple[str | None, str | None]] | None:
    """What the templates of the rules that name this destination say; None where there are none."""
    templates = {
        rule.name: Templates(
            title=rule.title, body=rule.body, rule=rule.name, flavour=type_.flavour, zone=config.timezone
        )
        for rule in config.rules
        if destination in rule.to and (rule.title or rule.body)
    }

    def words(message: Message) -> tuple[str | None, str | None]:
        return templates[message.rule].render(message) if message.rule in templates else (None, None)

    return words if templates else None


def _text(config: Config, type_: Type) -> Callable[[Message], Text] | None:
    return partial(text_of, zone=config.timezone) if type_.for_people else None


def upkeep_of(config: Config, routes: Routes, store: Store, clock: Clock, told: Callable[[], None]) -> Upkeep:
    return Upkeep(
        destinations=config.destinations.keys(),
        rules=config.rule_names,
        store=store,
        clock=clock,
        news=OwnNews(routes, new_id),
        told=told,
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
    attempted: Callable[[str, Result], None] = lambda *_: None,
) -> AsyncIterator[Courier]:
    """A courier with a lane for each destination; what these hold is let go at the end. `attempted` hears of
    each attempt.
    """
    lanes: dict[str, Lane] = {}
    courier = Courier(lanes, store=store, clock=clock, renamed=config.renamed)
    news, owner = OwnNews(routes, new_id), new_id("run")
    async with AsyncExitStack() as stack:
        for name, options in config.destinations.items():
            type_, reach = TYPES[options.type], await reaches.of(options)
            destination = make(name, options, reach=reach, clock=clock)
            stack.push_async_callback(destination.close)
            heard, text = partial(attempted, name), _text(config, type_)
            sender = Sender(
                name, options, destination, clock=clock, random=chance, text=text, attempted=heard
            )
            lanes[name] = Lane(
                name,
                options,
                sender,
                store=store,
                clock=clock,
                owner=owner,
                news=news,
                told=courier.wake,
                words=_words(config, name, type_),
                tables=type_.takes_tables,
                rules=config.rule_names,
            )
        yield courier
