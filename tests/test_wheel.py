"""The wheel alone, in a clean environment, does what the checkout does."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def ran(*args, cwd, within=120):
    """Without a word of this checkout in its environment."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "RELAY"))}
    return subprocess.run(
        args, cwd=cwd, env=environ, capture_output=True, text=True, timeout=within, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    done = ran(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of an environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    pip = (str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    done = ran(*pip, str(wheel), cwd=folder, within=600)
    if done.returncode != 0:
        pytest.skip(f"pip can't install here: {done.stderr.strip().splitlines()[-1]}")
    return folder


def test_the_wheel_holds_relay_and_what_installs_it_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.startswith("llamacloud_relay-")} == {"relay"}
    data = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    assert data == {
        "share/relay/rules.toml",
        "share/relay/systemd/relay.service",
        "share/relay/systemd/relay@.service",
        "share/relay/systemd/relay.service.d/secrets.conf",
    }


def test_the_demo_runs_without_the_checkout(installed, tmp_path):
    done = ran(str(installed / "bin" / "relay"), "demo", "--for", "5s", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "nothing amiss" in done.stdout
    where = ran(str(installed / "bin" / "python"), "-c", "import relay; print(relay.__file__)", cwd=tmp_path)
    assert where.stdout.startswith(str(installed))


def test_what_installs_it_lies_beside_the_program(installed):
    share = installed / "share" / "relay"
    assert (share / "systemd" / "relay.service").read_bytes() == (
        ROOT / "systemd" / "relay.service"
    ).read_bytes()
    assert (share / "rules.toml").read_bytes() == (ROOT / "rules.toml").read_bytes()
