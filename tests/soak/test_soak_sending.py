"""Sixty simulated hours of whole relays: what is owed arrives, or is dead as it was said."""

import sqlite3
from contextlib import closing

import pytest

from relay.store.outbox import POISON
from tests.soak.channel import Channel
from tests.soak.command import soak
from tests.soak.errands import an_errand
from tests.soak.hours import Verdict, in_virtual_time
from tests.soak.sending import Lives, judges_of, lived

SEED = 8
WORLD, SHORT = "32/5", "41/1"
"""Worlds in which there is all that is judged."""


def test_sixty_hours_owe_nothing_at_their_end(capsys):
    done = soak("sending", "--seed", str(SEED), "--hours", "60")
    with capsys.disabled():
        print(f"\n{done.stdout}")  # noqa: T201 - the seed, and what the hours held
    assert done.returncode == 0, done.stdout + done.stderr
    assert "AMISS" not in done.stdout


def test_a_world_is_the_same_each_time():
    told = [
        [
            line
            for line in soak("sending", "--world", SHORT, PYTHONHASHSEED=seed).stdout.splitlines()
            if "second" not in line
        ]
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert any(line.startswith("kills: ") for line in told[0])


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """An errand that is over, the database it left, and who was sent to."""
    errand, folder = an_errand(WORLD), tmp_path_factory.mktemp("errand")
    found = []

    async def work():
        lives = Lives(errand, folder)
        await lived(errand, lives)
        found.append(lives)
        return Verdict(WORLD)

    assert in_virtual_time(work).amiss == []
    return found[0]


@pytest.fixture
def owed(life, tmp_path):
    """What the judge says after `harm`."""

    def judge(*harm):
        path = tmp_path / "harmed.db"
        path.write_bytes(life.path.read_bytes())
        with closing(sqlite3.connect(path)) as db, db:
            changed = [db.execute(sql).rowcount for sql in harm]
        assert all(changed), "what is to be found was done"
        return [line for judge in judges_of(life, path) for line in judge.amiss()]

    return judge


def test_a_life_that_went_well_is_found_well(owed):
    assert owed() == []


@pytest.fixture
def calls(life):
    """Of a bot's channel, to be harmed."""
    (channel,) = (post for post in life.posts.values() if isinstance(post, Channel))
    before = list(channel.calls)
    yield channel.calls
    channel.calls[:] = before


ODD = "data = json_set(data, '$.previous', 'ODD')"
FINISHED = "type = 'batch.finished' AND data ->> '$.outcome.total' > 0"


def _outcome(values):
    """SQL that changes what batches came to."""
    changed = f"json_set(data -> '$.outcome', {values})"
    return f"UPDATE events SET data = json_set(data, '$.outcome', {changed}) WHERE {FINISHED}"


A_DELIVERED = "seq = (SELECT min(seq) FROM deliveries WHERE state = 'delivered')"


@pytest.mark.parametrize(
    ("harm", "finds"),
    [
        (f"UPDATE deliveries SET state = 'waiting' WHERE {A_DELIVERED}", "is waiting after all"),
        (
            f"UPDATE deliveries SET state = 'superseded' WHERE {A_DELIVERED.replace('min', 'max')}",
            "is superseded",
        ),
        (f"UPDATE deliveries SET state = 'dead', reason = 'HTTP 503' WHERE {A_DELIVERED}", "was given up by"),
        (f"UPDATE deliveries SET state = 'dead', reason = '{POISON}' WHERE {A_DELIVERED}", "for poison"),
        (f"UPDATE deliveries SET rule = 'other' WHERE {A_DELIVERED}", "went to"),
        (f"UPDATE deliveries SET destination = 'd9' WHERE {A_DELIVERED}", "never came"),
        ("DELETE FROM delivery_parts", "went to []"),
        (f"UPDATE events SET {ODD} WHERE data ->> 'previous' IS NOT NULL", "told before was"),
        ("UPDATE jobs SET changes = changes + 1", "changes: "),
        (f"DELETE FROM events WHERE {FINISHED}", "and never finished"),
        (f"UPDATE events SET nth = nth + 1 WHERE {FINISHED}", "finished as COMPLETED with change"),
        (_outcome("'$.completed', 99"), "an outcome that does not add up"),
        (_outcome("'$.total', NULL"), "and nothing is known of its files"),
        (_outcome("'$.completed', 0, '$.cancelled', data ->> '$.outcome.completed'"), "its files came to"),
        (_outcome("'$.failures', json('[]')"), "its files came to"),
        ("UPDATE slack_messages SET due_at = '2027'", "waits to be changed after all"),
        ("UPDATE batch_files SET status = 'RUNNING'", "have ended"),
    ],
)
def test_harm_to_what_is_stored_is_found(owed, harm, finds):
    assert any(finds in line for line in owed(harm))


def test_a_batch_that_is_told_of_twice_is_found(owed):
    doubled = "CREATE TABLE doubled AS SELECT * FROM events UNION ALL SELECT * FROM events WHERE " + FINISHED
    harm = (doubled, "DROP TABLE events", "ALTER TABLE doubled RENAME TO events")
    assert any("finished twice with change" in line for line in owed(*harm))


@pytest.mark.parametrize(
    ("change", "finds"),
    [
        (lambda one: one._replace(content=one.content + b" "), "came with 2 contents"),
        (lambda one: one._replace(id="msg_other"), "came as {"),
        (lambda one: one._replace(at=one.at + 1), "was tried again after 1.00 s"),
    ],
)
def test_what_came_otherwise_is_found(life, owed, change, finds):
    post = max(life.posts.values(), key=lambda post: len(post.came))
    first = post.came[0]
    post.came.insert(1, change(first))
    found = owed()
    del post.came[1]
    assert any(finds in line for line in found)


def test_what_came_out_of_order_is_found(life, owed):
    came = {name: list(post.came) for name, post in life.posts.items()}
    for post in life.posts.values():
        post.came.reverse()
    found = owed()
    for name, post in life.posts.items():
        post.came[:] = came[name]
    assert any("after one of a later event" in line for line in found)


def _once_more(calls, made, **changes):
    """The first message that was posted, or changed, is so again."""
    call = next(call for call in calls if call.method == made and call.done)
    calls.append(call._replace(at=calls[-1].at + 60, done=calls[-1].at + 61, **changes))


def _all_say(calls, words):
    calls[:] = [call._replace(shows=words) for call in calls]


@pytest.mark.parametrize(
    ("harm", "finds"),
    [
        (lambda calls: _once_more(calls, "post", ts="999.0"), "and again as 999.0"),
        (lambda calls: _once_more(calls, "update", method="post", only_progress=True), "of mere progress"),
        (lambda calls: _all_say(calls, "3 events"), "says '3 events', of "),
        (lambda calls: _all_say(calls, "Batch is now ODD (it)"), "says 'Batch is now ODD (it)' after"),
    ],
)
def test_what_stands_in_a_channel_otherwise_is_found(owed, calls, harm, finds):
    harm(calls)
    assert any(finds in line for line in owed())
