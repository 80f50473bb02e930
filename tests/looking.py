"""A relay of a story, as those see it who ask it over HTTP."""

from types import SimpleNamespace

from relay.web import Metrics, View, app


def view_of(it, **config):
    """`config`: what the configuration has, beside a token."""
    known = {
        "relay": "test",
        "sources": it.specs,
        "destinations": {},
        "rules": (),
        "token": None,
        "alerts_to": None,
    }
    return View(
        config=SimpleNamespace(**known | config),
        store=it.store,
        clock=it.clock,
        pollers={poller.spec.name: poller for poller in it.relay.pollers},
        courier=it.relay.courier,
        began=it.clock.now(),
    )


def served_by(it, **config):
    names = [spec.name for spec in it.specs]
    return app(view_of(it, **config), Metrics(names, it.relay.courier.lanes, {"parse"}))
