"""What every command shares: help, versions, words that are wrong."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from relay import __version__

COMMANDS = [
    *("run", "demo", "init", "check", "test", "poll", "status", "jobs", "events", "deliveries", "retry"),
    *("replay", "drop", "audit", "backup", "simulate", "completion", "man"),
]


def said_by(*args, stdin="", environ=None):
    done = subprocess.run(
        args, input=stdin, env=environ, capture_output=True, text=True, check=False, timeout=30
    )
    return done.returncode, done.stdout, done.stderr


async def test_the_version_is_the_packages(home):
    done = await home.relay("--version")
    assert (done.status, done.out) == (0, f"relay {__version__}\n")


async def test_help_names_every_command(home):
    done = await home.relay("--help")
    assert done.status == 0
    listed = done.out.partition("Commands:")[2]
    assert [
        line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "
    ] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_explains_itself_without_a_configuration(home, command):
    done = await home.relay(command, "--help")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"Usage: relay {command}") or f" {command} " in done.out.splitlines()[0]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("stats",), "There is no command 'stats'. Did you mean 'status'?"),
        (("frobnicate",), "There is no command 'frobnicate'. See 'relay --help'."),
        (("status", "--jsn"), "No such option '--jsn'. Did you mean '--json'?"),
        (("completion", "csh"), "'csh' is not one of 'bash', 'zsh', 'fish'"),
        (("retry",), "Name deliveries, or all dead ones by --all"),
        (("events", "--limit", "0"), "0 is not in the range"),
        (("demo", "--for", "soon"), "'soon' is not a duration: write it as 20s or 5m"),
        (("simulate", "--listen", "8711"), "--listen takes HOST:PORT, such as 127.0.0.1:8711."),
        (("simulate", "--listen", "127.0.0.1:99999"), "--listen takes HOST:PORT, such as 127.0.0.1:8711."),
    ],
)
async def test_wrong_usage_is_told_in_a_line_and_exits_with_2(home, args, says):
    done = await home.relay(*args)
    assert (done.status, done.out) == (2, "")
    assert says in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["run", "check", "poll", "status", "audit", "jobs"])
async def test_without_a_configuration_the_places_looked_at_are_named(home, command):
    done = await home.relay(command)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"no configuration: there is neither {home.config} nor /etc/relay/rules.toml")
    assert list(home.folder.iterdir()) == []


@pytest.mark.parametrize("by", ["--config", "$RELAY_CONFIG"])
async def test_a_configuration_that_is_named_must_be_there(home, by):
    home.watch("http://127.0.0.1:9", "")
    there = by == "--config"
    args, environ = (("--config", "no.toml"), {}) if there else ((), {"RELAY_CONFIG": "no.toml"})
    done = await home.relay("check", *args, **environ)
    assert done.status == 2
    assert done.err == (
        f"no configuration: there is no {home.folder / 'no.toml'}, which {by} names:"
        " correct it, or write the file\n"
    )


async def test_the_option_wins_over_the_environment_and_that_over_the_folder(home):
    for name in ("rules", "second", "third"):
        home.watch("http://127.0.0.1:9", "")
        home.config.rename(home.folder / f"{name}.toml")
    (home.folder / "rules.toml").write_text("nonsense")
    third = await home.relay("check", "--config", "third.toml", RELAY_CONFIG="second.toml")
    second = await home.relay("check", RELAY_CONFIG="second.toml")
    assert f"configuration: {home.folder / 'third.toml'}\n" in third.err
    assert f"configuration: {home.folder / 'second.toml'}\n" in second.err
    assert (await home.relay("check")).status == 2


@pytest.mark.parametrize("args", [("events", "--json"), ("jobs",), ("events", "--follow", "--json")])
async def test_a_reader_that_leaves_early_is_no_crash(past, args):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        said = asyncio.subprocess.PIPE
        process = await past.start(args, {}, stdin=asyncio.subprocess.DEVNULL, stdout=writer, stderr=said)
    finally:
        os.close(writer)
    _, err = await asyncio.wait_for(process.communicate(), 15)
    assert (process.returncode, err) == (1, b"")


async def test_an_output_whose_disk_is_full_is_said_in_one_line(past):
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        said = asyncio.subprocess.PIPE
        process = await past.start(("jobs",), {}, stdin=asyncio.subprocess.DEVNULL, stdout=full, stderr=said)
    finally:
        os.close(full)
    _, err = await asyncio.wait_for(process.communicate(), 15)
    assert (process.returncode, err) == (1, b"relay: [Errno 28] No space left on device\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_a_shell_takes_its_completion(home, shell):
    done = await home.relay("completion", shell)
    assert (done.status, done.err) == (0, "")
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    assert said_by(shell, "-n", stdin=done.out) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "found"), [("relay dr", "drop"), ("relay status --j", "--json"), ("relay completion z", "zsh")]
)
def test_commands_options_and_values_are_completed(words, found):
    asked = {"_RELAY_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    program = Path(sys.executable).with_name("relay")
    assert said_by(program, environ=asked) == (0, f"plain,{found}\n", "")


async def test_the_manual_page_names_every_command_and_option(home):
    done = await home.relay("man")
    assert (done.status, done.err) == (0, "")
    assert re.findall(r"^\.SS relay (\w+)", done.out, re.MULTILINE) == COMMANDS
    assert "\\fB\\-\\-json\\fR" in done.out


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not on this machine")
async def test_the_manual_page_is_well_formed(home):
    page = (await home.relay("man")).out
    assert said_by("groff", "-man", "-Tutf8", "-ww", "-z", stdin=page) == (0, "", "")
