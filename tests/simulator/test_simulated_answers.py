"""What the API says to one request, right or wrong."""

import json

import pytest

NO_DATE = "datetime_from_date_parsing"
SINCE, UNTIL = "created_at_on_or_after", "created_at_on_or_before"
PATHS = {
    "parse": "/api/v2/parse",
    "classify": "/api/v2/classify",
    "extract": "/api/v2/extract",
    "split": "/api/v1/split/jobs",
    "batch": "/api/v2/batches",
    "batch_v1": "/api/v1/beta/batch-processing",
}


def refusal(account, path, **query):
    answer = account.answer(path, **query)
    (mistake,) = json.loads(answer.body)["detail"]
    return answer.status, mistake["type"], mistake["loc"]


@pytest.mark.parametrize(
    ("key", "detail"),
    [(None, "Not authenticated"), ("", "Not authenticated"), ("llx-other", "Invalid API Key")],
)
def test_a_key_is_needed(account, key, detail):
    answer = account.answer("/api/v2/parse", key=key, page_size="x")
    assert (answer.status, json.loads(answer.body)) == (401, {"detail": detail})


@pytest.mark.parametrize(
    ("kind", "query", "mistake", "name"),
    [
        ("parse", {"status": "running"}, "literal_error", "status"),
        ("parse", {"status": "THROTTLED"}, "literal_error", "status"),
        ("split", {"status": "PENDING"}, "literal_error", "status"),
        ("split", {"status": "running"}, "literal_error", "status"),
        ("batch_v1", {"status": "throttled"}, "literal_error", "status"),
        ("batch_v1", {"job_type": "split"}, "literal_error", "job_type"),
        ("classify", {"page_size": "0"}, "greater_than_equal", "page_size"),
        ("classify", {"page_size": "101"}, "less_than_equal", "page_size"),
        ("parse", {"page_size": "many"}, "int_parsing", "page_size"),
        ("batch_v1", {"limit": "0"}, "greater_than_equal", "limit"),
        ("batch_v1", {"limit": "1001"}, "less_than_equal", "limit"),
        ("batch_v1", {"offset": "-1"}, "greater_than_equal", "offset"),
        ("extract", {"project_id": "prj-1"}, "uuid_parsing", "project_id"),
        ("batch", {"organization_id": "org"}, "uuid_parsing", "organization_id"),
        ("batch", {SINCE: "yesterday"}, NO_DATE, SINCE),
        # A "+" that the client did not encode arrives as a space.
        ("parse", {UNTIL: "2026-11-01T00:00:00 02:00"}, NO_DATE, UNTIL),
    ],
)
def test_a_wrong_parameter_is_a_422_that_names_it(account, kind, query, mistake, name):
    assert refusal(account, PATHS[kind], **query) == (422, mistake, ["query", name])


def test_all_wrong_parameters_are_named_at_once(account):
    answer = account.answer("/api/v2/parse", status="no", page_size="no")
    assert [m["loc"][1] for m in json.loads(answer.body)["detail"]] == ["page_size", "status"]


def test_a_422_reads_as_fastapi_writes_it(account):
    answer = account.answer("/api/v2/classify", page_size="101")
    assert json.loads(answer.body)["detail"] == [
        {
            "type": "less_than_equal",
            "loc": ["query", "page_size"],
            "msg": "Input should be less than or equal to 100",
            "input": "101",
            "ctx": {"le": 100},
        }
    ]


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("batch", {"job_ids": "x"}),
        ("batch_v1", {"created_at_on_or_after": "2040-01-01"}),
        ("parse", {"a": "b"}),
    ],
)
def test_a_parameter_that_the_endpoint_lacks_is_let_pass(account, simulator, kind, query):
    job = simulator.create(kind)
    assert account.ids(PATHS[kind], **query) == [job.id]


@pytest.mark.parametrize("kind", PATHS)
def test_a_job_that_is_not_there_is_a_404(account, kind):
    answer = account.answer(f"{PATHS[kind]}/nothing")
    assert answer.status == 404
    assert json.loads(answer.body)["detail"].endswith("not found")


def test_an_unknown_path_is_a_404_without_a_key(account):
    assert account.answer("/api/v2/sheets", key=None).status == 404
    assert account.answer("/api/v2/parse/a/items").status == 404


def test_only_reading_is_served(account):
    answer = account.answer("/api/v2/parse", method="POST")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("kind", ["parse", "batch_v1"])
def test_get_one_wraps_where_the_api_wraps(account, simulator, kind):
    job = simulator.create(kind)
    assert account.get(f"{PATHS[kind]}/{job.id}")["job"]["id"] == job.id


@pytest.mark.parametrize("kind", ["classify", "extract", "split", "batch"])
def test_get_one_is_flat_elsewhere(account, simulator, kind):
    job = simulator.create(kind)
    assert account.get(f"{PATHS[kind]}/{job.id}")["id"] == job.id


def test_an_id_may_need_quoting(account, simulator):
    job = simulator.create("parse", id="a/b c")
    assert account.get("/api/v2/parse/a%2Fb%20c")["job"]["id"] == job.id


@pytest.mark.parametrize(
    ("kind", "shown"), [("parse", "RUNNING"), ("split", "running"), ("batch_v1", "running")]
)
def test_each_kind_spells_its_statuses(account, simulator, kind, shown):
    simulator.create(kind, status="RUNNING")
    assert account.get(PATHS[kind])["items"][0]["status"] == shown


def test_a_project_shows_its_own_jobs_only(account, simulator):
    other = "11111111-2222-3333-4444-555555555555"
    ours, theirs = simulator.create("parse"), simulator.create("parse", project_id=other)
    assert account.ids("/api/v2/parse") == [ours.id]
    assert account.ids("/api/v2/parse", project_id=simulator.scenario.project_id) == [ours.id]
    assert account.ids("/api/v2/parse", project_id=other.upper()) == [theirs.id]
    assert account.answer(f"/api/v2/parse/{theirs.id}").status == 404


@pytest.mark.parametrize("expand", [["usage", "extract_metadata"], ["usage,extract_metadata"]])
def test_expand_comes_repeated_or_joined_by_commas(account, simulator, expand):
    job = simulator.create("extract", status="COMPLETED")
    item = account.get(f"/api/v2/extract/{job.id}", expand=expand)
    assert (item["usage"]["credits"], item["configuration"]) == (30.0, None)
    assert item["extract_metadata"]["parse_tier"] == "agentic"


def test_a_field_can_be_laid_over_an_item(account, simulator):
    simulator.create("parse", item={"created_at": None, "tier": "new_tier"})
    (item,) = account.get("/api/v2/parse")["items"]
    assert (item["created_at"], item["tier"]) == (None, "new_tier")


def test_an_error_is_shown_with_its_job(account, simulator):
    job = simulator.create("parse")
    simulator.move(job, "FAILED", "PDF_IS_BROKEN: x")
    assert account.get(f"/api/v2/parse/{job.id}")["job"]["error_message"] == "PDF_IS_BROKEN: x"
