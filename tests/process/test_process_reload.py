"""A real relay process whose configuration changes while it runs."""

import asyncio
import signal
import time

import pytest

from relay.simulator.http import app
from tests.process.live import served, until

TWO = """
[destinations.hook]
type = "webhook"
url = "{url}/hook"
secret = "$WEBHOOK_SECRET"
{hook}
[destinations.other]
type = "webhook"
url = "{url}/other"
secret = "$WEBHOOK_SECRET"
[rules.everything]
on = ["*"]
to = ["{to}"]
"""


@pytest.fixture
async def write(home, simulator, receiver):
    """Write a configuration that sends all to the destination `to`; `hook` is more of the first one's."""
    async with served(app(simulator)) as api, served(receiver.app()) as url:

        def write(to="hook", hook="", kinds=("parse",), more=""):
            home.watch(api, TWO.format(url=url, to=to, hook=hook) + more, kinds=kinds)

        yield write
        receiver.go_on()


def said(home, words):
    return words in home.log.read_text("utf-8")


async def test_sighup_reads_the_configuration_again_and_systemd_hears_of_it(home, write, looked, systemd):
    write()
    async with home.started("run", NOTIFY_SOCKET=systemd.path) as relay:
        await looked()
        relay.send_signal(signal.SIGHUP)
        state, _, moment = (await systemd.hears("RELOADING")).partition("\n")
        assert state == "RELOADING=1"
        name, _, usec = moment.partition("=")
        assert name == "MONOTONIC_USEC"
        assert 0 <= time.monotonic_ns() // 1000 - int(usec) < 60_000_000
        assert await systemd.hears("READY") == "READY=1"
    assert said(home, "reloaded rules.toml: 1 source, 2 destinations")


async def test_a_changed_file_is_read_by_itself(home, write, looked, simulator, receiver):
    write(to="hook")
    async with home.started("run"):
        await looked()
        write(to="other")
        await until(lambda: said(home, "reloaded rules.toml"))
        simulator.create("parse")
        await until(lambda: receiver.arrivals)
        assert {arrival.path for arrival in receiver.arrivals} == {"/other"}


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"to": "nobody"}, "is no destination: "),
        ({"more": "\n[relay]\n"}, "syntax: "),
        ({"hook": "colour = 1"}, "destinations.hook.colour: "),
    ],
)
async def test_a_file_with_mistakes_is_refused_whole_and_the_running_one_kept(
    home, write, looked, simulator, receiver, systemd, change, mistake
):
    write()
    async with home.started("run", NOTIFY_SOCKET=systemd.path) as relay:
        await looked()
        write(**{"to": "other", **change})
        await until(lambda: said(home, "reload refused, what runs goes on: rules.toml has mistakes:"))
        assert said(home, mistake)
        while "; rules.toml was refused at " not in await systemd.hears("STATUS=1 source, "):
            pass
        simulator.create("parse")
        await until(lambda: receiver.arrivals)
        assert {arrival.path for arrival in receiver.arrivals} == {"/hook"}
        write(to="other")
        await until(lambda: said(home, "reloaded rules.toml"))
        assert relay.returncode is None


@pytest.mark.parametrize("key", ["database", "listen", "token"])
async def test_what_a_running_relay_cannot_change_is_refused(home, write, looked, key):
    value = {"database": "other.db", "listen": "127.0.0.1:9", "token": "a-new-token"}[key]
    write()
    async with home.started("run"):
        await looked()
        lines = home.config.read_text("utf-8").splitlines()
        kept = [line for line in lines if not line.startswith(f"{key} =")]
        kept.insert(kept.index("[relay]") + 1, f'{key} = "{value}"')
        home.write("\n".join(kept))
        mistake = f"relay.{key}: can't change while relay runs: restart it, or set it back"
        await until(lambda: said(home, mistake))
    assert not (home.folder / "other.db").exists()


async def test_what_is_new_is_looked_at_and_what_was_removed_no_more(home, write, looked, simulator):
    write(kinds=("parse", "split"))
    async with home.started("run"):
        await looked(2)
        write(kinds=("parse", "extract"))
        await looked(3)
        simulator.create("split")
        simulator.create("extract")
        await until(lambda: home.ask("SELECT 1 FROM events WHERE type LIKE 'extract.%'"))
        await asyncio.sleep(2)
        assert home.ask("SELECT 1 FROM events WHERE type LIKE 'split.%'") == []


async def test_a_lane_that_changes_finishes_what_it_sends_and_gives_the_rest_back(
    home, write, looked, simulator, receiver
):
    write(hook="concurrency = 2")
    receiver.hang()
    async with home.started("run"):
        await looked()
        for _ in range(9):
            simulator.create("parse")
        await until(lambda: receiver.hanging == 2)
        await until(lambda: len(home.ask("SELECT 1 FROM deliveries")) == 9)
        write(to="other", hook="concurrency = 3")
        asyncio.get_running_loop().call_later(3, receiver.go_on)
        await until(lambda: home.ask("SELECT count(*) FROM deliveries WHERE state = 'delivered'") == [(9,)])
    assert sorted(arrival.path for arrival in receiver.arrivals) == ["/hook"] * 9
    assert home.ask("SELECT max(attempts), sum(attempts) FROM deliveries") == [(1, 9)]


async def test_the_leases_of_a_lane_that_is_removed_are_given_back(home, write, looked, simulator, receiver):
    write()
    receiver.hang()
    async with home.started("run") as relay:
        await looked()
        simulator.create("parse")
        await until(lambda: receiver.hanging)
        lines = home.config.read_text("utf-8")
        begin, end = lines.index("[destinations.hook]"), lines.index("[destinations.other]")
        home.write((lines[:begin] + lines[end:]).replace('to = ["hook"]', 'to = ["other"]'))
        await until(lambda: said(home, "reloaded rules.toml"))
        assert home.ask("SELECT state, owner FROM deliveries") == [("waiting", None)]
        assert relay.returncode is None


async def test_a_new_deny_holds_for_what_is_sent_from_then_on(home, write, looked, simulator, receiver):
    write()
    async with home.started("run"):
        await looked()
        simulator.create("parse")
        await until(lambda: home.ask("SELECT 1 FROM deliveries WHERE state = 'delivered'"))
        write(hook='deny = ["127.0.0.0/8"]')
        await until(lambda: said(home, "rules.toml"))
        await until(lambda: said(home, "forbidden address") or said(home, "reloaded"))
        simulator.create("parse")
        await until(lambda: said(home, "forbidden address"))
    assert len(receiver.arrivals) == 1
