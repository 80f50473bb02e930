"""Ten thousand simulated hours: what was told is what was shown, exactly, and what lasted is known."""

import pytest

from tests.soak.command import soak

SEED = 1
"""Always the same, so that CI says something of a change; `make soak ARGS="--seed …"` tries others."""


def test_ten_thousand_hours_lose_double_and_invent_nothing(capsys):
    done = soak("hours", "--seed", str(SEED), "--hours", "10000")
    with capsys.disabled():
        print(f"\n{done.stdout}")  # noqa: T201 - the seed, and what the hours held
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"seed {SEED}, 10000 simulated hours" in done.stdout


@pytest.mark.parametrize("world", ["1/4", "1/13"])
def test_a_world_is_the_same_each_time(world):
    once, again = (soak("hours", "--world", world, PYTHONHASHSEED=seed) for seed in ("1", "2"))
    told = [[line for line in done.stdout.splitlines() if "second" not in line] for done in (once, again)]
    assert told[0] == told[1]
    assert once.returncode == 0, once.stdout
