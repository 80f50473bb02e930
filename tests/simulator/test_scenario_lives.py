"""Jobs that live oddly: by scenario."""

from collections import Counter

import pytest

from relay.simulator import Scenario, Stream, changes

KINDS = ["parse", "classify", "extract", "split", "batch", "batch_v1"]
PATHS = {
    "parse": "/api/v2/parse",
    "classify": "/api/v2/classify",
    "extract": "/api/v2/extract",
    "split": "/api/v1/split/jobs",
    "batch": "/api/v2/batches",
    "batch_v1": "/api/v1/beta/batch-processing",
}
PATH = PATHS["parse"]


@pytest.fixture
def lived(open_account):
    """The account after some jobs of one kind have lived, looked at each second."""

    def live(kind, count=50, for_=200, *, forget_after=None, **stream):
        shares = {"failed": 0, "cancelled": 0, "cached": 0, "throttled": 0, **stream}
        streams = {name: Stream(count=0, cached=0, cancelled=0) for name in KINDS}
        streams[kind] = Stream(count=count, **shares)
        account = open_account(Scenario(streams=streams, forget_after=forget_after))
        for _ in range(for_):
            account.clock.pass_(1)
            account.answer(PATHS[kind], page_size=100, limit=100)
        return account

    return live


def lives(account, kind):
    return Counter(tuple(s) for (k, _), s in changes(account.simulator.log).items() if k == kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stuck_job_stays_open(lived, kind):
    account = lived(kind, stuck=1)
    assert {statuses[-1] for statuses in lives(account, kind)} <= {
        "PENDING",
        "THROTTLED",
        "DISPATCHED",
        "RUNNING",
        "PROCESSING",
    }
    assert account.simulator.finished() or kind.startswith("batch")


@pytest.mark.parametrize("kind", KINDS)
def test_words_nobody_knows_are_passed_through_or_end_a_life(lived, kind):
    passed = lives(lived(kind, 5, strange=1), kind)
    assert all(statuses[1] == "QUEUED" and statuses[-1] == "COMPLETED" for statuses in passed)
    ended = lives(lived(kind, 5, strange_end=1, strange_end_word="SUCCESS"), kind)
    assert {statuses[-1] for statuses in ended} == {"SUCCESS"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ["FAILED", "COMPLETED", "CANCELLED"])
def test_an_end_flips(lived, kind, end):
    shares = {"failed": float(end == "FAILED"), "cancelled": float(end == "CANCELLED")}
    account = lived(kind, 10, flips=1, flip_after=8, **shares)
    other = "FAILED" if end == "COMPLETED" else "COMPLETED"
    assert {statuses[-2:] for statuses in lives(account, kind)} == {(end, other)}


@pytest.mark.parametrize(
    ("kind", "work"), [("parse", "RUNNING"), ("split", "PROCESSING"), ("batch_v1", "RUNNING")]
)
def test_an_ended_job_goes_back_to_work(lived, kind, work):
    account = lived(kind, 10, failed=1, reruns=1)
    assert {statuses[-3:] for statuses in lives(account, kind)} == {("FAILED", work, "COMPLETED")}


def test_a_batch_v1_waits_for_its_files_once_though_they_flip(open_account):
    streams = {kind: Stream(count=0, flips=0.5, reruns=0.5) for kind in ("parse", "extract", "classify")}
    streams["batch_v1"] = Stream(count=20, failed=0, cancelled=0)
    account = open_account(Scenario(streams=streams))
    while not account.simulator.finished():
        account.clock.pass_(1)
        account.get(PATHS["batch_v1"])
    assert {statuses[-2:] for statuses in lives(account, "batch_v1")} == {("RUNNING", "COMPLETED")}


@pytest.mark.parametrize("kind", KINDS)
def test_open_jobs_vanish_from_the_list_and_by_id(lived, kind):
    account = lived(kind, vanish=1)
    assert account.ids(PATHS[kind]) == []
    for _, job_id in list(changes(account.simulator.log))[:50]:
        assert account.answer(f"{PATHS[kind]}/{job_id}").status == 404


def test_some_of_those_that_vanished_come_back(lived):
    account = lived("parse", 100, vanish=1, back=0.5, back_after=20)
    assert len(account.ids(PATH, page_size=100)) == pytest.approx(50, abs=15)
    assert {item["status"] for item in account.get(PATH)["items"]} == {"COMPLETED"}


def test_a_job_that_comes_back_unmoved_is_as_it_was(account, simulator, clock):
    job = simulator.create("parse")
    before = account.get(PATH)
    simulator.vanish(job.id)
    simulator.vanish(job)
    clock.pass_(5)
    assert account.ids(PATH) == []
    simulator.bring_back(job)
    simulator.bring_back(job)
    assert account.get(PATH) == before


def test_ended_jobs_are_forgotten(lived):
    account = lived("parse", forget_after=10)
    assert account.simulator.finished()
    assert account.get(PATH)["total_size"] == 0
    (job_id, *_) = (job_id for _, job_id in changes(account.simulator.log))
    assert account.answer(f"{PATH}/{job_id}").status == 404


def test_a_job_that_ended_again_is_kept_from_its_last_end_on(open_account):
    account = open_account(Scenario(forget_after=10))
    job = account.simulator.create("parse", status="FAILED")
    account.clock.pass_(9)
    account.simulator.move(job, "COMPLETED")
    account.clock.pass_(9)
    assert account.ids(PATH) == [job.id]
    account.clock.pass_(1)
    assert account.ids(PATH) == []


def test_what_is_forgotten_needs_no_memory(open_account):
    account = open_account(
        Scenario(forget_after=60, streams={kind: Stream(rate=0.5, lag=5) for kind in KINDS})
    )
    sizes = []
    for _ in range(4):
        account.clock.pass_(1500)
        account.simulator.advance()
        sizes.append(account.get(PATH)["total_size"])
    assert max(sizes) < 2 * min(sizes)


def test_jobs_of_two_kinds_share_an_id(open_account):
    stream = Stream(count=200, rate=10)
    account = open_account(Scenario(shared_ids=0.2, streams={"parse": stream, "classify": stream}))
    account.clock.pass_(200)
    ids = {
        kind: {i for page in account.walk(PATHS[kind], page_size=100) for i in page}
        for kind in ("parse", "classify")
    }
    assert len(ids["parse"] & ids["classify"]) == pytest.approx(80, abs=25)
    assert [len(of_one) for of_one in ids.values()] == [200, 200]


def test_dates_are_odd_in_their_shares(lived):
    account = lived("parse", 90, for_=1, odd_dates={"null": 0.3, "missing": 0.3, "naive": 0.3})
    found = Counter(
        str(item.get("created_at", "missing"))[-1] for item in account.get(PATH, page_size=100)["items"]
    )
    assert found["Z"] == pytest.approx(9, abs=8)
    assert found["e"] == pytest.approx(27, abs=12)  # of None
    assert found["g"] == pytest.approx(27, abs=12)  # of missing


def test_the_files_of_batches_fail_and_are_cancelled(lived):
    account = lived("batch_v1", 20, file_failed=0.5, file_cancelled=0.5, unmapped=0)
    batches = account.get(PATHS["batch_v1"])["items"]
    assert {b["status"] for b in batches} == {"completed"}
    ends = Counter(
        item["status"]
        for b in batches
        for item in account.get(f"{PATHS['batch_v1']}/{b['id']}/items")["items"]
    )
    assert set(ends) == {"failed", "cancelled"}
    assert sum(b["failed_items"] for b in batches) == ends["failed"] > 0


def test_files_of_batches_get_no_job(lived):
    skipped = lived("batch_v1", 5, unmapped=1)
    assert all(b["skipped_items"] == b["total_items"] for b in skipped.get(PATHS["batch_v1"])["items"])
    unmapped = lived("batch", 5, unmapped=1)
    for batch_id in unmapped.ids(PATHS["batch"]):
        results = unmapped.get(f"{PATHS['batch']}/{batch_id}", expand="results")["results"]
        assert all(r["error_message"] and not r["job_reference"] for r in results)


def test_the_results_of_a_batch_may_stay_null(lived):
    account = lived("batch", 5, no_results=1)
    for batch_id in account.ids(PATHS["batch"]):
        batch = account.get(f"{PATHS['batch']}/{batch_id}", expand="results")
        assert (batch["status"], batch["results"]) == ("COMPLETED", None)


def test_a_batch_that_is_completed_has_a_job_for_each_file_though_it_goes_back_to_work_later(lived):
    account = lived("batch", 10, for_=60, reruns=1, flip_after=90, unmapped=0)
    for batch_id in account.ids(PATHS["batch"]):
        batch = account.get(f"{PATHS['batch']}/{batch_id}", expand="results")
        assert batch["status"] == "COMPLETED"
        assert all(result["job_reference"] for result in batch["results"])


def test_a_batch_v1_without_files_ends(lived):
    account = lived("batch_v1", 3, files=(0, 0))
    assert {b["status"] for b in account.get(PATHS["batch_v1"])["items"]} == {"completed"}


def test_with_all_of_it_the_same_seed_gives_the_same_jobs_however_often_one_looks(open_account):
    stream = Stream(
        rate=0.5,
        stuck=0.1,
        strange=0.2,
        strange_end=0.1,
        flips=0.3,
        reruns=0.2,
        vanish=0.2,
        back=0.5,
        odd_dates={"null": 0.1},
        lag=3,
    )
    scenario = Scenario(shared_ids=0.1, forget_after=50, streams=dict.fromkeys(KINDS, stream))
    ends = []
    for step in (0.5, 300):
        account = open_account(scenario)
        for _ in range(int(300 / step)):
            account.clock.pass_(step)
            account.simulator.advance()
        ends.append({kind: account.get(path, page_size=100) for kind, path in PATHS.items()})
    assert ends[0] == ends[1]
    assert all(page["items"] for page in ends[0].values())
