"""The soaks as commands, as `make soak` starts them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def soak(of, *arguments, **environ):
    """Run `tests.soak.OF` to its end."""
    return subprocess.run(
        [sys.executable, "-m", f"tests.soak.{of}", *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
