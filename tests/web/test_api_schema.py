"""The API does what its document says: asked by Schemathesis, against a real relay."""

import subprocess
import sys
from pathlib import Path

from tests.web.conftest import TOKEN

JUDGE = Path(sys.executable).with_name("schemathesis")
HOW = (
    *("--header", f"Authorization: Bearer {TOKEN}", "--exclude-path", "/api/v1/changes", "--no-color"),
    *("--mode", "all", "--max-examples", "10", "--seed", "1", "--max-time", "60"),
    *("--generation-database", "none"),
)


def test_the_api_keeps_to_its_document_whatever_it_is_asked(running, tmp_path):
    done = subprocess.run(
        [JUDGE, "run", f"{running.url}/api/v1/openapi.json", *HOW],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "No issues found" in done.stdout
    assert "Traceback" not in running.home.log.read_text("utf-8")


async def test_every_route_of_the_api_is_in_its_document(running):
    document = await running.get("/api/v1/openapi.json")
    assert document["openapi"] == "3.1.0"
    assert "/api/v1/changes" in document["paths"]
    assert "post" in document["paths"]["/api/v1/deliveries/{id}/retry"]
