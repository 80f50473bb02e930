"""The dashboard in a real browser: Chromium, under the policy that relay sends."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.process.live import _ENVIRON
from tests.samples.browser import found
from tests.web.conftest import TOKEN, in_a_thread

AXE = Path(sys.prefix, "axe", "node_modules", "axe-core", "axe.min.js")
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
NAME = "relay.test"
PAGES = (
    "/",
    "/?span=fortnight",
    "/jobs",
    "/jobs?source=batch",
    "/events",
    "/deliveries",
    "/destinations",
    "/rules",
)
WITHIN = 20_000
AWAY = ("net::ERR_", "Failed to fetch", "network error")
"""What a browser and htmx say of a relay that is not there."""

pytestmark = pytest.mark.skipif(
    found() is None, reason="there is no chromium on the PATH; on Debian: apt-get install chromium"
)


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    args = ["--no-sandbox", f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found(), args=args)
        yield browser
        browser.close()


@contextmanager
def a_tab(chromium, base, *, but=(), **how):
    """A page that asks nobody but relay, and in which nothing goes wrong, `but` for that."""
    context = chromium.new_context(base_url=base, **{"viewport": DESK, **how})
    context.set_default_timeout(WITHIN)
    tab, wrong = context.new_page(), []
    tab.on("console", lambda said: wrong.append(said.text) if is_wrong(said) else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
    asked = set()
    tab.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    yield tab
    context.close()
    assert [said for said in wrong if not any(word in said for word in but)] == []
    assert asked <= {urlsplit(base).netloc}


def is_wrong(said):
    """A header that a browser heeds by https alone is no fault of a page that came without."""
    return said.type in {"error", "warning"} and "Cross-Origin-Opener-Policy" not in said.text


def log_in(tab, back="/"):
    tab.goto(back)
    tab.get_by_label("Token").fill(TOKEN)
    tab.get_by_role("button", name="Log in").click()
    tab.wait_for_url(f"**{back}")


@pytest.fixture(params=["light", "dark"])
def known(request, chromium, running):
    """A tab that is logged in."""
    with a_tab(chromium, running.url, color_scheme=request.param) as tab:
        log_in(tab)
        yield tab


def every_page(running):
    """Those of lists, and one of each thing: of what failed, where there is a choice."""
    yield from PAGES
    for (event,) in running.home.ask("SELECT max(id) FROM events WHERE type = 'parse.failed'"):
        yield f"/events/{event}"
    for (delivery,) in running.home.ask("SELECT id FROM deliveries WHERE state IN ('dead', 'waiting')"):
        yield f"/deliveries/{delivery}"
    yield from ("/jobs/parse/pjb-good", "/jobs/parse/pjb%2Fodd%20%252F")


@pytest.mark.skipif(not AXE.exists(), reason="axe is not there: make test gets it where npm is")
def test_axe_finds_nothing_wrong_with_any_page_in_either_scheme(known, running):
    wrong = {}
    for path in ("/login", *every_page(running)):
        known.goto(path)
        known.evaluate(AXE.read_text("utf-8"))
        found = known.evaluate(
            "axe.run().then(({violations}) => violations.map(({id, nodes}) => [id, nodes[0].html]))"
        )
        wrong |= {path: found} if found else {}
    assert wrong == {}


def test_no_page_is_wider_than_a_phone(chromium, running):
    with a_tab(chromium, running.url, viewport=PHONE) as tab:
        log_in(tab)
        wide = {}
        for path in every_page(running):
            tab.goto(path)
            width = tab.evaluate("document.documentElement.scrollWidth")
            wide |= {path: width} if width > PHONE["width"] else {}
        assert wide == {}


def test_charts_are_drawn_of_their_numbers_and_tell_them(known):
    chart = known.locator("#chart-events")
    chart.locator("canvas").wait_for()
    assert known.evaluate("""() => {
      const canvas = document.querySelector("#chart-events canvas");
      const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value > 0);
    }""")
    assert any("failed" in said for said in told(known, chart))


def told(tab, chart):
    """What the chart says wherever it is pointed at, from now back."""
    box = chart.locator(".u-over").bounding_box()
    for x in range(int(box["width"]) - 5, 0, -5):
        tab.mouse.move(box["x"] + x, box["y"] + box["height"] / 2)
        tab.wait_for_timeout(30)
        yield chart.locator("output").inner_text()


def test_a_choice_of_a_filter_is_shown_at_once(known):
    known.goto("/jobs")
    known.get_by_label("Status").select_option("FAILED")
    known.wait_for_url("**/jobs?source=&status=FAILED&id=")
    assert known.get_by_role("link", name="bad.pdf").is_visible()
    assert known.get_by_role("link", name="good.pdf").count() == 0


def test_the_keyboard_leads_to_the_content_first(known):
    known.goto("/events")
    known.keyboard.press("Tab")
    known.keyboard.press("Enter")
    assert known.evaluate("document.activeElement.id") == "main"


def test_what_happens_is_seen_without_a_reload(chromium, tmp_path):
    with in_a_thread(tmp_path, kinds=("parse",)) as it, a_tab(chromium, it.url) as tab:
        log_in(tab, "/events")
        tab.get_by_text("Live", exact=True).wait_for()
        tab.evaluate("window.same = true")
        it.simulator.create("parse", id="pjb-new", name="new.pdf", status="RUNNING")
        tab.get_by_role("link", name="new.pdf").wait_for()
        assert tab.evaluate("window.same")


@pytest.mark.parametrize("how", [{}, {"java_script_enabled": False}], ids=["scripts", "no scripts"])
def test_a_retry_is_clicked_and_seen_delivered(chromium, tmp_path, how):
    answers = {"/gone": 410}
    with (
        in_a_thread(tmp_path, kinds=("parse",), answers=answers) as it,
        a_tab(chromium, it.url.replace("127.0.0.1", NAME), **how) as tab,
    ):
        log_in(tab)
        tab.get_by_role("link", name="deliveries to be looked at").click()
        tab.locator("tbody a").first.click()
        answers["/gone"] = 204
        tab.get_by_role("button", name="Retry").click()
        if how:
            tab.wait_for_timeout(1500)
            tab.reload()
        tab.locator("h1 + .badge", has_text="delivered").wait_for()
        tab.goto("/destinations")
        tab.get_by_role("button", name="Send a test to hook").click()
        tab.get_by_text("The test arrived at hook (204).").wait_for()


def test_pages_are_read_without_scripts(chromium, running):
    with a_tab(chromium, running.url, java_script_enabled=False) as tab:
        log_in(tab)
        tab.locator("#numbers-events summary").click()
        assert tab.locator("#numbers-events tbody tr").count() == 60
        tab.goto("/jobs")
        tab.get_by_label("Status").select_option("FAILED")
        tab.get_by_role("button", name="Filter").click()
        assert tab.get_by_role("link", name="good.pdf").count() == 0
        tab.get_by_role("link", name="bad.pdf").click()
        assert tab.get_by_text("PDF_IS_BROKEN").first.is_visible()


def test_a_page_stays_as_it_is_while_relay_is_away_and_goes_on_when_it_is_back(chromium, tmp_path):
    with (
        in_a_thread(tmp_path, kinds=("parse",)) as it,
        a_tab(chromium, it.url, but=AWAY) as tab,
    ):
        log_in(tab, "/events")
        tab.get_by_text("Live", exact=True).wait_for()
        it.process.terminate()
        tab.get_by_text("Connecting…", exact=True).wait_for()
        assert tab.get_by_role("link", name="bad.pdf").is_visible()
        it.simulator.create("parse", id="pjb-new", name="new.pdf", status="RUNNING")
        command = [sys.executable, "-m", "relay", "run"]
        with subprocess.Popen(command, cwd=it.home.folder, env=_ENVIRON) as again:
            tab.get_by_role("link", name="new.pdf").wait_for()
            tab.get_by_text("Live", exact=True).wait_for()
            again.terminate()
