"""A scenario as a file, and its documentation."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from relay.errors import ConfigError
from relay.simulator import Fault, Scenario, Stream, Trouble
from relay.simulator.file import load
from relay.simulator.scenario import KINDS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text("utf-8")


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "a.toml"
        path.write_text(text, "utf-8")
        return path

    return written


@pytest.fixture
def refused(write):
    def lines(text):
        with pytest.raises(ConfigError) as refusal:
            load(write(text))
        return list(refusal.value.mistakes)

    return lines


def test_the_documented_scenario_is_one(write):
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
    scenario = load(write(example))
    assert scenario.streams["batch_v1"].page_cap == 20
    assert scenario.streams["parse"].lag == 4
    assert scenario.script[0] == Trouble(at=86400, lasts=259200, fault="drop")


def test_every_key_and_every_fault_is_documented():
    keys = {field.name for table in (Scenario, Stream, Trouble) for field in fields(table)} - {"streams"}
    assert {word for word in keys | set(get_args(Fault)) if f"`{word}`" not in DOCUMENT} == set()


def test_an_empty_file_is_an_empty_account(write):
    assert load(write("")) == Scenario()


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("sped = 3", "1: sped: there is no such key here: did you mean speed?"),
        ("\nspeed = 0", "2: speed: must be more than 0"),
        ('slow = "5x"', '1: slow: is not a duration: write it as "30s", "5m", "2h" or "7d"'),
        ("forget_after = true", "1: forget_after: must be a number, without quotes"),
        ("forget_after = nan", "1: forget_after: must be a finite number"),
        ('date = "no"', "1: date: must be true or false, without quotes"),
        (
            "[streams.parse]\nrate = 1\ncunt = 3",
            "3: streams.parse.cunt: there is no such key here: did you mean count?",
        ),
        ("[streams.parse]\nrate = 1\nfailed = 1.5", "3: streams.parse.failed: must be at most 1"),
        (
            '[streams.parse]\nrate = 1\norder = "newst"',
            '3: streams.parse.order: "newst" is not known here: did you mean newest?',
        ),
        ("[streams.parse]", "1: streams.parse: a stream without a count needs a rate"),
        ("[streams.parse]\nrate = 1\nfiles = [3, 1]", "1: streams.parse: files are [at least, at most]"),
        ("[streams.parse]\nrate = 1\nfiles = [3]", "3: streams.parse.files: needs one more"),
        ("[streams]\nparse = 5", "2: streams.parse: must be a table"),
        ("[faults]\neror = 0.1", '2: faults.eror: "eror" is not known here: did you mean error?'),
        ("[[script]]\nat = 3", "1: script.fault: is missing: set it"),
        (
            '[[script]]\nfault = "drop"\nkind = "sheets"',
            f"3: script.kind: there is no such kind: known are {', '.join(KINDS)}",
        ),
        (
            "date = 3\ndate = 4",
            "2: syntax: Cannot overwrite a value at the end of the file: it is set twice: keep one",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_place_and_the_way_out(refused, text, mistake):
    assert refused(text) == [f"a.toml:{mistake}"]


def test_all_mistakes_are_told_at_once(refused):
    lines = refused('speed = "x"\nslo = 3\n[streams.pars]\nrate = 1\n[faults]\nerror = 2')
    assert [line.split(": ")[0] for line in lines] == ["a.toml:1", "a.toml:2", "a.toml:3", "a.toml:6"]


def simulate(*options):
    command = [sys.executable, "-m", "relay", "simulate", "--listen", "127.0.0.1:0", "--for", "0", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_wrong_scenario_serves_nothing(write):
    done = simulate("--scenario", write("sped = 3"))
    mistake = "a.toml:1: sped: there is no such key here: did you mean speed?\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", mistake)


def test_a_scenario_is_served_with_a_seed_and_a_speed(write):
    path = write("[streams.parse]\nrate = 1")
    done = simulate("--scenario", path, "--seed", "3", "--speed", "7")
    assert (done.returncode, done.stdout[:36]) == (0, "simulated LlamaCloud at http://127.0")


@pytest.mark.parametrize(("speed", "expected"), [(None, 2), (7.0, 7)])
def test_the_speed_of_the_command_goes_before_the_files(write, speed, expected):
    from relay.cli.simulate import _scenario

    assert _scenario(write("speed = 2"), speed).speed == expected
