"""The official SDK is the judge: it lists and gets every kind it has over a real connection."""

import json
from datetime import UTC, datetime

import llama_cloud
import pytest
from llama_cloud import AsyncLlamaCloud
from llama_cloud.types.batch_get_response import BatchGetResponse
from llama_cloud.types.batch_list_response import BatchListResponse
from llama_cloud.types.classify_get_response import ClassifyGetResponse
from llama_cloud.types.classify_list_response import ClassifyListResponse
from llama_cloud.types.extract_v2_job import ExtractV2Job
from llama_cloud.types.parsing_get_response import ParsingGetResponse
from llama_cloud.types.parsing_list_response import ParsingListResponse
from llama_cloud.types.split_get_response import SplitGetResponse
from llama_cloud.types.split_list_response import SplitListResponse

from relay.simulator import BatchFile, Scenario, Stream
from relay.simulator.http import app

RESOURCES = {
    "parse": ("parsing", "/api/v2/parse", ParsingListResponse, ParsingGetResponse),
    "classify": ("classify", "/api/v2/classify", ClassifyListResponse, ClassifyGetResponse),
    "extract": ("extract", "/api/v2/extract", ExtractV2Job, ExtractV2Job),
    "split": ("split", "/api/v1/split/jobs", SplitListResponse, SplitGetResponse),
    "batch": ("batches", "/api/v2/batches", BatchListResponse, BatchGetResponse),
}
EXPAND = {"expand": ["usage", "configuration", "extract_metadata", "job_metadata", "results"]}


@pytest.fixture
def lived(open_account):
    """Open an account in which every kind has jobs in every status of its life."""
    streams = {kind: Stream(rate=2, failed=0.2, cancelled=0.1) for kind in RESOURCES}
    account = open_account(Scenario(streams=streams))
    account.clock.pass_(60)
    return account


@pytest.fixture
async def sdk(lived, aiohttp_server):
    server = await aiohttp_server(app(lived.simulator))
    async with AsyncLlamaCloud(
        api_key="llx-test", base_url=str(server.make_url("")), max_retries=0
    ) as client:
        yield client


def resource(sdk, kind):
    return getattr(sdk, RESOURCES[kind][0])


def judge(model, content):
    """Insist on all that the SDK's model says, and that it knows each field."""
    judged = model.model_validate_json(json.dumps(content), strict=True)
    assert judged.model_extra == {}


@pytest.mark.parametrize("kind", RESOURCES)
async def test_it_pages_through_every_list(lived, sdk, kind):
    listed = [job.id async for job in resource(sdk, kind).list(page_size=7)]
    assert len(listed) == lived.get(RESOURCES[kind][1])["total_size"] > 7 * 3
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("kind", RESOURCES)
async def test_its_filters_work(lived, sdk, kind):
    status = "failed" if kind == "split" else "FAILED"
    since, until = (datetime.fromtimestamp(1_790_000_000 + s, UTC) for s in (5, 40))
    window = {"created_at_on_or_after": since, "created_at_on_or_before": until.isoformat()}
    scope = {"project_id": lived.simulator.scenario.project_id}
    jobs = [j async for j in resource(sdk, kind).list(page_size=3, status=status, **window, **scope)]
    assert jobs
    assert all(job.status == status and since <= job.created_at <= until for job in jobs)


@pytest.mark.parametrize("kind", ["parse", "classify", "extract", "split"])
async def test_it_lists_by_ids(sdk, kind):
    first = [job.id for job in (await resource(sdk, kind).list(page_size=5)).items]
    assert [job.id async for job in resource(sdk, kind).list(job_ids=first[1:3])] == first[1:3]


@pytest.mark.parametrize("kind", RESOURCES)
async def test_its_own_models_accept_every_item_of_a_list(lived, kind):
    _, path, model, _ = RESOURCES[kind]
    items = lived.get(path, page_size=100, **EXPAND)["items"]
    assert len({item["status"].upper() for item in items}) >= 4
    for item in items:
        judge(model, item)


@pytest.mark.parametrize("kind", RESOURCES)
async def test_its_own_models_accept_every_job_asked_for(lived, kind):
    _, path, _, model = RESOURCES[kind]
    for job_id in lived.ids(path, page_size=100):
        judge(model, lived.get(f"{path}/{job_id}", **EXPAND))


@pytest.mark.parametrize("kind", ["classify", "extract", "split", "batch"])
async def test_it_gets_a_job(lived, sdk, kind):
    job_id = lived.ids(RESOURCES[kind][1])[0]
    assert (await resource(sdk, kind).get(job_id)).id == job_id


async def test_it_gets_a_parse_job_with_its_credits(lived, sdk):
    job_id = lived.ids("/api/v2/parse", status="COMPLETED")[0]
    answer = await sdk.parsing.get(job_id, expand=["usage", "job_metadata"])
    assert (answer.job.id, answer.job.usage.credits, answer.job_metadata) == (job_id, 30, {"job_pages": 3})


async def test_it_gets_the_results_of_a_batch(lived, sdk):
    parse = lived.simulator.create("parse", name="a.pdf")
    files = [BatchFile(id="dfl-1", name="a.pdf", job=parse), BatchFile(id="dfl-2", name="b.pdf", error="no")]
    batch = lived.simulator.create("batch", status="COMPLETED", files=files)
    first, second = (await sdk.batches.get(batch.id, expand=["results"])).results
    assert (first.job_reference.id, first.job_reference.type) == (parse.id, "parse_v2")
    assert (second.job_reference, second.error_message) == (None, "no")
    assert (await sdk.batches.get(batch.id)).results is None


@pytest.mark.parametrize(
    ("status", "error", "ask"),
    [
        (401, llama_cloud.AuthenticationError, lambda sdk: sdk.with_options(api_key="llx-no").parsing.list()),
        (404, llama_cloud.NotFoundError, lambda sdk: sdk.classify.get("nothing")),
        (422, llama_cloud.UnprocessableEntityError, lambda sdk: sdk.classify.list(page_size=101)),
        (422, llama_cloud.UnprocessableEntityError, lambda sdk: sdk.batches.list(project_id="prj-1")),
    ],
)
async def test_its_exceptions_are_those_of_the_api(sdk, status, error, ask):
    with pytest.raises(error) as raised:
        await ask(sdk)
    assert raised.value.status_code == status
    assert "detail" in raised.value.body


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("error", llama_cloud.InternalServerError),
        ("too_many", llama_cloud.RateLimitError),
        ("drop", llama_cloud.APIConnectionError),
    ],
)
async def test_faults_look_to_it_as_those_of_the_api(lived, sdk, fault, error):
    lived.simulator.fail_next(1, fault)
    with pytest.raises(error):
        await sdk.parsing.list()
