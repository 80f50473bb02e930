"""The oracle itself: what it takes for right, and that it takes nothing else."""

import pytest

from relay.simulator import Shown
from tests.soak.reading import Reading, open_questions, unlike
from tests.soak.record import Came, Killed, Looked, Record

JOB = ("parse", "a")
BASELINE = 1_790_000_000.0  # 2026-09-21T14:13:20Z
YOUNG, OLD = "2026-09-21T14:13:22.000000Z", "2026-09-21T13:13:20.000000Z"


class Account:
    """Answers as they come, each at its own time; `look` None is a hint's."""

    def __init__(self, created=YOUNG):
        self.record = Record()
        self._created = created
        self.came("", look=1)  # an empty page, whose Date is the baseline
        self.record.entries.append(Looked("parse", 0, 0, whole=True))

    def came(self, *statuses, look=2, by_id=False, asked=None, before=None, updated=""):
        number = self.record.came
        self.record.shown += [
            Shown(number, 0, *JOB, status, self._created, by_id, 0.0, updated)
            for status in statuses
            if status
        ]
        asked = number if asked is None else asked
        self.record.add(
            Came(
                number=number,
                source="parse",
                look=look,
                by_id=by_id,
                follows=False,
                asked=asked,
                before=asked if before is None else before,
                date=BASELINE,
                page=True,
                ours=BASELINE,
                time=float(number),
            )
        )
        return self

    def killed(self):
        everything = frozenset({"parse"})
        self.record.killed(Killed(float(self.record.came - 1), everything, everything))
        return self

    def takes(self, *changes):
        told = {JOB: tuple(zip((None, *changes), changes, strict=False))} if changes else {}
        return not [*unlike(Reading(self.record), told)]


def test_each_change_shown_must_be_told_once_and_no_other():
    account = Account().came("PENDING").came("RUNNING", look=3).came("FAILED", look=4)
    assert account.takes("PENDING", "RUNNING", "FAILED")
    for wrong in ((), ("PENDING", "FAILED"), ("PENDING", "RUNNING", "FAILED", "FAILED"), ("FAILED",)):
        assert not account.takes(*wrong)


def test_what_was_there_before_is_learned_in_silence():
    assert Account(created=OLD).came("FAILED").takes()
    assert not Account(created=OLD).came("FAILED").takes("FAILED")


def test_of_two_statuses_in_one_look_the_answer_by_id_counts():
    account = Account().came("PENDING").came("RUNNING").came("COMPLETED", by_id=True)
    assert account.takes("PENDING", "COMPLETED")
    assert not account.takes("PENDING", "RUNNING", "COMPLETED")


@pytest.mark.parametrize("late", [{"asked": 1}, {"asked": 2, "by_id": True, "look": None}])
def test_an_answer_that_was_overtaken_says_nothing(late):
    account = Account().came("PENDING").came("COMPLETED", look=3).came("RUNNING", **{"look": 4, **late})
    assert account.takes("PENDING", "COMPLETED")
    assert not account.takes("PENDING", "COMPLETED", "RUNNING")


def test_a_list_that_shows_a_job_younger_than_it_is_says_nothing():
    for lagging in ({"updated": ""}, {"updated": "1"}):
        account = Account().came("FAILED", updated="2").came("RUNNING", look=3, **lagging)
        assert account.takes("FAILED")
        assert not account.takes("FAILED", "RUNNING")


def test_of_what_came_in_the_moment_of_a_kill_both_is_right():
    account = Account().came("PENDING").came("RUNNING", look=3).killed().came("FAILED", look=4)
    assert account.takes("PENDING", "FAILED")
    assert account.takes("PENDING", "RUNNING", "FAILED")
    assert open_questions(Reading(account.record)) == {2: 1}
    assert not account.takes("PENDING", "RUNNING")


def test_when_no_one_knows_which_came_first_both_is_right():
    account = Account().came("PENDING").came("COMPLETED", look=3)
    account.came("FAILED", look=4, asked=3, before=1)
    assert account.takes("PENDING", "COMPLETED")
    assert account.takes("PENDING", "COMPLETED", "FAILED")
