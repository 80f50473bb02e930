import pytest

from tests.render.samples import PAGE, PROJECT, batch_event, event, failures, outcome

TITLES = [
    ("parse.pending", {"status": "PENDING"}, "Q4 report.pdf is pending (parse)"),
    ("extract.throttled", {"status": "THROTTLED"}, "Q4 report.pdf is throttled (extract)"),
    ("parse.running", {"status": "RUNNING"}, "Q4 report.pdf is running (parse)"),
    ("split.processing", {"status": "PROCESSING"}, "Q4 report.pdf is processing (split)"),
    ("parse.completed", {"status": "COMPLETED"}, "Q4 report.pdf completed (parse)"),
    ("parse.failed", {"status": "FAILED"}, "Q4 report.pdf failed (parse)"),
    ("classify.cancelled", {"status": "CANCELLED"}, "Q4 report.pdf was cancelled (classify)"),
    ("parse.partial_success", {"status": "PARTIAL_SUCCESS"}, "Q4 report.pdf is now PARTIAL_SUCCESS (parse)"),
    ("parse.stuck", {"status": "RUNNING"}, "Q4 report.pdf is stuck in RUNNING (parse)"),
    ("parse.vanished", {"status": "RUNNING"}, "Q4 report.pdf vanished (parse)"),
    ("parse.failed", {"name": None}, "pjb-1 failed (parse)"),
    ("parse.failed", {"name": "\u200b", "job_id": None}, "A job failed (parse)"),
    ("source.down", {"name": "acme.parse"}, "Source acme.parse is down"),
    ("source.up", {"name": "parse"}, "Source parse is up again"),
    ("destination.down", {"name": "ops"}, "Destination ops is down"),
    ("destination.up", {"name": "ops"}, "Destination ops is up again"),
    ("delivery.dead", {"name": "ops"}, "A message to ops was given up"),
    ("relay.test", {"name": "ops"}, "Test message to ops"),
]


@pytest.mark.parametrize(("event_type", "said", "title"), TITLES)
def test_the_title_says_what_happened_to_what(text, event_type, said, title):
    assert text(event(event_type, **said)).title == title


OUTCOMES = [
    (outcome(1200, completed=1168, failed=32), "32 of 1,200 files failed"),
    (outcome(12, completed=12), "all 12 files completed"),
    (outcome(3, failed=3), "all 3 files failed"),
    (outcome(1, completed=1), "1 file completed"),
    (outcome(1, failed=1), "1 file failed"),
    (outcome(9, completed=5, failed=1, skipped=3), "1 failed, 3 skipped of 9 files"),
    (outcome(0), "it had no files"),
    (outcome(None), "what became of its files is not known"),
    (None, "what became of its files is not known"),
    ({"total": -1, "failed": "many"}, "what became of its files is not known"),
]


@pytest.mark.parametrize(("outcome", "said"), OUTCOMES)
def test_a_batch_that_finished_says_what_became_of_its_files(text, outcome, said):
    finished = batch_event("batch.finished", status="COMPLETED", outcome=outcome)
    assert text(finished).title == f"Batch finished: {said} (bat-1)"


def test_a_batch_that_failed_or_was_cancelled_says_so(text):
    ends = {"FAILED": "Batch failed", "CANCELLED": "Batch was cancelled", "COMPLETED": "Batch finished"}
    for status, said in ends.items():
        finished = batch_event("batch.finished", status=status, outcome=outcome(2, completed=2))
        assert text(finished).title == f"{said}: all 2 files completed (bat-1)"


def test_failed_files_are_named_and_the_rest_counted(text):
    said = outcome(50, completed=25, failed=25, failures=failures(20), failures_omitted=5)
    lines = text(batch_event("batch.finished", status="COMPLETED", outcome=said)).lines
    assert lines[0] == "0.pdf: PDF_IS_BROKEN: page 0"
    assert lines[10:] == ("… 15 more failed files",)


def test_what_became_of_a_batchs_files_is_one_fact_where_the_title_does_not_say_it_all(text):
    said = outcome(9, completed=5, failed=1, skipped=3)
    mixed = text(batch_event("batch.finished", status="COMPLETED", outcome=said, url=PAGE))
    assert mixed.facts == (("Files", "5 completed, 1 failed, 3 skipped"),)
    well = outcome(12, completed=12)
    assert text(batch_event("batch.finished", status="COMPLETED", outcome=well, url=PAGE)).facts == ()


def test_a_batch_that_finished_says_how_long_it_took(text):
    finished = batch_event("batch.finished", status="COMPLETED", outcome=outcome(2, completed=2))
    assert text(finished).subtitle == "Took 2 m 18 s"


LONG = "pjb-5f1d9c2e-77a4-4b0e-9d55-3b8f0e6a2c14"


def test_a_long_id_is_short_in_the_title_and_whole_in_a_fact(text):
    said = text(event("parse.failed", name=LONG, job_id=LONG, item={}))
    assert (said.title, said.facts) == ("pjb-5f1d9c2e… failed (parse)", (("Job", LONG),))
    said = text(event("batch.failed", name=None, job_id=LONG, url=PAGE, item={}))
    assert said.facts == (("Batch", LONG),)


def test_a_name_that_looks_like_an_id_stays_whole(text):
    name = LONG.removeprefix("pjb-")
    assert text(event("parse.failed", name=name)).title == f"{name} failed (parse)"


def test_a_completed_batch_says_only_that_its_files_have_jobs(text):
    said = text(batch_event("batch.completed", status="COMPLETED", previous="RUNNING"))
    assert said.title == "Batch completed: every file has its job (bat-1)"
    assert ("Note", "This says that each file got its job, not yet how those end") in said.facts


def test_of_batch_v1_completed_means_done(text):
    said = text(batch_event("batch.completed", status="COMPLETED", kind="batch_v1"))
    assert said.title == "Batch completed (bat-1)"


def test_a_living_batch_says_how_far_it_is(text):
    said = text(batch_event("batch.running", status="RUNNING"), progress=(30, 1200))
    assert said.progress == "30 of 1,200 files ended"


SUBTITLES = [
    ({"previous": "RUNNING"}, "RUNNING → FAILED after 2 m 13 s"),
    ({}, "FAILED after 2 m 13 s"),
    ({"item": {"created_at": "2026-11-22T09:15:26Z"}}, "FAILED after 4.1 s"),
    ({"item": {"created_at": "2026-11-22T09:15:26Z"}, "after_outage": True}, "FAILED"),
    ({"item": {"created_at": "2026-11-22T10:00:00Z"}}, "FAILED"),
    ({"item": {"created_at": "1970-01-01T00:00:00Z"}}, "FAILED"),
    ({"item": {"created_at": 7, "updated_at": []}}, "FAILED"),
    ({"item": []}, "FAILED"),
]


@pytest.mark.parametrize(("said", "subtitle"), SUBTITLES)
def test_the_subtitle_says_how_the_status_changed_and_how_long_it_took(text, said, subtitle):
    assert text(event("parse.failed", status="FAILED", **said)).subtitle == subtitle


def test_a_stuck_job_says_how_old_it_is(text):
    said = text(event("parse.stuck", status="RUNNING", at="2026-11-22T10:00:00Z"))
    assert said.subtitle == "Created 46 m 48 s ago"


def test_a_vanished_job_says_as_what_it_was_last_seen(text):
    assert text(event("parse.vanished", status="RUNNING", item=[])).subtitle == "Last seen RUNNING"
    said = text(event("parse.vanished", status="RUNNING", at="2026-11-22T10:00:00Z"))
    assert said.subtitle == "Last seen RUNNING, created 46 m 48 s ago"


def test_facts_are_what_nothing_else_says(text):
    plain = text(event("parse.failed", name="pjb-1", item={}))
    assert (plain.facts, plain.url) == ((), PAGE)
    rich = event("parse.failed", source="acme.parse", url=None, item={"tier": "agentic"}, after_outage=True)
    assert text(rich).facts == (
        ("Source", "acme.parse"),
        ("Tier", "agentic"),
        ("Job", "pjb-1"),
        ("Project", PROJECT),
        ("Seen late", "relay could not look for a while: it may have happened earlier"),
    )


def test_why_and_when_are_for_people(text):
    said = text(event("parse.failed"))
    assert said.why == "Rule failures · relay prod"
    assert said.when == "22 Nov 2026, 10:15:30 CET"


def test_who_hears_by_alerts_to_is_told_so(text):
    assert text(event("source.down", name="parse"), rule="alerts_to").why == "Told by alerts_to · relay prod"


def test_a_test_is_marked_and_looks_like_no_error(text):
    said = text(event("relay.test", name="ops", error="This is a test."))
    assert said.is_test
    assert (said.subtitle, said.error) == ("This is a test.", "")
    assert said.why == "Sent by hand, by relay test · relay prod"
    assert not text(event("parse.failed")).is_test


def test_a_long_line_of_an_error_is_cut(text):
    said = text(event("parse.failed", error="first\n" + "x" * 1000 + "\nlast")).error.splitlines()
    assert [len(line) for line in said] == [5, 500, 4]


def test_a_long_error_keeps_its_first_lines(text):
    said = text(event("parse.failed", error="\n".join(f"line {n}" for n in range(40)))).error
    assert said.splitlines()[14:] == ["line 14", "… 25 more lines"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a/|b>", 'https://a/"', "https://a/\n", "x"])
def test_a_link_that_could_be_anything_else_is_left_out(text, url):
    assert text(event("parse.failed", url=url)).url is None
