import os
import subprocess
import sys
from pathlib import Path

import pytest

from relay.config import find, load
from relay.errors import ConfigError
from relay.sources import KINDS

ROOT = Path(__file__).parent.parent.parent


def test_the_example_loads_and_is_warned_of_its_single_destination_alone():
    environ = {
        "LLAMA_CLOUD_API_KEY": "llx-1",
        "WEBHOOK_URL": "https://example.com/hook",
        "WEBHOOK_SECRET": "whsec_" + "A" * 32,
    }
    config = load(ROOT / "rules.toml", environ=environ, secrets=True)
    (warning,) = config.warnings
    assert "alerts_to: is the only destination" in warning
    assert [source.kind for source in config.sources] == list(KINDS.values())
    assert load(ROOT / "rules.toml", environ={}, secrets=False).warnings == (warning,)


def test_little_is_enough(desk, tmp_path):
    config = desk.load("")
    (parse,) = config.sources
    assert (config.relay, config.database) == ("here", tmp_path / "relay.db")
    assert config.listen == ("127.0.0.1", 8710)
    assert (parse.name, parse.kind.name, parse.api_key.reveal()) == ("parse", "parse", "llx-1")
    assert (parse.base_url, parse.every) == ("https://api.cloud.llamaindex.ai", 15)
    assert (parse.requests_per_minute, parse.asked_size) == (20, 100)


def test_a_source_sets_for_itself_what_llamacloud_sets_for_all(desk):
    text = """
[llamacloud]
api_key = "llx-1"
every = "1m"
project_id = "11111111-2222-3333-4444-AAAAAAAAAAAA"
[sources.parse]
[sources.eu]
kind = "extract"
base_url = "https://api.cloud.eu.llamaindex.ai/"
api_key = "llx-2"
every = "5s"
query = { expand = ["configuration"], file_input = "f" }
since = 2026-11-01T02:00:00+02:00
include = ["extract_result"]
"""
    parse, eu = desk.load(text, start="").sources
    assert (parse.every, eu.every, eu.api_key.reveal()) == (60, 5, "llx-2")
    assert parse.project_id == eu.project_id == "11111111-2222-3333-4444-aaaaaaaaaaaa"
    assert eu.base_url == "https://api.cloud.eu.llamaindex.ai"
    assert eu.query == {"expand": ("configuration",), "file_input": "f"}
    assert (eu.since, eu.include) == ("2026-11-01T00:00:00.000000Z", {"extract_result"})


def test_a_list_of_kinds_makes_a_source_of_each(desk):
    config = desk.load('[sources.acme]\nkind = ["split", "batch"]')
    assert [(spec.name, spec.kind.name) for spec in config.sources[1:]] == [
        ("acme.split", "split"),
        ("acme.batch", "batch"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        'api_key = "llx-2"',
        'base_url = "https://x.example"',
        'project_id = "11111111-2222-3333-4444-555555555555"',
    ],
)
def test_sources_that_list_other_jobs_are_not_doubles(desk, other):
    assert len(desk.load(f'[sources.twin]\nkind = "parse"\n{other}').sources) == 2


def test_doubles_are_not_guessed_from_defaults_that_are_wrong_themselves(desk):
    start = '[llamacloud]\napi_key = "llx-1"\nbase_url = "https://x.example"\nevery = "0s"\n[sources.parse]\n'
    text = '[sources.twin]\nkind = "parse"\nbase_url = "https://api.cloud.llamaindex.ai"'
    assert desk.mistakes(text, start=start) == ["rules.toml:4: llamacloud.every: must be at least 1s"]


def test_two_keys_of_one_project_list_the_same_jobs(desk):
    project = 'project_id = "11111111-2222-3333-4444-555555555555"'
    (mistake,) = desk.mistakes(f'{project}\n[sources.twin]\nkind = "parse"\napi_key = "llx-2"\n{project}')
    assert "lists the same jobs as parse" in mistake


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("off", None),
        ("[::1]:0", ("::1", 0)),
        ("localhost:80", ("localhost", 80)),
        ("127.9.9.9:1", ("127.9.9.9", 1)),
    ],
)
def test_relay_listens_on_this_machine_or_not_at_all(desk, text, listen):
    assert desk.load(f'[relay]\nlisten = "{text}"').listen == listen


def test_line_ends_of_windows_are_read(desk):
    content = b'llamacloud.api_key = "llx-1"\r\n[sources.parse]\r\nevery = 1\r\n'
    assert desk.mistakes(content)[0].startswith("rules.toml:3: ")


def test_what_a_configuration_does_not_need_is_not_loaded(desk):
    hook = '[destinations.h]\ntype = "webhook"\nurl = "https://a.example"\nsecret = "$S"\n'
    desk.load(f"{hook}[rules.r]\non = ['*']\nto = ['h']", secrets=False)
    code = (
        "import sys, pathlib, relay.config as c, relay.service\n"
        f"c.load(pathlib.Path({str(desk.path)!r}), environ={{}}, secrets=False)\n"
        "sys.exit(', '.join({'tree_sitter', 're2', 'slack_sdk'} & set(sys.modules)) or 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_the_file_is_looked_for_in_four_places_in_order(tmp_path):
    here, system = tmp_path / "here", tmp_path / "system.toml"
    here.mkdir()
    for path in (tmp_path / "named.toml", here / "env.toml", here / "rules.toml", system):
        path.touch()
    environ = {"RELAY_CONFIG": "env.toml"}
    assert find("../named.toml", environ=environ, cwd=here, system=system).samefile(tmp_path / "named.toml")
    assert find(None, environ=environ, cwd=here, system=system) == here / "env.toml"
    assert find(None, environ={"RELAY_CONFIG": ""}, cwd=here, system=system) == here / "rules.toml"
    assert find(None, environ={}, cwd=tmp_path, system=system) == system


def test_without_a_file_the_places_are_named(tmp_path):
    with pytest.raises(ConfigError, match=f"neither {tmp_path}/rules.toml nor {tmp_path}/system: write one"):
        find(None, environ={}, cwd=tmp_path, system=tmp_path / "system")
    with pytest.raises(ConfigError, match=f"there is no {tmp_path}/x, which --config names"):
        find("x", environ={"RELAY_CONFIG": "y"}, cwd=tmp_path)
    with pytest.raises(ConfigError, match=r"/y, which \$RELAY_CONFIG names"):
        find(None, environ={"RELAY_CONFIG": "y"}, cwd=tmp_path)
