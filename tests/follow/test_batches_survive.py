"""Batches that are followed while relay is killed, or the API is in trouble, or says strange things."""

import json

import pytest
from follow.conftest import BATCH, PARSE, sums


@pytest.mark.parametrize("commits", range(1, 9))
@pytest.mark.parametrize("kinds", [("batch",), ("parse", "batch")])
async def test_a_crash_after_any_commit_makes_neither_two_nor_none(batched, commits, kinds):
    it = await batched("FAILED", "RUNNING", kinds=kinds)
    it.move(it.batch, "COMPLETED")
    await it.story.live(40, commits=commits)
    it.move("parse-1", "COMPLETED")
    await it.story.live(40, commits=commits)
    await it.looks(3)
    outcome = await it.outcome()
    assert (outcome["total"], outcome["completed"], outcome["failed"]) == (2, 1, 1)


async def test_files_that_were_learned_are_not_asked_for_after_a_restart(batched):
    it = await batched(*["COMPLETED"] * 60, "RUNNING", kinds=("batch",))
    await it.end()
    await it.story.start()
    it.story.api.asked.clear()
    it.move("parse-60", "COMPLETED")
    await it.looks(2)
    assert (await it.outcome())["completed"] == 61
    assert [ids for _, ids in it.asked(PARSE)] == [["parse-60"]]


@pytest.mark.parametrize("status", [400, 401, 403, 422, 500])
@pytest.mark.parametrize("path", [f"{BATCH}/bat-1", PARSE])
async def test_trouble_with_one_batch_is_no_trouble_of_its_source(batched, status, path):
    it = await batched("COMPLETED", kinds=("batch",))
    it.refuses(status, lambda request: request.path == path)
    await it.end()
    await it.looks(10)
    assert [event for event in await it.story.events() if event["type"].startswith("source.")] == []
    assert await it.finished() == []


@pytest.mark.parametrize("path", [f"{BATCH}/bat-1", PARSE])
async def test_trouble_that_passes_delays_the_outcome_and_no_more(batched, path):
    it = await batched("COMPLETED", kinds=("batch",))
    it.refuses(500, lambda request: request.path == path, times=7)
    await it.end()
    await it.looks(10)
    assert (await it.outcome())["completed"] == 1


async def test_a_batch_that_always_fails_to_answer_keeps_no_other_waiting(batched):
    it = await batched("COMPLETED", kinds=("batch",))
    it.refuses(500, lambda request: request.path == f"{BATCH}/bat-1")
    others = [it.story.simulator.create("batch", id=f"bat-{n}", status="RUNNING") for n in range(2, 12)]
    await it.looks(1)
    for other in others:
        it.move(other, "COMPLETED")
    await it.end()
    await it.looks(20)
    assert {event["job_id"] for event in await it.finished()} == {other.id for other in others}
    await it.looks(70, after=60)
    assert (await it.finished())[-1]["outcome"]["total"] is None


async def test_a_refused_question_for_the_jobs_leaves_them_unknown_after_an_hour(batched):
    it = await batched("COMPLETED", None, kinds=("batch",))
    it.refuses(403, lambda request: request.path == PARSE)
    await it.end()
    await it.looks(70, after=60)
    outcome = await it.outcome()
    assert (outcome["failed"], outcome["unknown"]) == (1, 1)


async def test_a_batch_deleted_before_its_results_were_had_is_finished_after_an_hour(batched):
    it = await batched("COMPLETED", kinds=("batch",))
    it.story.simulator.move(it.batch, "COMPLETED")
    it.refuses(404, lambda request: request.path == f"{BATCH}/bat-1")
    await it.looks(70, after=60)
    assert (await it.outcome())["total"] is None


def _file(job, *, kind="parse_v2", file="f"):
    return {"source_directory_file_id": file, "job_reference": {"type": kind, "id": job}}


HOSTILE = {
    "ids that are no texts": ([_file(7), _file(None), _file(["x"]), _file("")], 4),
    "files that are no objects": (["x", 7, None, []], 4),
    "references that are none": ([{"job_reference": "x"}, {"job_reference": {}}, {}], 3),
    "an unknown type": ([_file("x-1", kind="sing_v9"), _file("x-2", kind=None)], 2),
    "types that are no texts": ([_file("x-1", kind=["parse_v2"]), _file("x-2", kind={})], 2),
    "no file at all": ([], 0),
    "a file id that is none": ([_file("parse-0", file={"x": 1}), _file("parse-0", file=None)], 2),
    "one file twice": ([_file("parse-0"), _file("parse-0")], 2),
    "one file with two jobs": ([_file("parse-0"), _file("parse-1")], 2),
    "an endless name": ([_file("parse-0", file="f" * 100_000)], 1),
}


@pytest.mark.parametrize(("results", "total"), HOSTILE.values(), ids=HOSTILE)
async def test_strange_results_are_counted_as_far_as_they_can_be(batched, results, total):
    it = await batched("COMPLETED", "RUNNING", kinds=("batch",))
    it.answers(lambda batch: {**batch, "results": results})
    await it.end()
    await it.looks(2)
    it.move("parse-1", "COMPLETED")
    await it.looks(2)
    outcome = await it.outcome()
    assert (outcome["total"], sums(outcome)) == (total, total)


@pytest.mark.parametrize(
    "answer",
    [
        lambda batch: {**batch, "results": "many"},
        lambda batch: {**batch, "results": {"a": 1}},
        lambda batch: {**batch, "results": 7},
        lambda batch: {**batch, "id": "bat-2"},
        lambda batch: {**batch, "id": None},
        lambda _: {},
        lambda _: [],
        lambda _: b"[" * 100_000,
        lambda _: b"<html>",
        lambda batch: json.dumps({**batch, "results": 0}).encode().replace(b": 0", b": " + b"[" * 90_000),
    ],
)
async def test_answers_that_make_no_sense_are_no_results(batched, answer):
    it = await batched("COMPLETED", kinds=("batch",))
    it.answers(answer)
    await it.end()
    await it.looks(3)
    assert await it.finished() == []
    await it.looks(70, after=60)
    assert (await it.outcome())["total"] is None
    assert not any(event["type"] == "source.down" for event in await it.story.events())


async def test_a_broken_character_in_one_error_hides_no_file(batched):
    it = await batched("COMPLETED", None, kinds=("batch",))
    it.answers(lambda batch: json.dumps(batch).replace("no such file", "\\ud800").encode())
    await it.end()
    await it.looks(2)
    outcome = await it.outcome()
    assert (outcome["completed"], outcome["failed"]) == (1, 1)


async def test_ten_thousand_files_are_asked_for_bit_by_bit(batched):
    it = await batched("COMPLETED", kinds=("batch",))
    results = [_file(f"parse-{n}", file=f"file-{n}") for n in range(10_000)]
    it.answers(lambda batch: {**batch, "results": results})
    it.story.simulator.move(it.batch, "COMPLETED")
    await it.looks(60, after=300)
    outcome = await it.outcome()
    assert (outcome["total"], outcome["completed"], outcome["unknown"]) == (10_000, 1, 9_999)
