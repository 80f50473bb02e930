"""From a configuration to lanes that send."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from relay.config import Config
from relay.deliver.attempt import Sender
from relay.deliver.courier import Courier
from relay.deliver.lane import Lane
from relay.deliver.upkeep import Upkeep
from relay.deliver.words import Words
from relay.destinations import TYPES, Destination, Options, Reach, Reaches, Type
from relay.ingest import LatestRoutes, OwnNews, Routes, Terms
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


def _words(config: Config, destination: str, type_: Type) -> Words | None:
    """What the templates of the rules that name this destination say; None where there are none."""
    templates = {
        rule.name: Templates(
            title=rule.title,
            body=rule.body,
            rule=rule.name,
            flavour=type_.flavour,
            zone=config.timezone,
            counting=type_.for_people,
        )
        for rule in config.rules
        if destination in rule.to and (rule.title or rule.body)
    }

    def words(message: Message) -> tuple[str | None, str | None]:
        return templates[message.rule].render(message) if message.rule in templates else (None, None)

    return words if templates else None


class Lanes:
    """The lanes of a configuration, in a courier. `attempted` hears of each attempt."""

    def __init__(
        self,
        *,
        routes: LatestRoutes,
        reaches: Reaches,
        store: Store,
        clock: Clock,
        chance: random.Random,
        make: Make = made,
        attempted: Callable[[str, Result], None] = lambda *_: None,
    ) -> None:
        self.courier = Courier({}, store=store, clock=clock)
        self._reaches = reaches
        self._store = store
        self._clock = clock
        self._chance = chance
        self._make = make
        self._attempted = attempted
        self._news, self._owner = OwnNews(routes, new_id), new_id("run")
        self._made_of: dict[str, object] = {}

    async def prepared(self, config: Config) -> Callable[[], Awaitable[None]]:
        """What makes the lanes as this configuration has them; until it is called nothing changes, and then
        nothing is refused. A lane whose options, and the files they name, are as they were goes on; of the
        others what is being sent is finished first, and what was claimed is given back.
        """
        of = {name: _made_of(options) for name, options in config.destinations.items()}
        new = {name: await self._lane(config, name) for name in of if of[name] != self._made_of.get(name)}

        async def become() -> None:
            for name in of.keys() - new.keys():
                self.courier.lanes[name].heed(*_speech(config, name), config.rule_names)
            ended = [name for name in self._made_of if name not in of or name in new]
            self._made_of = of
            await asyncio.gather(*map(self.courier.take_out, ended))
            await self.courier.change(config.renamed, config.renamed_rules)
            for name, lane in new.items():
                self.courier.put(name, lane)
            await self._reaches.keep({options.deny for options in config.destinations.values()})

        return become

    async def _lane(self, config: Config, name: str) -> Lane:
        options = config.destinations[name]
        sender = sender_of(
            config,
            name,
            reach=await self._reaches.of(options),
            clock=self._clock,
            chance=self._chance,
            make=self._make,
            attempted=partial(self._attempted, name),
        )
        return Lane(
            name,
            options,
            sender,
            store=self._store,
            clock=self._clock,
            owner=self._owner,
            news=self._news,
            told=self.courier.wake,
            words=sender.words,
            tables=TYPES[options.type].takes_tables,
            rules=config.rule_names,
        )

    async def close(self) -> None:
        """Let go of what the destinations hold."""
        for lane in self.courier.lanes.values():
            await lane.sender.close()


def _made_of(options: Options) -> object:
    """What a lane is made of: another makes another lane. Of the files that options name, their content."""
    paths = [value for _, value in options if isinstance(value, Path)]
    return options, [path.read_bytes() for path in paths]


def _speech(config: Config, name: str) -> tuple[Words | None, Callable[[Message], Text] | None]:
    type_ = TYPES[config.destinations[name].type]
    text = partial(text_of, zone=config.timezone) if type_.for_people else None
    return _words(config, name, type_), text


def sender_of(
    config: Config,
    name: str,
    *,
    reach: Reach,
    clock: Clock,
    chance: random.Random,
    make: Make = made,
    attempted: Callable[[Result], None] = lambda _: None,
) -> Sender:
    """What sends to a destination of the configuration, as a lane does."""
    options = config.destinations[name]
    words, text = _speech(config, name)
    destination = make(name, options, reach=reach, clock=clock)
    return Sender(
        name,
        options,
        destination,
        clock=clock,
        random=chance,
        text=text,
        words=words,
        attempted=attempted,
    )


def upkeep_of(
    config: Config, routes: LatestRoutes, store: Store, clock: Clock, told: Callable[[], None]
) -> Upkeep:
    return Upkeep(
        destinations=config.destinations.keys(),
        rules=config.rule_names,
        store=store,
        clock=clock,
        news=OwnNews(routes, new_id),
        told=told,
    )
