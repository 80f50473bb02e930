"""What is told of a batch that has ended, once all of its files have."""

import pytest
from follow.conftest import BATCH, PARSE, sums


async def test_a_batch_is_completed_at_once_and_finished_when_its_last_file_is(batched):
    it = await batched("COMPLETED", "RUNNING")
    await it.end()
    assert ("bat-1", "COMPLETED", "RUNNING") in await it.story.told()
    await it.looks(3)
    assert await it.finished() == []
    it.move("parse-1", "COMPLETED")
    await it.looks(2)
    (event,) = await it.finished()
    assert (event["status"], event["previous"], event["severity"]) == ("COMPLETED", None, "info")
    assert event["outcome"] == {
        "total": 2,
        "completed": 2,
        "failed": 0,
        "skipped": 0,
        "cancelled": 0,
        "unknown": 0,
        "failures": [],
        "failures_omitted": 0,
    }
    await it.looks(10, after=600)
    assert len(await it.finished()) == 1


async def test_a_finished_batch_shows_the_batch_itself_whenever_it_is_told_of(batched):
    it = await batched("RUNNING")
    await it.end()
    it.move("parse-0", "COMPLETED")
    await it.looks(2)
    events = {event["type"]: event for event in await it.story.events()}
    ended, finished = events["batch.completed"], events["batch.finished"]
    assert finished["job"] == ended["job"]
    assert finished["project_id"] == ended["project_id"]
    assert finished["name"] == ended["name"]


async def test_failed_files_are_named_and_make_it_a_warning(batched):
    it = await batched("FAILED", None, "CANCELLED", "COMPLETED")
    await it.end()
    await it.looks(2)
    (event,) = await it.finished()
    assert event["severity"] == "warning"
    outcome = event["outcome"]
    assert [outcome[part] for part in ("total", "completed", "failed", "cancelled")] == [4, 1, 2, 1]
    assert outcome["failures"] == [
        {"file_id": "file-0", "job_id": "parse-0", "name": "0.pdf", "error": "PDF_IS_BROKEN"},
        {"file_id": "file-1", "job_id": None, "name": None, "error": "no such file"},
    ]


async def test_twenty_failures_are_named_in_the_order_of_the_results(batched):
    it = await batched(*["FAILED"] * 23, "RUNNING")
    await it.end()
    it.move("parse-23", "FAILED")
    await it.looks(2)
    outcome = await it.outcome()
    assert (outcome["failed"], outcome["failures_omitted"]) == (24, 4)
    assert [failure["file_id"] for failure in outcome["failures"]] == [f"file-{n}" for n in range(20)]


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
async def test_a_batch_that_ends_badly_is_finished_too(batched, status):
    it = await batched("COMPLETED", "RUNNING")
    await it.end(status)
    it.move("parse-1", "CANCELLED")
    await it.looks(5)
    if status == "FAILED":  # the API gives it no results
        assert await it.finished() == []
        await it.looks(1, after=3600)
    (event,) = await it.finished()
    assert (event["status"], event["previous"]) == (status, None)
    expected = (None, 0, 0) if status == "FAILED" else (2, 1, 1)
    assert tuple(event["outcome"][part] for part in ("total", "completed", "cancelled")) == expected


async def test_results_that_never_come_are_unknown_after_an_hour(batched):
    it = await batched("COMPLETED")
    it.answers(lambda batch: {**batch, "results": None})
    await it.end()
    await it.looks(57, after=60)
    assert await it.finished() == []
    await it.looks(8, after=60)
    outcome = await it.outcome()
    assert (outcome["total"], sums(outcome)) == (None, 0)


async def test_a_file_whose_job_is_not_found_is_unknown_after_an_hour(batched):
    it = await batched("COMPLETED", "COMPLETED", kinds=("batch",))
    it.story.simulator.vanish("parse-1")
    await it.end()
    await it.looks(55, after=60)
    assert await it.finished() == []
    await it.looks(10, after=60)
    outcome = await it.outcome()
    assert (outcome["completed"], outcome["unknown"]) == (1, 1)


async def test_a_file_at_work_for_hours_is_waited_for(batched):
    it = await batched("RUNNING", kinds=("batch",))
    await it.end()
    await it.looks(40, after=600)
    assert await it.finished() == []
    it.move("parse-0", "FAILED", "late")
    await it.looks(10, after=600)
    assert (await it.outcome())["failures"][0]["error"] == "late"


async def test_a_file_whose_job_rests_in_a_word_nobody_knows_is_unknown_after_a_day(batched):
    it = await batched("COMPLETED", "RUNNING")
    await it.end()
    it.move("parse-1", "PARTIAL_SUCCESS")
    await it.looks(23, after=3600)
    assert await it.finished() == []
    await it.looks(4, after=3600)
    outcome = await it.outcome()
    assert (outcome["completed"], outcome["unknown"]) == (1, 1)


@pytest.mark.parametrize("kinds", [("parse", "batch"), ("batch",)])
async def test_a_file_that_passes_a_word_nobody_knows_after_a_day_at_work_is_waited_for(batched, kinds):
    it = await batched("RUNNING", kinds=kinds)
    await it.end()
    await it.looks(30, after=3600)
    it.move("parse-0", "QUEUED")
    await it.looks(8, after=3600)
    assert await it.finished() == []
    it.move("parse-0", "COMPLETED")
    await it.looks(4, after=3600)
    assert (await it.outcome())["completed"] == 1


async def test_a_batch_that_ended_before_the_baseline_is_not_told_of(batched, story):
    quiet = await story(kinds=("parse", "batch"))
    now = quiet.world_clock.now()
    quiet.simulator.create("batch", id="bat-0", status="COMPLETED", created_at=now - 60)
    for _ in range(5):
        await quiet.look(after=15)
    assert await quiet.events() == []
    assert not any(request.path.startswith(f"{BATCH}/") for _, request in quiet.api.asked)


async def test_a_batch_that_goes_on_and_ends_again_tells_of_its_new_end(batched):
    it = await batched("FAILED", "RUNNING")
    await it.end()
    it.move(it.batch, "RUNNING")
    it.move("parse-0", "COMPLETED")
    it.move("parse-1", "COMPLETED")
    await it.looks(3)
    assert await it.finished() == []
    await it.end()
    await it.looks(3)
    outcome = await it.outcome()
    assert (outcome["completed"], outcome["failed"]) == (2, 0)


async def test_a_batch_that_turns_after_it_was_finished_is_finished_once_for_each_end(batched):
    it = await batched("COMPLETED", "COMPLETED")
    await it.end("CANCELLED")
    await it.looks(2)
    await it.end("COMPLETED")
    await it.looks(5)
    assert [event["status"] for event in await it.finished()] == ["CANCELLED", "COMPLETED"]


async def test_extract_jobs_are_followed_likewise(batched):
    it = await batched("FAILED", "COMPLETED", kinds=("batch",), makes="extract")
    await it.end()
    await it.looks(2)
    assert [failure["job_id"] for failure in (await it.outcome())["failures"]] == ["extract-0"]
    assert it.asked(PARSE) == []


async def test_a_parse_job_and_an_extract_job_of_one_id_are_two_files(batched):
    it = await batched("FAILED", kinds=("batch",))
    it.story.simulator.create("extract", id="parse-0", status="COMPLETED")

    def both(batch):
        (file,) = batch["results"]
        return {**batch, "results": [file, {"job_reference": {"type": "extract_v2", "id": "parse-0"}}]}

    it.answers(both)
    await it.end()
    await it.looks(2)
    outcome = await it.outcome()
    assert (outcome["failed"], outcome["completed"]) == (1, 1)
