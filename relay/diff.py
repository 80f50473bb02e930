"""Which sighting counts, and which is news (DESIGN §7): functions of what was known and what was seen."""

from dataclasses import dataclass
from enum import Enum

import msgspec

from relay.model import Job, is_open, stage


class Known(msgspec.Struct, frozen=True, gc=False):
    """What the snapshot holds of a job that a sighting is compared with.

    `seq` is the store's sequence when the answer that gave this state was complete; `changes` counts
    the changes so far, so that the next one has a number of its own. `spell_at`: the API's time when
    this status was first seen; `told_stuck`: whether `stuck` was said of this spell; `missed_at`: our
    time when it was first asked for and not found, None while it is there.
    """

    id: str
    created_at: str
    status: str
    updated_at: str
    seq: int
    changes: int
    spell_at: str
    told_stuck: int
    missed_at: str | None


class Verdict(Enum):
    SAME = "same"  # nothing to say; at most `updated_at` moved on
    NEWS = "news"  # a change that people may hear of
    LEARN = "learn"  # a first sight that is no news
    DOUBT = "doubt"  # does not count but differs: ask by id
    PAST = "past"  # ended so long ago that it may have been pruned, and is not worth a place again


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """From when on first sights are news; texts are canonical times.

    `news_after`: jobs created after it are. `grace_after`: once the first look is whole, so are jobs
    created after this slightly earlier time, and those without a date. `pruned_until`: what was created up
    to then may have been known before.
    """

    news_after: str
    grace_after: str
    first_look_whole: bool
    pruned_until: str = ""

    def is_news(self, created_at: str) -> bool:
        if not created_at:
            return self.first_look_whole
        if self.is_past(created_at):
            return False
        return created_at > (self.grace_after if self.first_look_whole else self.news_after)

    def is_past(self, created_at: str) -> bool:
        return "" < created_at <= self.pruned_until


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """How a job was seen: `began` is the store's sequence just before the request, `by_id` whether relay
    asked for this very job, `conflicting` whether this look showed it with another status already.
    """

    began: int
    by_id: bool = False
    conflicting: bool = False


def judge(known: Known | None, seen: Job, how: Sighting, baseline: Baseline) -> Verdict:
    if how.conflicting:
        return Verdict.DOUBT
    if known is None:
        return _of_first_sight(seen, baseline)
    if seen.status == known.status:
        return Verdict.SAME
    return Verdict.NEWS if _counts(known, seen, how) else Verdict.DOUBT


def _of_first_sight(seen: Job, baseline: Baseline) -> Verdict:
    if baseline.is_past(seen.created_at) and not is_open(seen.status):
        return Verdict.PAST
    return Verdict.NEWS if baseline.is_news(seen.created_at) else Verdict.LEARN


def _counts(known: Known, seen: Job, how: Sighting) -> bool:
    """An answer from before the recorded one never; else one that relay asked for by id; a list only if
    it shows the job no younger, and no earlier in its life, than recorded. Of two ends, or two statuses at
    one stage, only `updated_at` says which is the earlier: a list that lags may show the old one once more.
    """
    if how.began < known.seq:
        return False
    if how.by_id:
        return True
    if seen.updated_at and known.updated_at:
        return seen.updated_at >= known.updated_at and stage(seen.status) >= stage(known.status)
    return stage(seen.status) > stage(known.status)


def is_fresher(seen: Job, known: Known, how: Sighting) -> bool:
    """Whether a sighting of the same status moves the recorded `updated_at` on."""
    return how.began >= known.seq and seen.updated_at > known.updated_at
