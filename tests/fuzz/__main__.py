"""`make fuzz`: Atheris looks for bytes that do harm, by what they make relay's code reach.

`make fuzz ARGS="--only templates --seconds 600"`
"""

import argparse
import logging
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.targets import SEEDS, TARGETS, timed

LARGEST = 2000


def fuzz(name: str, seconds: int, corpus: Path) -> None:
    """Never returns: Atheris ends the process."""
    import atheris

    logging.disable()

    for package in ("relay", "tomllib"):
        for module in [key for key in sys.modules if key == package or key.startswith(f"{package}.")]:
            for work in vars(sys.modules[module]).values():
                if (
                    callable(work)
                    and getattr(work, "__module__", None) == module
                    and hasattr(work, "__code__")
                ):
                    atheris.instrument_func(work)
    for n, seed in enumerate(SEEDS[name]):
        (corpus / f"seed-{n}").write_bytes(seed)
    how = [f"-max_total_time={seconds}", f"-max_len={LARGEST}", "-verbosity=0", f"-artifact_prefix={corpus}/"]
    atheris.Setup([sys.argv[0], str(corpus), *how], lambda data: timed(TARGETS[name], data))
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--only", choices=list(TARGETS), action="append")
    parser.add_argument("--seconds", type=int, default=60, help="of each")
    parser.add_argument("--one", choices=list(TARGETS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="relay-fuzz-") as folder:
        if given.one:
            fuzz(given.one, given.seconds, Path(folder))
        failed = []
        for name in given.only or TARGETS:
            sys.stdout.write(f"{name}, {given.seconds} s\n")
            sys.stdout.flush()
            command = [sys.executable, "-m", "tests.fuzz", "--one", name, "--seconds", str(given.seconds)]
            if subprocess.run(command, check=False).returncode:
                failed.append(name)
    sys.stdout.write(f"harm was found by: {', '.join(failed) or 'none'}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
