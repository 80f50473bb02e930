"""What the API tells of a relay that has seen three jobs: one ended well, two failed."""

import pytest
from yarl import URL

from relay.web.api import models, one
from tests.process.live import until
from tests.web.conftest import EVIL, a_relay


async def walked(running, path, **params):
    """All items of a list, in pages of one."""
    found, cursor = [], {}
    while True:
        page = await running.get(path, limit=1, **params, **cursor)
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/events", "/api/v1/deliveries"])
async def test_pages_show_each_once_in_the_order_of_the_whole_list(running, path):
    whole = (await running.get(path, limit=200))["items"]
    assert len(whole) >= 3
    assert [item["id"] for item in await walked(running, path)] == [item["id"] for item in whole]


@pytest.mark.parametrize(
    ("path", "params", "found"),
    [
        ("jobs", {"status": "failed"}, {"bad.pdf", EVIL}),
        ("jobs", {"status": "COMPLETED", "source": "parse"}, {"good.pdf"}),
        ("jobs", {"source": "batch"}, set()),
        ("jobs", {"source": "nowhere"}, set()),
        ("jobs", {"id": "pjb-good"}, {"good.pdf"}),
        ("jobs", {"id": "pjb-good", "status": "failed"}, set()),
        ("jobs", {"id": "pjb-good", "status": "completed", "source": "parse"}, {"good.pdf"}),
        ("jobs", {"id": "pjb-good", "source": "batch"}, set()),
        ("events", {"type": "parse.failed"}, {"bad.pdf", EVIL}),
        ("events", {"job": "pjb-good"}, {"good.pdf"}),
        ("events", {"job": "pjb-good", "type": "parse.failed"}, set()),
        ("events", {"source": "parse", "type": "parse.completed"}, {"good.pdf"}),
        ("deliveries", {"destination": "gone"}, {"bad.pdf"}),
        ("deliveries", {"state": "dead"}, {"bad.pdf"}),
        ("deliveries", {"destination": "hook", "state": "waiting"}, set()),
    ],
)
async def test_lists_hold_what_fits_all_filters(running, path, params, found):
    page = await running.get(f"/api/v1/{path}", **params)
    assert {item["name"] for item in page["items"]} == found


async def test_a_filter_may_name_several(running):
    params = [("state", "dead"), ("state", "waiting")]
    async with running.asking() as session, session.get("/api/v1/deliveries", params=params) as answer:
        states = {item["state"] for item in (await answer.json())["items"]}
    assert states == {"dead", "waiting"}


async def test_a_job_is_told_with_its_life(running):
    job = await running.get("/api/v1/jobs/parse/pjb-good")
    assert [told["event"]["status"] for told in job["timeline"]] == ["COMPLETED", "RUNNING"]
    assert [d["destination"] for d in job["timeline"][0]["deliveries"]] == ["hook"]


async def test_an_id_with_slashes_and_signs_is_found(running):
    url = URL(f"{running.url}/api/v1/jobs/parse/pjb%2Fodd%20%252F", encoded=True)
    async with running.asking() as session, session.get(url) as answer:
        assert (answer.status, (await answer.json())["name"]) == (200, EVIL)


async def test_an_event_says_why_it_was_sent_or_not(running):
    (row,) = (await running.get("/api/v1/events", type="parse.failed", job="pjb-bad"))["items"]
    event = await running.get(f"/api/v1/events/{row['id']}")
    said = " / ".join(event["why"])
    assert "rule everything sends it to hook: delivered 20" in said
    assert "rule failures sends it to gone: dead 20" in said
    assert "HTTP 410" in said
    assert "rule failures sends it to busy: waits, due 20" in said
    assert event["job"]["id"] == "pjb-bad"
    (own,) = (await running.get("/api/v1/events", type="delivery.dead"))["items"]
    assert (await running.get(f"/api/v1/events/{own['id']}"))["why"] == [
        "no rule matched it, so it was sent to no one"
    ]


async def test_a_delivery_is_told_with_its_attempts_and_what_it_carries(running):
    (row,) = (await running.get("/api/v1/deliveries", destination="gone"))["items"]
    delivery = await running.get(f"/api/v1/deliveries/{row['id']}")
    assert [(a["nth"], a["outcome"], a["status"]) for a in delivery["tries"]][:1] == [(1, "dead", 410)]
    assert [event["job_id"] for event in delivery["carries"]] == ["pjb-bad"]


async def test_destinations_and_sources_say_how_they_are(running):
    by_name = {d["name"]: d for d in (await running.get("/api/v1/destinations"))["items"]}
    assert (by_name["hook"]["delivered"], by_name["gone"]["dead"], by_name["busy"]["waiting"]) == (4, 1, 1)
    source = await running.get("/api/v1/sources/parse")
    assert (source["ready"], source["trouble"], source["pace"]) == (True, None, 1.0)
    assert source["budget_left"] > 1


async def test_series_count_what_happened_up_to_now(running):
    series = await running.get("/api/v1/series", step="minute", points=10)
    assert len(series["times"]) == 10
    assert sum(series["series"]["parse.failed"]) == 2
    ended = await running.get("/api/v1/series", what="deliveries", points=2)
    assert (sum(ended["series"]["hook/delivered"]), sum(ended["series"]["gone/dead"])) == (4, 1)


async def test_rules_are_shown_with_what_they_matched(running):
    rules = {rule["name"]: rule for rule in (await running.get("/api/v1/rules"))["items"]}
    assert rules["failures"]["match"] == {"name": "b*"}
    assert (rules["everything"]["matches"], rules["failures"]["matches"]) == (4, 1)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/nothing", 404),
        ("/nothing", 404),
        ("/api/v1/jobs/parse/nope", 404),
        ("/api/v1/jobs/nope/pjb-good", 404),
        ("/api/v1/events/nope", 404),
        ("/api/v1/deliveries/nope", 404),
        ("/api/v1/destinations/nope", 404),
        ("/api/v1/jobs?limit=0", 422),
        ("/api/v1/jobs?limit=201", 422),
        ("/api/v1/jobs?limit=1&limit=2", 422),
        ("/api/v1/jobs?colour=red", 422),
        ("/api/v1/jobs?cursor=nonsense", 422),
        ("/api/v1/events?cursor=-1", 422),
        ("/api/v1/deliveries?state=lost", 422),
        ("/api/v1/jobs?status=%FF%00", 422),
        ("/api/v1/jobs?source=a%0A", 422),
        ("/api/v1/series?points=100000", 422),
        ("/api/v1/events?type=" + "&type=".join(["a"] * 21), 422),
    ],
)
async def test_what_is_not_there_or_not_right_is_a_problem_with_its_way_out(running, path, status):
    url = URL(running.url + path, encoded=True)
    async with running.asking() as session, session.get(url) as answer:
        problem = await answer.json(content_type="application/problem+json")
        assert (answer.status, problem["status"]) == (status, status)
        assert len(problem["detail"]) > 10


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("jobs?limit=201", "limit must be a whole number from 1 to 200"),
        ("jobs?limit=1&limit=2", "limit is given more than once; give it once"),
        ("jobs?cursor=nonsense", "cursor must be `next` of the page before, as it is"),
        (
            "deliveries?state=lost",
            "state must be one of dead, delivered, superseded, waiting; given at most 20 times",
        ),
        ("series?colour=red", "there is no parameter 'colour' here; those there are: what, step, points"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named_with_what_it_may_be(running, path, words):
    async with running.asking() as session, session.get(f"/api/v1/{path}") as answer:
        assert (await answer.json(content_type="application/problem+json"))["detail"] == words


async def test_a_method_that_is_not_there_is_a_problem_that_names_those_that_are(running):
    async with running.asking() as session, session.delete("/api/v1/jobs") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET"
        assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/openapi.json", "/nope"]
)
async def test_every_answer_is_closed_to_browsers(running, path):
    async with running.asking() as session, session.get(path) as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == "relay"


async def test_a_dead_delivery_is_retried_under_its_id_and_a_destination_tested(tmp_path):
    async with a_relay(tmp_path, more='token = "once"', kinds=("parse",)) as it:
        (row,) = (await it.get("/api/v1/deliveries", token="once", state="dead"))["items"]
        path = f"/api/v1/deliveries/{row['id']}/retry"
        assert (await it.post(path, token="once"))["state"] == "waiting"
        await until(lambda: sum(a.id == row["id"] for a in it.receiver.arrivals) == 2)
        await until(lambda: it.home.ask("SELECT 1 FROM deliveries WHERE state = 'dead'"))
        delivered = (await it.get("/api/v1/deliveries", token="once", state="delivered"))["items"][0]
        problem = await it.post(f"/api/v1/deliveries/{delivered['id']}/retry", token="once", status=409)
        assert "only what is dead" in problem["detail"]
        await it.post("/api/v1/deliveries/nope/retry", token="once", status=404)
        sent = await it.post("/api/v1/destinations/hook/test", token="once")
        assert (sent["delivered"], sent["status"]) == (True, 204)
        assert it.receiver.arrivals[-1].event["type"] == "relay.test"
        refused = await it.post("/api/v1/destinations/gone/test", token="once")
        assert (refused["delivered"], refused["reason"]) == (False, "HTTP 410")


def a_delivery(**fields):
    nothing = dict.fromkeys(models.Delivery.__struct_fields__)
    return models.Delivery(**nothing | {"destination": "hook", "state": "waiting", "attempts": 0} | fields)


@pytest.mark.parametrize(
    ("held", "until"),
    [
        (None, "due 12:00"),
        ("order", "for an earlier one of its job"),
        ("rule", "for its rule, which is not in the configuration"),
        ("alone", "to be sent alone"),
    ],
)
def test_what_waits_says_for_what(held, until):
    waits = a_delivery(held=held, due_at="12:00", replay=False)
    assert one.why({"all": ["hook"]}, [waits], None) == [f"rule all sends it to hook: waits, {until}"]


def test_what_was_sent_by_hand_is_told_beside_what_the_rules_sent():
    by_rule = a_delivery(replay=False, state="dead", ended_at="12:00", reason="dropped")
    by_hand = a_delivery(replay=True, state="delivered", ended_at="13:00")
    sent = "sent to hook by hand: delivered 13:00"
    assert one.why({}, [by_hand], None) == [sent]
    assert one.why({"all": ["hook"]}, [by_hand, by_rule], None) == [
        "rule all sends it to hook: dead 12:00 (dropped)",
        sent,
    ]
