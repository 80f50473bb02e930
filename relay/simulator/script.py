"""Faults by script: which of a scenario's troubles there is now."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from random import Random

from relay.simulator.scenario import Fault, Trouble


class Script:
    def __init__(self, troubles: Sequence[Trouble], *, random: Random) -> None:
        self._left = [(trouble, [trouble.count]) for trouble in troubles]
        self._random = random

    def fault(self, since: float, *, kind: str | None, path: str, status: str | None) -> Fault | None:
        """Give what goes wrong with an answer `since` seconds after the start; it counts for the script."""
        over = False
        for trouble, left in self._left:
            if _over(trouble, left[0], since):
                over = True
            elif trouble.at <= since and _meant(trouble, kind, path, status) and self._drawn(trouble):
                left[0] = None if left[0] is None else left[0] - 1
                return trouble.fault
        if over:
            self._left = [(t, left) for t, left in self._left if not _over(t, left[0], since)]
        return None

    def _drawn(self, trouble: Trouble) -> bool:
        return trouble.share >= 1 or self._random.random() < trouble.share


def _over(trouble: Trouble, left: int | None, since: float) -> bool:
    return left == 0 or (trouble.lasts is not None and since >= trouble.at + trouble.lasts)


def _meant(trouble: Trouble, kind: str | None, path: str, status: str | None) -> bool:
    return (
        trouble.kind in {None, kind}
        and (trouble.path is None or fnmatchcase(path, trouble.path))
        and (trouble.status is None or trouble.status.upper() == status)
    )
