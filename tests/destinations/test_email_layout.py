"""What a mail looks like."""

import re
from email.utils import parsedate_to_datetime

import pytest
from mails import LINK, NOW, attached, event, group, mail, message, plain, row, words
from mailserver import XHTML, heading, page, parsed

from relay.destinations.email import shown
from relay.destinations.email.layout import mail_of
from relay.message import Text


def test_its_headers_say_what_it_is():
    read = parsed(mail(message(event())))
    assert {name: str(value) for name, value in read.items() if not name.startswith("Content-")} == {
        "From": "LlamaCloud relay <relay@example.com>",
        "To": "a@example.com, b@example.com",
        "Subject": "[prod] 1.pdf failed (parse)",
        "Date": "Sun, 22 Nov 2026 10:15:30 +0000",
        "Message-ID": "<msg_1@example.com>",
        "In-Reply-To": "<thread.08b148708a8a9ed14aff0630befb4a6f@example.com>",
        "References": "<thread.08b148708a8a9ed14aff0630befb4a6f@example.com>",
        "List-Id": "<failures.prod.example.com>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
    }
    assert parsedate_to_datetime(read["Date"]).timestamp() == int(NOW)


def test_it_is_the_same_over_all_attempts():
    one, other = (
        mail_of(group(200), sender="r@example.com", to=["a@example.com"], now=t) for t in (NOW, NOW + 60)
    )
    del one["Date"], other["Date"]
    assert one.as_bytes() == other.as_bytes()


def test_mails_of_one_job_are_answers_to_one_that_never_was():
    def thread(told):
        return str(parsed(mail(told))["References"])

    later = thread(message(event(what="parse.completed", status="COMPLETED"), id="msg_2", rule="other"))
    assert thread(message(event())) == later
    assert thread(message(event(n=2))) != later
    assert thread(message(event(source="other"))) != later
    assert thread(group(3, group={"source": "a"})) == thread(group(5, group={"source": "a"}))
    assert thread(group(3, group={"source": "a"})) != thread(group(3, group={"source": "b"}))
    own = {"job_id": None, "source": None, "name": "acme.parse"}
    down, up = (message(event(what=f"source.{what}", **own)) for what in ("down", "up"))
    assert thread(down) == thread(up) != later


def test_an_id_stays_one_word_however_long_its_domain():
    content = mail(
        message(event(), relay="r" * 200, rule="f" * 64), sender="r@" + "a-label." * 30 + "example"
    )
    for name in ("Message-ID", "References", "In-Reply-To", "List-Id"):
        assert re.fullmatch(r"<[\x21-\x7e]+>", parsed(content)[name])
    assert max(map(len, content.split(b"\r\n"))) < 998


def test_a_single_event_reads_well_as_text():
    text = plain(mail(message(event(error="PDF_IS_BROKEN:\n  page 3"))))
    assert text.splitlines() == [
        "ERROR · 22 Nov 2026, 11:15:30 CET",
        "",
        "1.pdf failed (parse)",
        "RUNNING → FAILED",
        "",
        "    PDF_IS_BROKEN:",
        "    page 3",
        "",
        "Source: acme.parse",
        "Job: pjb-1",
        "",
        LINK,
        "",
        "-- ",
        "Rule failures · relay prod",
    ]


def test_the_html_twin_says_the_same():
    content = mail(message(event()))
    assert heading(content) == "1.pdf failed (parse)"
    for said in (
        "Error",
        "22 Nov 2026, 11:15:30 CET",
        "PDF_IS_BROKEN: page 3",
        "acme.parse",
        "Rule failures · relay prod",
    ):
        assert said in words(content)
    assert [link.get("href") for link in page(content).iter(f"{XHTML}a")] == [LINK]


@pytest.mark.parametrize(("severity", "word"), [("error", "Error"), ("warning", "Warning"), ("info", "Info")])
def test_severity_is_a_word_and_a_colour_of_its_own(severity, word):
    content = mail(message(event(), severity=severity))
    mark = next(span for span in page(content).iter(f"{XHTML}span") if span.get("class") == "mark")
    assert mark.text == word
    other = mail(message(event(), severity="info" if severity != "info" else "error"))
    assert mark.get("style") not in parsed(other).get_body(("html",)).get_content()


def test_a_test_says_that_it_is_one():
    content = mail(message(event(what="relay.test", name="oncall", job_id=None, source=None, product=None)))
    assert parsed(content)["Subject"] == "[prod] Test message to oncall"
    assert plain(content).startswith("TEST")


def test_it_has_a_dark_side_and_asks_nobody_for_anything():
    html = parsed(mail(group(3))).get_body(("html",)).get_content()
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert not re.search(r"src=|url\(|@import|<link|<script|<img|<form|<iframe", html)


def test_files_of_a_batch_that_failed_are_named():
    failures = [{"file_id": "dfl-1", "job_id": "pjb-1", "name": "a.pdf", "error": "BROKEN"}]
    told = {"total": 3, "completed": 2, "failed": 1, "failures": failures, "failures_omitted": 0}
    content = mail(message(event(what="batch.finished", product="batch", outcome=told, error=None)))
    assert "a.pdf: BROKEN" in plain(content)
    assert "a.pdf: BROKEN" in words(content)


def test_a_group_that_fits_is_a_table_and_nothing_else():
    content = mail(group(3))
    assert parsed(content)["Subject"] == "[prod] 3 failures in parse"
    cells = ["".join(cell.itertext()) for cell in page(content).iter(f"{XHTML}td")]
    assert [cell for cell in cells if cell.endswith("parse.failed · acme.parse · 10:15:30 UTC")] == [
        f"{n}.pdfparse.failed · acme.parse · 10:15:30 UTC" for n in range(3)
    ]
    assert not list(parsed(content).iter_attachments())
    assert plain(content).count("PDF_IS_BROKEN: page 3") == 3


def test_a_row_says_the_day_where_there_are_several_and_the_source_where_the_type_does_not():
    days = [event(n=n, timestamp=f"2026-11-2{n}T10:15:30Z", source="parse") for n in (2, 3)]
    content = plain(mail(message(*days, group={})))
    assert "2.pdf · parse.failed · 2026-11-22 10:15:30 UTC" in content.splitlines()


@pytest.mark.parametrize("body", [None, "Look"])
def test_a_group_of_one_is_told_in_words_alone(body):
    content = mail(message(event(), group={}, body=body))
    assert not list(parsed(content).iter_attachments())
    for said in (plain(content), words(content)):
        assert said.count("1.pdf") == 1
        assert "10:15:30 UTC" not in said and "events.csv" not in said


def test_of_many_events_the_first_are_shown_and_all_are_attached():
    content = mail(group(250, rest=[row(n) for n in range(100, 250)]))
    assert "250 × parse failed: PDF_IS_BROKEN: page #" in plain(content)
    assert "The first 100 of 250 are shown here. events.csv has all 250." in words(content)
    assert [line["job_id"] for line in attached(content)] == [f"pjb-{n}" for n in range(250)]
    (part,) = parsed(content).iter_attachments()
    assert (part.get_content_type(), part.get_filename()) == ("text/csv", "events.csv")


def test_what_a_csv_lacks_is_said():
    content = mail(group(10_000, rest=[row(n) for n in range(100, 5000)]))
    assert "events.csv has the first 5,000; the other 5,000 are listed by the command: relay events" in plain(
        content
    )
    assert len(attached(content)) == 5000


def test_a_csv_has_a_largest_size_and_its_numbers_add_up():
    content = mail(group(10_100, rest=[row(n, error="ä" * 10_000) for n in range(100, 10_100)]))
    listed = len(attached(content))
    left = 10_100 - listed
    assert f"events.csv has the first {listed:,}; the other {left:,} are listed" in plain(content)
    assert len(content) < 6_000_000


@pytest.mark.parametrize(
    "begin", ["=", "+", "-", "@", "\t=", "\r=", "\u200b=", " =", "\uff1d", "a;=", "a; @"]
)
def test_no_cell_is_a_formula(begin):
    lines = attached(mail(group(101, rest=[row(name=f"{begin}HYPERLINK(1)", error=f"{begin}1")])))
    for cell in (lines[-1]["name"], lines[-1]["error"]):
        assert not re.search(r"(^|;)\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", cell)


def test_a_cell_that_is_no_formula_is_as_it_was():
    assert attached(mail(group(101, rest=[row(name="a-b=c, d+e@f")])))[-1]["name"] == "a-b=c, d+e@f"


def test_a_rules_title_and_body_take_the_place_of_relays_words():
    content = mail(message(event(), title="Look & <see>", body="First\n\n  {{ second }} & <b>third</b>"))
    assert parsed(content)["Subject"] == "[prod] Look & <see>"
    assert heading(content) == "Look & <see>"
    assert "{{ second }} & <b>third</b>" in words(content)
    assert "PDF_IS_BROKEN" not in "".join(page(content).find(f".//{XHTML}h1/..").itertext())
    assert "Rule failures" in plain(content)


def test_a_group_with_a_body_of_its_own_has_its_events_attached():
    content = mail(group(3, body="Three of them"))
    assert len(attached(content)) == 3
    assert "events.csv has all 3." in plain(content)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        'https://e.example/"><b>',
        "https://e.example/a b",
        "//e.example",
        "x" * 5000,
    ],
)
def test_only_a_plain_web_address_is_a_link(url):
    for told in (
        message(event(url=url)),
        message(event(), text=Text(title="t", url=url)),
        group(101, rest=[row(url=url)]),
    ):
        hrefs = {link.get("href") for link in page(mail(told)).iter(f"{XHTML}a")}
        assert hrefs <= {LINK, url} and not any(map(re.compile(r"[\"<> ]|^(?!https?://)").search, hrefs))


def test_a_terminal_shows_it_as_a_person_would_see_it():
    seen = shown(mail(group(250, rest=[row(n) for n in range(100, 250)])))
    assert seen.startswith(
        "From: LlamaCloud relay <relay@example.com>\nTo: a@example.com, b@example.com\nSubject: [prod] "
    )
    assert re.search(r"\nAttached: events.csv \([0-9.]+ kB\)$", seen)
    assert "\r" not in seen


def test_a_terminal_is_no_ones_but_ours():
    seen = shown(b"Subject: =?utf-8?q?=1B]0;x=07?=\r\nContent-Type: text/plain\r\n\r\n\x1b[2Jhello\x07\r\n")
    assert "hello" in seen
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", seen)
