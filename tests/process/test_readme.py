"""What README.md shows works as it stands, and so do its pictures and links."""

import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web

from relay.config import load
from relay.simulator.http import app
from tests.process.live import KEY, SECRET, served, until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ENVIRON = {
    "LLAMA_CLOUD_API_KEY": KEY,
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SMTP_PASSWORD": "secret",
    "WAREHOUSE_URL": "https://example.com/hook",
    "WAREHOUSE_SECRET": SECRET,
}
EXAMPLE_ENVIRON = {
    "LLAMA_CLOUD_API_KEY": KEY,
    "WEBHOOK_URL": "https://example.com/hook",
    "WEBHOOK_SECRET": SECRET,
    "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/x",
    "SMTP_PASSWORD": "secret",
}


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)


def commands(program):
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    split = [shlex.split(line, comments=True) for line in lines]
    return [words for words in split if Path(words[0]).name == program]


def test_it_is_read_in_five_minutes():
    assert len(README.splitlines()) <= 150


def test_each_of_its_commands_is_run_here():
    known = {"make", "relay", "python3", "pip"}
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    assert lines
    assert {Path(shlex.split(line)[0]).name for line in lines} == known


def test_its_configuration_loads_without_mistakes_or_warnings(tmp_path):
    (text,) = blocks("toml")
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    assert load(path, environ=ENVIRON, secrets=True).warnings == ()


def test_what_the_example_has_commented_out_loads_too(tmp_path):
    text = re.sub(r"(?m)^#(?=[\[a-z])", "", (ROOT / "rules.toml").read_text("utf-8"))
    path = tmp_path / "rules.toml"
    path.write_text(text.replace('to = ["hook"]', 'to = ["hook", "ops", "oncall"]'), "utf-8")
    config = load(path, environ=EXAMPLE_ENVIRON, secrets=True)
    assert config.warnings == ()
    assert set(config.destinations) == {"hook", "ops", "oncall"}
    assert config.rules[0].group_by == ("source", "error_kind")


@pytest.fixture
async def slack():
    """Takes what a bot posts."""
    posted = []

    async def take(request):
        posted.append(await request.json())
        return web.json_response({"ok": True, "channel": "C1", "ts": "1.1"})

    application = web.Application()
    application.router.add_post("/chat.postMessage", take)
    async with served(application) as url:
        yield url, posted


@pytest.fixture
async def configured(home, simulator, slack):
    """README's configuration, with a simulated API and a Slack of this machine."""
    (text,) = blocks("toml")
    async with served(app(simulator)) as api:
        text = text.replace("[llamacloud]", f'[llamacloud]\nrequests_per_minute = 6000\nbase_url = "{api}"')
        text = text.replace("[relay]", '[relay]\nlisten = "off"')
        home.write(text.replace('channel = "#ops"', f'channel = "#ops"\napi_url = "{slack[0]}/"'))
        yield home


async def test_its_commands_do_what_it_says(configured, slack):
    ran = [words[1:] for words in commands("relay")]
    assert ran == [["check"], ["test", "ops"], ["run"], ["status"]]
    check, test, run, status = ran
    assert (await configured.relay(*check, **ENVIRON)).status == 0
    done = await configured.relay(*test, **ENVIRON)
    assert (done.status, done.out) == (0, "ops: delivered to #ops (HTTP 200)\n")
    assert slack[1][0]["text"].startswith("🧪 Test message to ops")
    async with configured.started(*run, **ENVIRON) as process:
        await until(lambda: configured.sources_seen() == 2)
        done = await configured.relay(*status)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert done.status == 0
    assert all(name in done.out for name in ("parse", "batch", "ops", "oncall", "warehouse"))
    with closing(sqlite3.connect(configured.database)) as db:
        assert db.execute("SELECT count(*) FROM deliveries").fetchone() == (0,)


def test_its_make_targets_are_there():
    for words in commands("make"):
        done = subprocess.run([*words, "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_it_installs_what_the_image_does():
    image = (ROOT / "Dockerfile").read_text("utf-8")
    (venv,) = commands("python3")
    assert venv == ["python3", "-m", "venv", "/opt/relay"]
    assert len(commands("pip")) == 2
    locks = set(re.findall(r"-r (\S+)", image))
    for program, *words in commands("pip"):
        assert program == "/opt/relay/bin/pip"
        assert {words[n + 1] for n, word in enumerate(words) if word == "-r"} in (locks, set())


def test_the_last_line_of_the_install_finds_a_package_here():
    *_, (_, *words) = commands("pip")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    done = subprocess.run(
        [*pip, words[0], "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))])
def test_links_and_pictures_lead_somewhere(page):
    text = (ROOT / page).read_text("utf-8")
    found = re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)|(?:src|srcset)=\"([^\":]+)\"", text)
    for link in filter(None, (a or b for a, b in found)):
        assert ((ROOT / page).parent / link).exists(), link
