"""The API does what its document says: asked by Schemathesis, against a real relay."""

import asyncio
import sys
from pathlib import Path

from tests.web.conftest import TOKEN, a_relay

JUDGE = Path(sys.executable).with_name("schemathesis")
HOW = (
    *("--header", f"Authorization: Bearer {TOKEN}", "--exclude-path", "/api/v1/changes", "--no-color"),
    *("--mode", "all", "--max-examples", "10", "--seed", "1", "--max-time", "40"),
    *("--generation-database", "none"),
)


async def test_the_api_keeps_to_its_document_whatever_it_is_asked(tmp_path):
    async with a_relay(tmp_path, more=f'token = "{TOKEN}"') as it:  # one of its own: it retries what is dead
        judge = await asyncio.create_subprocess_exec(
            *(JUDGE, "run", f"{it.url}/api/v1/openapi.json", *HOW),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(150):
            said, _ = await judge.communicate()
        assert judge.returncode == 0, said.decode()[-4000:]
        assert b"No issues found" in said
        assert "Traceback" not in it.home.log.read_text("utf-8")


async def test_every_route_of_the_api_is_in_its_document(running):
    document = await running.get("/api/v1/openapi.json")
    assert document["openapi"] == "3.1.0"
    assert "/api/v1/changes" in document["paths"]
    assert "post" in document["paths"]["/api/v1/deliveries/{id}/retry"]
