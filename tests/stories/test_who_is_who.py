"""Ids, dates, names and keys: what is the same job, and what is the same source."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from tales import looks, types

from relay.ingest import Look
from relay.model import Secret
from relay.sources import KINDS

HOUR, DAY = 3600.0, 86400.0
OTHER = "99999999-2222-3333-4444-555555555555"  # a project


async def restarted(it, **changes):
    it.specs = [replace(spec, **changes) for spec in it.specs]
    await it.start()


async def test_ids_that_repeat_across_kinds_are_different_jobs(story):
    it = await story(kinds=KINDS)
    await it.look()
    await it.clock.sleep(5)
    jobs = [it.simulator.create(kind, id="same") for kind in KINDS]
    await it.look(after=15)
    for job in jobs:
        it.simulator.move(job, "FAILED")
    await it.look(after=15)
    told = [(event["kind"], event["job_id"], event["status"]) for event in await it.changes()]
    assert sorted(told) == sorted(
        (kind, "same", status) for kind in KINDS for status in ("PENDING", "FAILED")
    )


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
@pytest.mark.parametrize("created_at", [None, "2026-09-21T14:14:00", "2026-09-21T16:14:00+02:00", "soon", ""])
async def test_whatever_its_dates_look_like_a_job_tells_each_change_once(story, kind, created_at):
    it = await story(kinds=(kind,))
    await it.look(after=30)
    dates = {"created_at": created_at, "updated_at": created_at}
    it.simulator.create(kind, id="a", item=dates)
    await looks(it, 3)
    it.simulator.move("a", "RUNNING")
    await looks(it, 3)
    it.simulator.move("a", "FAILED")
    await it.live(HOUR + 300)
    statuses = [None, "PENDING", "RUNNING", "FAILED"]
    assert await it.told() == [("a", now, before) for before, now in pairwise(statuses)]


async def test_a_job_whose_creation_date_comes_later_is_the_same(story):
    it = await story()
    await it.look(after=30)
    job = it.simulator.create("parse", id="a", item={"created_at": None})
    await looks(it, 2)
    job.item = {}
    it.simulator.move("a", "FAILED")
    await looks(it, 2)
    assert await it.told() == [("a", "PENDING", None), ("a", "FAILED", "PENDING")]


async def test_a_source_that_was_renamed_keeps_what_was_known(story):
    it = await story()
    for n in range(5):
        it.simulator.create("parse", id=f"old-{n}", status=("RUNNING", "COMPLETED")[n % 2])
    await looks(it, 2)
    for _ in range(2):  # the line may stay in the configuration
        await restarted(it, name="invoices", renamed_from="parse")
        await looks(it, 2)
    assert await types(it) == []
    it.simulator.move("old-0", "FAILED")
    await it.look(after=15)
    assert [(e["source"], e["status"], e["previous"]) for e in await it.events()] == [
        ("invoices", "FAILED", "RUNNING")
    ]


async def test_a_trouble_outlives_a_new_name(story):
    it = await story()
    it.simulator.fail_next(100, "error")
    await looks(it, 4)
    await restarted(it, name="invoices", renamed_from="parse")
    await looks(it, 100)
    assert await types(it) == [("parse", "source.down"), ("invoices", "source.up")]


@pytest.mark.parametrize("changed", [{"project_id": OTHER}, {"base_url": "http://api.other"}])
async def test_a_source_of_another_identity_starts_anew_in_silence(story, changed):
    it = await story()
    it.simulator.create("parse", id="a", status="RUNNING")
    await looks(it, 2)
    for project in (None, OTHER):
        it.simulator.create("parse", id=f"b{project}", status="FAILED", project_id=project)
        it.simulator.create("parse", id=f"c{project}", status="RUNNING", project_id=project)
    await restarted(it, **changed)
    await looks(it, 2)
    assert await types(it) == []
    project = changed.get("project_id")
    it.simulator.create("parse", id="new", status="FAILED", project_id=project)
    await looks(it, 20)
    assert await it.told() == [("new", "FAILED", None)]


async def test_a_new_key_of_the_same_project_changes_nothing(story):
    it = await story()
    it.simulator.create("parse", id="a", status="RUNNING")
    await looks(it, 2)
    it.simulator.move("a", "FAILED")
    await restarted(it, api_key=Secret("llx-other"))
    await looks(it, 2)
    assert await it.told() == [("a", "FAILED", "RUNNING")]


@pytest.mark.parametrize("kind", ["parse", "batch", "batch_v1"])
async def test_a_key_that_is_now_another_project_s_makes_no_flood(story, kind):
    """What was open has vanished, once each; the other project's past is history, its future is news."""
    it = await story(kinds=(kind,))
    for n in range(30):
        past = it.world_clock.now() - 600 * (n + 1)
        status = ("RUNNING", "COMPLETED", "FAILED")[n % 3]
        it.simulator.create(kind, id=f"ours-{n}", status=status, created_at=past)
        it.simulator.create(kind, id=f"theirs-{n}", status=status, created_at=past, project_id=OTHER)
    await looks(it, 12)
    right = it.simulator.answer
    it.api.answer = lambda request: right(replace(request, query=[*request.query, ("project_id", OTHER)]))
    await it.live(2 * HOUR)
    product = KINDS[kind].product
    gone = sorted((f"ours-{n}", f"{product}.vanished") for n in range(0, 30, 3))
    assert sorted(await types(it)) == gone
    it.simulator.create(kind, id="new", status="FAILED", project_id=OTHER)
    await looks(it, 2)
    assert (await it.told())[-1] == ("new", "FAILED", None)


@pytest.mark.parametrize("kind", ["parse", "batch"])
async def test_one_open_job_of_last_month_makes_no_look_walk_history(story, kind):
    it = await story(kinds=(kind,), page_size=10)
    it.simulator.create(kind, id="open", status="RUNNING", created_at=it.world_clock.now() - 30 * DAY)
    for n in range(1500):
        created_at = it.world_clock.now() - 2 * HOUR - 1700 * n
        it.simulator.create(kind, id=f"old-{n}", status="COMPLETED", created_at=created_at)
    requests = [(await it.look(after=15)).requests for _ in range(20)]
    assert max(requests) <= 8
    await it.live(3 * HOUR)
    assert len(it.api.asked) < 1500
    it.simulator.move("open", "COMPLETED")
    await it.live(1200)
    assert await it.told() == [("open", "COMPLETED", "RUNNING")]


async def test_a_page_token_that_repeats_and_brings_nothing_new_ends_the_look_and_tells_nothing_twice(story):
    it = await story(page_size=2)
    await it.look()
    await it.clock.sleep(5)
    for n in range(5):
        it.simulator.create("parse", id=f"new-{n}", status="FAILED")
    right = it.simulator.answer

    def repeating(request):
        given = right(request)
        return replace(given, body=given.body.replace(b'"next_page_token":"', b'"next_page_token":"x","y":"'))

    it.api.answer = lambda request: repeating(
        replace(request, query=[(k, v) for k, v in request.query if k != "page_token"])
    )
    assert await looks(it, 2) == []
    assert len(await it.told()) == 2
    it.api.answer = right
    await looks(it, 2)
    assert sorted(await it.told()) == [(f"new-{n}", "FAILED", None) for n in range(5)]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_field_but_id_and_status_may_vanish_or_be_renamed(story, kind):
    it = await story(kinds=(kind,))
    await it.look(after=30)
    right = it.simulator.answer

    def bare(item):
        return {"id": item["id"], "status": item["status"]} | {f"new_{name}": item[name] for name in item}

    def answered(request):
        given = right(request)
        content = json.loads(given.body)
        if "items" in content:
            content["items"] = [bare(item) for item in content["items"]]
        elif "job" in content:
            content["job"] = bare(content["job"])
        elif "id" in content:
            content = bare(content)
        return replace(given, body=json.dumps(content).encode())

    it.api.answer = answered
    it.simulator.create(kind, id="a")
    statuses = [None, "PENDING", "RUNNING", "FAILED"]
    for status in statuses[2:]:
        await looks(it, 2)
        it.simulator.move("a", status)
    await looks(it, 3)
    assert await it.told() == [("a", now, before) for before, now in pairwise(statuses)]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_get_of_one_is_read_whether_the_kind_wraps_the_job_or_not(story, kind):
    it = await story(kinds=(kind,))
    it.simulator.create(kind, id="a", status="RUNNING")
    await it.look()
    it.simulator.move("a", "FAILED")
    right, bodies = it.simulator.answer, []
    it.api.answer = lambda request: bodies.append(right(request)) or bodies[-1]
    await it.relay.pollers[0].looking.asking.get("a", Look())
    assert await it.told() == [("a", "FAILED", "RUNNING")]
    assert ["job" in json.loads(answer.body) for answer in bodies] == [kind in {"parse", "batch_v1"}]
