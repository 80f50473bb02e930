import re

import pytest

from relay.render import text_of
from tests.render.samples import BERLIN, batch_event, event, failures, flood, outcome

BROKEN = "PDF_IS_BROKEN: page #"
TITLES = [
    ([(9000, "parse.failed", BROKEN), (1000, "extract.failed")], "10,000 failures in parse and extract"),
    ([(200, f"{p}.failed") for p in ("parse", "split", "batch", "extract")],
     "800 failures in parse, split, batch and extract"),
    ([(1, f"{p}.failed") for p in ("parse", "split", "batch", "extract", "classify")],
     "5 failures in parse, split, batch and 2 more"),
    ([(1200, "parse.completed")], "1,200 jobs completed in parse"),
    ([(300, "batch.finished")], "300 batches finished"),
    ([(300, "batch.failed")], "300 batches failed"),
    ([(300, "parse.running")], "300 jobs now RUNNING in parse"),
    ([(300, "parse.stuck")], "300 jobs stuck in parse"),
    ([(962, "parse.completed"), (38, "split.failed")],
     "38 failures and 962 other events in parse and split"),
    ([(900, "parse.completed"), (100, "parse.running")], "1,000 events in parse"),
    ([(250, "delivery.dead")], "250 messages given up"),
    ([(250, "source.down")], "250 × source down"),
    ([(250, "parse.running"), (3, "source.down")], "253 events in parse and relay itself"),
]  # fmt: skip


def of(message):
    return text_of(message, zone=BERLIN)


@pytest.mark.parametrize(("tallies", "title"), TITLES)
def test_the_title_says_how_many_of_what_and_where(tallies, title):
    assert of(flood(*tallies)).title == title


def test_ten_thousand_failures_of_seven_kinds_read_as_seven_lines():
    counts = (4210, 3000, 1500, 800, 400, 80, 10)
    said = of(flood(*((count, "parse.failed", f"KIND_{n}: page #") for n, count in enumerate(counts))))
    assert said.lines[0] == "4,210 × parse failed: KIND_0: page #"
    assert len(said.lines) == 7
    assert said.subtitle == "7 kinds of error within 1 m 32 s"
    assert said.when == "22 Nov 2026, 10:15:30 – 10:17:02 CET"


@pytest.mark.parametrize("kinds", [1, 10, 11, 500])
@pytest.mark.parametrize("unknown", [0, 7])
def test_the_numbers_always_add_up(kinds, unknown):
    tallies = [(1000 - n, "parse.failed", f"KIND {n}") for n in range(kinds)]
    count = sum(tally[0] for tally in tallies) + unknown
    lines = of(flood(*tallies, count=count)).lines
    numbers = [re.search(r"^([\d,]+) ×|([\d,]+) (?:more )?events?\)?$", line) for line in lines]
    assert sum(int((n[1] or n[2]).replace(",", "")) for n in numbers) == count
    assert len(lines) <= 11


def test_what_is_told_together_is_part_of_every_number():
    alone = [(1, "parse.failed", f"KIND_{n}") for n in range(100)]
    said = of(flood(*alone, (300, "parse.failed", None, 300)))
    assert (said.title, said.subtitle) == ("400 failures in parse", "400 kinds of error within 1 m 32 s")
    assert said.lines[-1] == "… 390 more kinds (390 events)"


def test_a_number_that_is_not_known_is_not_said():
    alone = [(100, "parse.failed", f"KIND_{n}") for n in range(24)]
    said = of(flood(*alone, (7, "parse.failed", None, 0)))
    assert said.subtitle == "Within 1 m 32 s"
    assert said.lines[-1] == "… 1,407 more events"


def test_what_is_left_out_is_counted_by_kinds_and_events():
    tallies = [(100, "parse.failed", f"KIND_{n}") for n in range(12)]
    assert of(flood(*tallies)).lines[-1] == "… 2 more kinds (200 events)"


def test_the_worst_is_told_first_however_rare():
    well = [(500 - n, f"{product}.running") for n, product in enumerate(("parse", "classify") * 6)]
    said = of(flood(*well, (2, "parse.stuck"), (1, "split.failed", "OUT_OF_PAGES")))
    assert said.lines[:3] == ("1 × split failed: OUT_OF_PAGES", "2 × parse stuck", "500 × parse running")


def test_a_few_events_are_told_each_by_itself(text):
    said = text(
        event("parse.failed", name="a.pdf", job_id="1", error="PDF_IS_BROKEN\nat page 2"),
        event("parse.failed", name="b.pdf", job_id="2"),
        group={},
    )
    assert said.title == "2 failures in parse"
    assert said.lines == ("a.pdf failed (parse): PDF_IS_BROKEN", "b.pdf failed (parse)")


def test_several_events_of_one_job_read_as_the_last(text):
    said = text(
        event("parse.failed", status="FAILED", error="PDF_IS_BROKEN"),
        event("parse.completed", status="COMPLETED", previous="FAILED"),
        group={},
    )
    assert said.title == "Q4 report.pdf completed (parse), after 1 other event"
    assert said.subtitle == "FAILED → COMPLETED after 2 m 13 s"
    assert said.lines[0] == "Q4 report.pdf failed (parse): PDF_IS_BROKEN"


def test_a_batch_that_completed_and_finished_at_once_names_its_failed_files(text):
    said = text(
        batch_event("batch.completed", status="COMPLETED"),
        batch_event("batch.finished", outcome=outcome(9, completed=8, failed=1, failures=failures(1))),
        group={},
    )
    assert said.title == "Batch finished: 1 of 9 files failed (bat-1), after 1 other event"
    assert said.lines == ("0.pdf: PDF_IS_BROKEN: page 0",)


def test_a_group_of_one_reads_as_its_event(text):
    failed = event("parse.failed", status="FAILED")
    assert text(failed, group={"source": "parse"}) == text(failed)


def test_what_they_have_in_common_is_said():
    group = {"source": "acme.parse", "error_kind": BROKEN, "job.tier": "agentic", "status": None}
    said = of(flood((300, "parse.failed", BROKEN), group=group))
    assert said.title == "300 failures in acme.parse"
    assert said.facts == (("Tier", "agentic"), ("Status", "none"))


def test_a_group_by_name_begins_with_it():
    assert of(flood((300, "parse.failed"), group={"name": "a.pdf"})).title == "a.pdf: 300 failures in parse"


def test_a_link_is_given_only_to_where_all_of_them_are():
    assert of(flood((300, "parse.failed"))).url
    assert of(flood((300, "parse.failed"), (1, "extract.failed"))).url is None


def test_of_events_seen_late_it_is_said(text):
    said = text(event("parse.failed", job_id="1"), event("parse.failed", job_id="2", after_outage=True))
    assert said.facts[-1][0] == "Seen late"
