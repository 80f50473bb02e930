"""The last SDK that has the batch-processing jobs judges them, from an environment of its own."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from relay.simulator import BatchFile
from relay.simulator.http import app

OLD_SDK = Path(sys.prefix) / "llama-cloud-2.13"
HOW = f"no llama-cloud 2.13 here: pip install --no-deps --target {OLD_SDK} llama-cloud==2.13.0"

SCRIPT = """
import json, sys
from llama_cloud import LlamaCloud, UnprocessableEntityError, __version__
from llama_cloud.types.beta.batch.job_item_list_response import JobItemListResponse
from llama_cloud.types.beta.batch_get_status_response import BatchGetStatusResponse
from llama_cloud.types.beta.batch_list_response import BatchListResponse

def judge(model, content):
    assert model.model_validate_json(json.dumps(content), strict=True).model_extra == {}

with LlamaCloud(api_key="llx-test", base_url=sys.argv[1], max_retries=0) as client:
    batch, path = client.beta.batch, "/api/v1/beta/batch-processing"
    listed = [job.id for job in batch.list(limit=2)]
    running = [job.id for job in batch.list(status="running", job_type="extract")]
    got = batch.get_status(listed[0])
    items = [[item.item_name, item.status, item.job_id] for item in batch.job_items.list(listed[0], limit=1)]
    for item in client.get(path, cast_to=object)["items"]:
        judge(BatchListResponse, item)
    judge(BatchGetStatusResponse, client.get(f"{path}/{listed[0]}", cast_to=object))
    for item in client.get(f"{path}/{listed[0]}/items", cast_to=object)["items"]:
        judge(JobItemListResponse, item)
    try:
        batch.list(limit=1001)
    except UnprocessableEntityError as error:
        limit = error.body["detail"][0]["loc"]
    print(json.dumps([__version__, listed, running, [got.job.id, got.progress_percentage], items, limit]))
"""


async def judged_by_the_old_sdk(url):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SCRIPT,
        url,
        env={**os.environ, "PYTHONPATH": str(OLD_SDK)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(out)


@pytest.mark.skipif(not OLD_SDK.is_dir(), reason=HOW)
async def test_it_lists_and_gets_batch_processing_jobs_and_their_items(simulator, aiohttp_server):
    done, failed = simulator.create("parse", status="COMPLETED"), simulator.create("parse", status="FAILED")
    files = [
        BatchFile(id="1", name="a.pdf", job=done),
        BatchFile(id="2", name="b.pdf", job=failed),
        BatchFile(id="3", name="c.pdf", skip_reason="size_limit_exceeded"),
        BatchFile(id="4", name="d.pdf"),
    ]
    times = range(1_789_999_000, 1_789_999_004)
    jobs = [simulator.create("batch_v1", created_at=at, makes="extract", status="RUNNING") for at in times]
    last = simulator.create("batch_v1", status="DISPATCHED", files=files)
    server = await aiohttp_server(app(simulator))
    running = [job.id for job in reversed(jobs)]
    assert await judged_by_the_old_sdk(str(server.make_url(""))) == [
        "2.13.0",
        [last.id, *running],
        running,
        [last.id, 75.0],
        [
            ["a.pdf", "completed", done.id],
            ["b.pdf", "failed", failed.id],
            ["c.pdf", "skipped", None],
            ["d.pdf", "pending", None],
        ],
        ["query", "limit"],
    ]
