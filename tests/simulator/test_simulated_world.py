"""How jobs come and move."""

from collections import Counter

import pytest

from relay.model import TERMINAL_STATUSES
from relay.simulator import BatchFile, Happened, Scenario, Simulator, Stream, changes, demo

KINDS = ["parse", "classify", "extract", "split", "batch", "batch_v1"]
BATCH_V1 = "/api/v1/beta/batch-processing"


def run_out(account, step=5.0):
    while not account.simulator.finished():
        account.clock.pass_(step)


def end_of(account, seconds, step):
    for _ in range(int(seconds / step)):
        account.clock.pass_(step)
        account.simulator.advance()
    return account.get("/api/v2/parse", page_size=100)


def test_the_same_seed_gives_the_same_jobs_however_often_one_looks(open_account):
    often, seldom, other = open_account(demo()), open_account(demo()), open_account(demo(), seed=2)
    assert end_of(often, 90, 0.5) == end_of(seldom, 90, 45) != end_of(other, 90, 45)


def test_faults_change_nothing_of_what_happens(open_account):
    streams = {"parse": Stream(rate=1)}
    well, ill = (
        open_account(Scenario(streams=streams)),
        open_account(Scenario(streams=streams, faults={"error": 0.5})),
    )
    for _ in range(20):
        ill.answer("/api/v2/parse")
    assert end_of(well, 30, 1)["items"]
    ill.clock.pass_(30)
    answers = (ill.answer("/api/v2/parse", page_size=100) for _ in range(100))
    assert (
        next(a.body for a in answers if a.status == 200) == well.answer("/api/v2/parse", page_size=100).body
    )


def test_a_finite_scenario_ends_with_every_job_ended(open_account):
    account = open_account(Scenario(speed=10, streams={kind: Stream(count=20, rate=10) for kind in KINDS}))
    assert not account.simulator.finished()
    run_out(account)
    page = account.get("/api/v2/parse", page_size=100)
    assert {item["status"] for item in page["items"]} <= TERMINAL_STATUSES
    assert page["total_size"] >= 20  # those of the batches' files too
    assert account.get("/api/v2/batches")["total_size"] == 20


def test_a_stream_without_end_is_never_finished(open_account):
    account = open_account(Scenario(streams={"parse": Stream(rate=1)}))
    account.clock.pass_(3600)
    assert not account.simulator.finished()


def test_a_stream_needs_a_count_or_a_rate():
    with pytest.raises(ValueError, match="needs a rate"):
        Stream()


def test_the_shares_of_ends_are_about_what_was_asked(open_account):
    account = open_account(Scenario(streams={"parse": Stream(count=1000, failed=0.2, cancelled=0.1)}))
    run_out(account)
    totals = {s: account.get("/api/v2/parse", status=s)["total_size"] for s in sorted(TERMINAL_STATUSES)}
    assert totals == pytest.approx({"CANCELLED": 100, "COMPLETED": 700, "FAILED": 200}, abs=50)


def test_speed_shortens_lives(open_account):
    slow, fast = (open_account(Scenario(speed=s, streams={"parse": Stream(count=5)})) for s in (1, 10))
    run_out(slow, 0.1)
    run_out(fast, 0.1)
    lives = [account.clock.time - 1_790_000_000.0 for account in (slow, fast)]
    assert lives[0] / lives[1] == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize(
    ("kind", "path", "life"),
    [
        ("parse", "/api/v2/parse", ["PENDING", "RUNNING", "COMPLETED"]),
        ("extract", "/api/v2/extract", ["PENDING", "THROTTLED", "RUNNING", "COMPLETED"]),
        ("split", "/api/v1/split/jobs", ["PENDING", "PROCESSING", "COMPLETED"]),
        ("batch", "/api/v2/batches", ["PENDING", "THROTTLED", "RUNNING", "COMPLETED"]),
        ("batch_v1", BATCH_V1, ["PENDING", "DISPATCHED", "RUNNING", "COMPLETED"]),
    ],
)
def test_a_kind_has_its_own_life(open_account, kind, path, life):
    stream = Stream(count=1, failed=0, cancelled=0, cached=0, throttled=1)
    account = open_account(Scenario(streams={kind: stream}))
    while not account.simulator.finished():
        account.get(path)
        account.clock.pass_(0.5)
    account.get(path)
    ((_, statuses),) = changes(account.simulator.log).items()
    assert statuses == life


def test_a_cached_job_is_first_seen_ended(open_account):
    account = open_account(Scenario(streams={"parse": Stream(count=3, cached=1, failed=0, cancelled=0)}))
    assert Counter(i["status"] for i in account.get("/api/v2/parse")["items"]) == {"COMPLETED": 3}


def test_a_completed_batch_may_still_have_files_at_work(open_account):
    quick, slow = (
        Stream(count=1, working=1, failed=0, cancelled=0, files=(5, 5)),
        Stream(count=0, working=500, failed=0, cancelled=0, cached=0),
    )
    account = open_account(Scenario(streams={"batch": quick, "parse": slow, "extract": slow}))
    account.clock.pass_(60)
    (batch,) = account.get("/api/v2/batches")["items"]
    assert (batch["status"], batch["results"]) == ("COMPLETED", None)
    results = account.get(f"/api/v2/batches/{batch['id']}", expand="results")["results"]
    paths = {"parse_v2": "/api/v2/parse", "extract_v2": "/api/v2/extract"}
    refs = [r["job_reference"] for r in results if r["job_reference"]]
    statuses = [
        i["status"] for ref in refs for i in account.get(paths[ref["type"]], job_ids=ref["id"])["items"]
    ]
    assert len(results) == 5
    assert statuses == ["RUNNING"] * len(refs) != []


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "FAILED"])
def test_a_batch_has_no_results_before_its_end_and_none_if_it_failed(account, simulator, status):
    batch = simulator.create("batch", status=status, files=[BatchFile(id="dfl-1", name="a.pdf")])
    assert account.get(f"/api/v2/batches/{batch.id}", expand="results")["results"] is None


def test_a_file_without_a_job_says_why(account, simulator):
    files = [
        BatchFile(id="dfl-1", name="a.pdf", error="no"),
        BatchFile(id="dfl-2", name="b.pdf", job=simulator.create("parse")),
    ]
    batch = simulator.create("batch", status="COMPLETED", files=files)
    first, second = account.get(f"/api/v2/batches/{batch.id}", expand="results")["results"]
    assert (first["error_message"], first["job_reference"]) == ("no", None)
    assert second["job_reference"] == {"type": "parse_v2", "id": files[1].job.id}


def a_batch_v1(simulator):
    jobs = [
        simulator.create("parse", status=s, error=e)
        for s, e in [("COMPLETED", None), ("FAILED", "bad"), ("RUNNING", None)]
    ]
    files = [BatchFile(id=f"dfl-{n}", name=f"{n}.pdf", job=job) for n, job in enumerate(jobs)]
    files += [
        BatchFile(id="dfl-3", name="3.pdf", skip_reason="already_processed"),
        BatchFile(id="dfl-4", name="4.pdf"),
    ]
    return simulator.create("batch_v1", status="RUNNING", files=files)


def test_a_batch_v1_counts_what_became_of_its_files(account, simulator):
    batch = a_batch_v1(simulator)
    answer = account.get(f"{BATCH_V1}/{batch.id}")
    counters = {name: n for name, n in answer["job"].items() if name.endswith("_items")}
    assert counters == {"total_items": 5, "processed_items": 3, "failed_items": 1, "skipped_items": 1}
    assert answer["progress_percentage"] == 60


def test_the_items_of_a_batch_v1_can_be_filtered_and_paged(account, simulator):
    path = f"{BATCH_V1}/{a_batch_v1(simulator).id}/items"
    statuses = [item["status"] for item in account.get(path)["items"]]
    assert statuses == ["completed", "failed", "processing", "skipped", "pending"]
    (failed,) = account.get(path, status="failed")["items"]
    assert (failed["item_name"], failed["error_message"]) == ("1.pdf", "bad")
    page = account.get(path, limit=2, offset=3)
    assert ([item["item_id"] for item in page["items"]], page["total_size"]) == (["dfl-3", "dfl-4"], 5)
    assert account.answer(path, status="skiped").status == 422


def test_a_batch_v1_ends_after_the_last_of_its_files(open_account):
    stream = Stream(count=10, failed=0, cancelled=0)
    account = open_account(Scenario(streams={"batch_v1": stream}))
    while account.get(BATCH_V1, status="completed")["total_size"] < 10:
        account.clock.pass_(1)
    for batch in account.get(BATCH_V1)["items"]:
        items = account.get(f"{BATCH_V1}/{batch['id']}/items")["items"]
        assert (
            batch["processed_items"] + sum(i["status"] == "cancelled" for i in items) == batch["total_items"]
        )
        assert all(item["completed_at"] < batch["completed_at"] for item in items if item["completed_at"])


def test_a_job_made_by_hand_stands_until_it_is_moved(account, simulator, clock):
    job = simulator.create("parse")
    clock.pass_(10_000)
    assert account.get(f"/api/v2/parse/{job.id}")["job"]["status"] == "PENDING"
    simulator.move(job.id, "RUNNING")
    item = account.get(f"/api/v2/parse/{job.id}")["job"]
    assert (item["status"], item["updated_at"]) == ("RUNNING", "2026-09-21T17:00:00.000000Z")


def test_a_move_of_no_one_is_a_mistake(simulator):
    with pytest.raises(KeyError):
        simulator.move("nobody", "RUNNING")


def test_the_demo_shows_all_kinds_from_the_start(open_account):
    account = open_account(demo())
    paths = [
        "/api/v2/parse",
        "/api/v2/classify",
        "/api/v2/extract",
        "/api/v1/split/jobs",
        "/api/v2/batches",
        BATCH_V1,
    ]
    assert all(account.get(path)["items"] for path in paths)


def test_all_that_happens_is_told_whether_anyone_looks_or_not(clock):
    happened = []
    simulator = Simulator(Scenario(), now=clock, seed=1, happened=happened.append)
    job = simulator.create("parse", id="a")
    clock.pass_(5)
    simulator.move(job, "RUNNING")
    simulator.vanish(job)
    clock.pass_(5)
    simulator.bring_back(job)
    start = 1_790_000_000.0
    assert happened == [
        Happened(start, "parse", "a", "PENDING"),
        Happened(start + 5, "parse", "a", "RUNNING"),
        Happened(start + 5, "parse", "a", None),
        Happened(start + 10, "parse", "a", "RUNNING"),
    ]
