"""What installs relay says the same thing everywhere: metadata, locks, the unit file, the image."""

import configparser
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import relay

ROOT = Path(__file__).parent.parent
LOCKS = [
    *("requirements.lock", "requirements-build.lock", "requirements-dev.lock"),
    "tests/llama-cloud-2.13.lock",
]
UNIT = ROOT / "systemd" / "relay.service"
SECOND = UNIT.with_name("relay@.service")
UNITS = [UNIT, SECOND]
PROGRAM = "/opt/relay/bin/relay"


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def direct(extra=None):
    return [
        Requirement(text)
        for text in (project()["optional-dependencies"][extra] if extra else project()["dependencies"])
    ]


def locked(lock):
    """Each requirement of a lock with its hashes: {"aiohttp==3.14.5": ["sha256:…", …]}."""
    text = re.sub(r"#.*", "", (ROOT / lock).read_text("utf-8")).replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line.strip()]
    return {pin: [word.removeprefix("--hash=") for word in words] for pin, *words in lines}


def pins(lock):
    return {Requirement(pin).name.lower(): Requirement(pin) for pin in locked(lock)}


def unit(path=UNIT):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(path)
    return parser


def dockerfile():
    """Its instructions, each on one line."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8")).replace("\\\n", " ")
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]


def test_the_version_is_the_same_everywhere():
    assert relay.__version__ == project()["version"]


@pytest.mark.parametrize("extra", [None, "dev"])
def test_every_direct_dependency_is_bounded_below_and_above(extra):
    unbounded = [
        str(need)
        for need in direct(extra)
        if not {op.operator for op in need.specifier} & {"==", "~="}
        and {op.operator for op in need.specifier} & {">=", "<"} != {">=", "<"}
    ]
    assert unbounded == []


@pytest.mark.parametrize(("lock", "extra"), [("requirements.lock", None), ("requirements-dev.lock", "dev")])
def test_a_lock_meets_every_direct_dependency(lock, extra):
    for need in direct() + (direct(extra) if extra else []):
        (version,) = pins(lock)[need.name.lower()].specifier
        assert need.specifier.contains(version.version), need


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-build.lock"])
def test_what_runs_and_builds_is_the_same_where_it_is_developed(lock):
    assert locked(lock).items() <= locked("requirements-dev.lock").items()


def test_what_builds_is_not_among_what_runs():
    assert "hatchling" in pins("requirements-build.lock")
    assert "hatchling" not in pins("requirements.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_everything_by_hash(lock):
    assert locked(lock)
    for pin, hashes in locked(lock).items():
        assert re.fullmatch(r"[a-z0-9.-]+==[^=;]+(;.*)?", pin)
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", found) for found in hashes), pin


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_no_path(lock):
    text = (ROOT / lock).read_text("utf-8")
    assert not re.search(r"://|^\s*-|/", re.sub(r"(?m)^ +--hash=", "", text), re.MULTILINE)


def test_a_lock_holds_the_files_of_many_platforms():
    found = {Requirement(pin).name: len(hashes) for pin, hashes in locked("requirements.lock").items()}
    assert found["aiohttp"] > 20
    assert found["pydantic-core"] > 20


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("Service", "Type", "notify"),
        ("Service", "StateDirectory", "relay"),
        ("Service", "DynamicUser", "yes"),
        ("Service", "ExecStart", f"{PROGRAM} run --config /etc/relay/rules.toml"),
        ("Service", "Restart", "on-failure"),
        ("Service", "RestartPreventExitStatus", "2"),
        ("Service", "NoNewPrivileges", "yes"),
        ("Service", "ProtectSystem", "strict"),
        ("Install", "WantedBy", "multi-user.target"),
    ],
)
def test_the_unit_keeps_its_promise(section, key, value):
    assert unit()[section][key] == value


def test_the_unit_waits_longer_than_relay_takes_to_end():
    assert int(unit()["Service"]["TimeoutStopSec"]) > 10


def test_the_unit_of_a_second_environment_differs_only_in_what_is_its_own():
    first, second = ({**unit(path)} for path in UNITS)
    named = {"Description", "ExecStart", "StateDirectory", "WorkingDirectory"}
    for section in ("Unit", "Service", "Install"):
        assert first[section].keys() == second[section].keys()
        differ = {key for key in first[section] if first[section][key] != second[section][key]}
        assert differ <= named
        assert all("%i" in second[section][key] for key in differ)


def settings(path):
    """Every line that sets something; a parser would keep one of those that stand twice."""
    return [line for line in path.read_text("utf-8").splitlines() if line and line[0] not in "#["]


def test_the_unit_of_a_second_environment_is_no_less_hardened():
    first, second = (set(settings(path)) for path in UNITS)
    assert len(first ^ second) == 8


def test_the_example_of_a_drop_in_gives_relay_the_secrets_that_the_sample_names():
    dropped = settings(UNIT.with_name("relay.service.d") / "secrets.conf")
    lines = (ROOT / "rules.toml").read_text("utf-8").splitlines()
    named = [found[1] for line in lines if (found := re.match(r'\w+ = "\$(\w+)"', line))]
    assert dropped == [f"LoadCredential={name}:/etc/relay/secrets/{name}" for name in named]


def five_commands():
    """Of docs/operations.md, each a line."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## Install\n")[2]
    return text.partition("```bash\n")[2].partition("```")[0].splitlines()


def test_the_install_takes_five_commands_that_a_shell_can_read():
    assert len(five_commands()) == 5
    for command in five_commands():
        read = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True, check=False)
        assert (read.returncode, read.stderr) == (0, "")


def test_the_install_names_what_the_wheel_brings_and_the_unit_reads():
    text = "\n".join(five_commands())
    brought = {ROOT / name for name in re.findall(r"/opt/relay/share/relay/(\S+)", text)}
    assert brought == {ROOT / "rules.toml", UNIT, UNIT.with_name("relay.service.d") / "secrets.conf"}
    asked = re.search(r"for name in ([A-Z_ ]+);", text)[1].split()
    assert settings(UNIT.with_name("relay.service.d") / "secrets.conf") == [
        f"LoadCredential={name}:/etc/relay/secrets/{name}" for name in asked
    ]
    assert 'database = "relay.db"' in (ROOT / "rules.toml").read_text("utf-8")


def analyzed(*args):
    return subprocess.run(["systemd-analyze", *args], capture_output=True, text=True, check=False)


@pytest.fixture(params=UNITS, ids=["the first", "a second"])
def installed(request, tmp_path):
    """A copy named as an instance is. Its program must be there; here another stands in for it."""
    copy = tmp_path / request.param.name.replace("@", "@staging")
    copy.write_text(request.param.read_text("utf-8").replace(PROGRAM, sys.executable), "utf-8")
    return copy


with_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine"
)


@with_systemd
def test_systemd_finds_nothing_wrong_with_the_unit(installed):
    done = analyzed("verify", installed)
    complaints = [line for line in done.stderr.splitlines() if installed.name in line]
    assert (done.returncode, complaints) == (0, [])


@with_systemd
def test_systemd_finds_little_that_the_unit_is_exposed_to(installed):
    done = analyzed("security", "--offline=true", installed)
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert float(exposure) <= 1.3


def test_the_image_runs_as_nobody_in_particular():
    users = [line.split()[1] for line in dockerfile() if line.startswith("USER ")]
    assert users
    assert users[-1] == "10001:10001"
    last_stage = max(at for at, line in enumerate(dockerfile()) if line.startswith("FROM "))
    assert any(line.startswith("USER ") for line in dockerfile()[last_stage:])


def test_the_image_installs_by_the_lock_and_nothing_else():
    installs = re.findall(
        r"(pip(?: --python \S+)?) install (.*?)(?: &&|$)", "\n".join(dockerfile()), re.MULTILINE
    )
    assert installs == [
        ("pip", "--require-hashes -r requirements-build.lock"),
        ("pip --python /opt/relay/bin/python", "--require-hashes -r requirements.lock"),
        ("pip --python /opt/relay/bin/python", "--no-deps --no-index /wheels/*.whl"),
    ]


@pytest.mark.skipif(not shutil.which("hadolint"), reason="hadolint is not on this machine")
def test_hadolint_finds_nothing_wrong_with_the_image():
    done = subprocess.run(["hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_asked_for_its_health():
    (check,) = [line for line in dockerfile() if line.startswith("HEALTHCHECK ")]
    assert "/healthz" in check


def test_what_the_image_copies_is_let_in():
    let_in = set(re.findall(r"(?m)^!(\S+)", (ROOT / ".dockerignore").read_text("utf-8")))
    copied = [
        line.split()[1:-1] for line in dockerfile() if line.startswith("COPY ") and "--from" not in line
    ]
    assert {name for names in copied for name in names} == let_in
