"""Which jobs a list shows, and how its pages follow each other."""

import json
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.simulator import Scenario, Stream

SINCE, UNTIL = "created_at_on_or_after", "created_at_on_or_before"
START = 1_790_000_000.0
BATCH_V1 = "/api/v1/beta/batch-processing"
ORDERS = ["newest", "oldest", "shuffled"]


def at(seconds):
    return {"created_at": START + seconds}


def test_the_newest_comes_first_and_the_id_decides_between_equals(account, simulator):
    for id_, when in [("a", 1), ("c", 0), ("b", 1), ("d", 2)]:
        simulator.create("parse", id=id_, **at(when))
    assert account.ids("/api/v2/parse") == ["d", "b", "a", "c"]


@pytest.mark.parametrize(
    ("window", "shown"),
    [
        ({SINCE: "2026-09-21T14:13:21Z"}, ["2", "1"]),
        ({UNTIL: "2026-09-21T16:13:21+02:00"}, ["1", "0"]),
        ({SINCE: "2026-09-21T14:13:20.000001"}, ["2", "1"]),
        ({SINCE: "2026-09-22"}, []),
        (
            {SINCE: "2026-09-21T14:13:21Z", UNTIL: "2026-09-21T14:13:21Z"},
            ["1"],
        ),
        ({SINCE: "2026-09-23", UNTIL: "2026-09-20"}, []),
    ],
)
def test_both_ends_of_a_window_are_inclusive(account, simulator, window, shown):
    for n in range(3):
        simulator.create("parse", id=str(n), **at(n))
    assert account.ids("/api/v2/parse", **window) == shown


def test_a_status_filter_follows_the_moves(account, simulator):
    first, second = simulator.create("split"), simulator.create("split")
    simulator.move(first, "PROCESSING")
    assert account.ids("/api/v1/split/jobs", status="processing") == [first.id]
    assert account.ids("/api/v1/split/jobs", status="pending") == [second.id]


def test_jobs_can_be_asked_by_id(account, simulator):
    jobs = [simulator.create("classify", **at(n)) for n in range(4)]
    named = [jobs[0].id, jobs[2].id, "nothing", jobs[0].id]
    assert account.ids("/api/v2/classify", job_ids=named) == [jobs[2].id, jobs[0].id]
    assert account.ids("/api/v2/classify", job_ids=named, status="RUNNING") == []


@pytest.mark.parametrize(
    ("kind", "path", "name", "field"),
    [
        ("classify", "/api/v2/classify", "configuration_id", "configuration_id"),
        ("extract", "/api/v2/extract", "file_input", "file_input"),
        ("extract", "/api/v2/extract", "document_input_value", "file_input"),
        ("batch", "/api/v2/batches", "source_directory_id", "source_directory_id"),
        ("batch_v1", BATCH_V1, "directory_id", "directory_id"),
    ],
)
def test_a_field_can_be_filtered_by(account, simulator, kind, path, name, field):
    simulator.create(kind, item={field: "other"})
    job = simulator.create(kind, item={field: "wanted"})
    page = account.get(path, **{name: "wanted"})
    assert ([item["id"] for item in page["items"]], page["total_size"]) == ([job.id], 1)


def test_extract_can_be_filtered_by_the_sort_of_its_input(account, simulator):
    of_a_file = simulator.create("extract")
    of_a_parse = simulator.create("extract", item={"file_input": "pjb-1"})
    assert account.ids("/api/v2/extract", document_input_type="file_id") == [of_a_file.id]
    assert account.ids("/api/v2/extract", document_input_type="parse_job_id") == [of_a_parse.id]


def test_the_token_is_opaque_and_missing_on_the_last_page(account, simulator):
    for n in range(4):
        simulator.create("parse", id=f"pjb-{n}", **at(n))
    first = account.get("/api/v2/parse", page_size=2)
    assert json.loads(b64decode(first["next_page_token"]))["last_id"] == "pjb-2"
    last = account.get("/api/v2/parse", page_size=2, page_token=first["next_page_token"])
    assert [item["id"] for item in last["items"]] == ["pjb-1", "pjb-0"]
    assert "next_page_token" not in last


@pytest.mark.parametrize(
    "token", ["nonsense!", "Zm9v", b64encode(b"[1]").decode(), b64encode(b"{}").decode()]
)
def test_a_foreign_token_is_refused(account, token):
    answer = account.answer("/api/v2/parse", page_token=token)
    assert (answer.status, json.loads(answer.body)["detail"]) == (400, "Invalid page token")


@pytest.mark.parametrize(("size", "shown"), [("0", 1), ("100", 100), ("5000", 100)])
def test_a_page_size_without_published_limits_is_cut_to_what_is_served(account, simulator, size, shown):
    for _ in range(101):
        simulator.create("parse")
    assert len(account.ids("/api/v2/parse", page_size=size)) == shown


def test_offset_pages_shift_when_a_job_is_added(account, simulator):
    for n in range(3):
        simulator.create("batch_v1", id=str(n), **at(n))
    assert account.ids(BATCH_V1, limit=2) == ["2", "1"]
    simulator.create("batch_v1", id="3", **at(3))
    assert account.ids(BATCH_V1, limit=2, offset=2) == ["1", "0"]
    assert account.ids(BATCH_V1, offset=9) == []


def test_a_batch_v1_list_gives_fifty_unless_asked(account, simulator):
    for _ in range(60):
        simulator.create("batch_v1")
    assert len(account.ids(BATCH_V1)) == 50
    assert len(account.ids(BATCH_V1, limit=1000)) == 60


@pytest.mark.parametrize(
    ("mode", "shown"), [("number", {"total_size": 1}), ("null", {"total_size": None}), ("absent", {})]
)
def test_total_size_is_a_number_or_null_or_absent(open_account, mode, shown):
    account = open_account(Scenario(total_size=mode))
    account.simulator.create("parse")
    page = account.get("/api/v2/parse")
    assert {name: value for name, value in page.items() if name != "items"} == shown


times = st.lists(st.integers(0, 5), max_size=12)
sizes = st.integers(1, 5)


@given(times=times, size=sizes, order=st.sampled_from(ORDERS), since=st.integers(0, 5))
def test_pages_show_each_matching_job_once(open_account, times, size, order, since):
    account = open_account(Scenario(streams={"parse": Stream(count=0, order=order)}))
    jobs = [account.simulator.create("parse", **at(when)) for when in times]
    pages = account.walk("/api/v2/parse", page_size=size, **{SINCE: START + since})
    shown = [job_id for page in pages for job_id in page]
    assert sorted(shown) == sorted(j.id for j in jobs if j.created >= (START + since) * 1_000_000)
    assert all(len(page) == size for page in pages[:-1])


@given(times=times, added=times, size=sizes, order=st.sampled_from(ORDERS))
def test_jobs_that_come_during_a_walk_by_token_shift_nothing(open_account, times, added, size, order):
    account = open_account(Scenario(streams={"parse": Stream(count=0, order=order)}))
    jobs = {account.simulator.create("parse", **at(when)).id for when in times}
    first = account.get("/api/v2/parse", page_size=size)
    for when in added:
        account.simulator.create("parse", **at(when))
    shown = [item["id"] for item in first["items"]]
    if token := first.get("next_page_token"):
        shown += [i for page in account.walk("/api/v2/parse", page_size=size, page_token=token) for i in page]
    assert sorted(i for i in shown if i in jobs) == sorted(jobs)


@given(times=times, size=sizes)
def test_offset_pages_show_each_job_once_while_nothing_is_added(open_account, times, size):
    account = open_account()
    jobs = [account.simulator.create("batch_v1", **at(when)) for when in times]
    shown = [i for offset in range(0, 12, size) for i in account.ids(BATCH_V1, limit=size, offset=offset)]
    assert sorted(shown) == sorted(job.id for job in jobs)
