"""Batches of the older endpoint count their files, and list them."""

import pytest
from follow.conftest import OLD, sums
from hypothesis import given
from hypothesis import strategies as st

from relay.poll.outcome import counted_outcome, failed_items, files_of, given_up, outcome_of


def meanwhile(answer, act, *, before):
    """Something happens before a request that fits is answered."""

    def answered(request):
        if before(request):
            act()
        return answer(request)

    return answered


async def test_an_older_batch_is_finished_when_it_ends_with_its_counts(batched):
    it = await batched("COMPLETED", "FAILED", "COMPLETED", kinds=("batch_v1",), kind="batch_v1")
    await it.end()
    (event,) = await it.finished()
    assert (event["status"], event["severity"]) == ("COMPLETED", "warning")
    outcome = event["outcome"]
    assert [outcome[part] for part in ("total", "completed", "failed", "unknown")] == [3, 2, 1, 0]
    assert outcome["failures"] == [
        {"file_id": "file-1", "job_id": "parse-1", "name": "1.pdf", "error": "PDF_IS_BROKEN"}
    ]
    await it.looks(10, after=300)
    assert len(await it.finished()) == 1


async def test_an_older_batch_without_failed_files_costs_one_request(batched):
    it = await batched("COMPLETED", "COMPLETED", kinds=("batch_v1",), kind="batch_v1")
    it.story.api.asked.clear()
    await it.end()
    await it.looks(3)
    assert [path for path, _ in it.asked(f"{OLD}/")] == [f"{OLD}/bat-1"]


async def test_twenty_failed_items_are_named_and_the_others_counted(batched):
    it = await batched(*["FAILED"] * 23, kinds=("batch_v1",), kind="batch_v1")
    await it.end()
    outcome = await it.outcome()
    assert (outcome["failed"], len(outcome["failures"]), outcome["failures_omitted"]) == (23, 20, 3)


async def test_a_cancelled_older_batch_counts_what_was_not_begun_as_cancelled(batched):
    it = await batched("COMPLETED", "RUNNING", "PENDING", kinds=("batch_v1",), kind="batch_v1")
    await it.end("CANCELLED")
    outcome = await it.outcome()
    assert [outcome[part] for part in ("total", "completed", "cancelled")] == [3, 1, 2]


async def test_a_file_that_fails_after_the_counts_were_read_is_counted_and_named(batched):
    it = await batched("FAILED", "COMPLETED", kinds=("batch_v1",), kind="batch_v1")
    it.story.api.answer = meanwhile(
        it.story.api.answer,
        lambda: it.move("parse-1", "FAILED", "TOO_LATE"),
        before=lambda request: request.path.endswith("/items"),
    )
    await it.end()
    outcome = await it.outcome()
    assert [outcome[part] for part in ("total", "completed", "failed")] == [2, 0, 2]
    assert [failure["job_id"] for failure in outcome["failures"]] == ["parse-0", "parse-1"]


@pytest.mark.parametrize("status", [403, 404])
async def test_items_that_can_not_be_had_leave_the_counts(batched, status):
    it = await batched("FAILED", kinds=("batch_v1",), kind="batch_v1")
    it.refuses(status, lambda request: request.path.endswith("/items"))
    await it.end()
    outcome = await it.outcome()
    assert (outcome["failed"], outcome["failures"], outcome["failures_omitted"]) == (1, [], 1)


async def test_items_that_can_not_be_had_for_the_moment_are_waited_for(batched):
    it = await batched("FAILED", kinds=("batch_v1",), kind="batch_v1")
    it.refuses(500, lambda request: request.path.endswith("/items"), times=4)
    await it.end()
    await it.looks(3)
    assert len((await it.outcome())["failures"]) == 1


@pytest.mark.parametrize("items", [7, "x", {"a": 1}, None, [7, None, "x"]])
async def test_strange_items_name_no_failure(batched, items):
    it = await batched("FAILED", kinds=("batch_v1",), kind="batch_v1")
    it.answers(lambda _: {"items": items}, path=f"{OLD}/bat-1/items")
    await it.end()
    outcome = await it.outcome()
    assert (outcome["failed"], outcome["failures"]) == (1, [])


numbers = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.floats())
counters = st.fixed_dictionaries(
    {},
    optional={
        **{f"{word}_items": numbers for word in ("total", "processed", "failed", "skipped")},
        "status": st.sampled_from(["completed", "cancelled", "failed", None, 7]),
    },
)
anything = st.recursive(
    numbers,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["job_reference", "type", "id", "source_directory_file_id", "error_message", "items"]
            ),
            inner | st.sampled_from(["parse_v2", "extract_v2"]),
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(counters)
def test_the_parts_of_a_count_add_up_and_none_is_negative(counts):
    outcome = counted_outcome(counts, [])
    parts = [outcome[part] for part in ("completed", "failed", "skipped", "cancelled", "unknown")]
    assert sum(parts) == outcome["total"]
    assert min(parts) >= 0
    assert outcome["failures_omitted"] == outcome["failed"]


@given(anything)
def test_whatever_results_hold_each_is_a_file(results):
    files = files_of(results)
    assert (files is None) == (not isinstance(results, list))
    outcome = outcome_of(given_up(files or []))
    assert outcome["total"] == sums(outcome) == len(results if files is not None else [])
    assert len(outcome["failures"]) + outcome["failures_omitted"] == outcome["failed"]


@given(anything)
def test_whatever_a_page_of_items_holds_it_can_be_read(body):
    assert len(failed_items(body)) <= 20
