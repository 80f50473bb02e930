"""What takes bytes from outside, each as a function that raises where more comes of them than it should."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import msgspec
from aiohttp.test_utils import make_mocked_request

from relay.config import load
from relay.destinations import TYPES
from relay.destinations.http import kept, retry_after
from relay.errors import ConfigError, LookFailed
from relay.message import cleaned, one_line
from relay.model import Event, EventData
from relay.poll import job_named
from relay.render.templates import Templates, check
from relay.rules import Router, Rule
from relay.rules.masking import masked
from relay.rules.router import RuleMistakes
from relay.simulator.file import load as load_scenario
from relay.sources.items import Item, read_one, read_page
from relay.sources.kept import without
from relay.web.api.calls import CALLS, asked, parameters
from relay.web.problems import Problem
from tests.render.samples import event, message

LONGEST = 2.0
"""Seconds that anything of this size may take."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
MISTAKE = re.compile(r"(rules|scenario)\.toml:[1-9]\d*: .+: \S.*", re.DOTALL)


def pages(data: bytes) -> None:
    with suppress(LookFailed):
        page = read_page(data, Item, "items")
        for n, item in enumerate(page.items):
            assert not CONTROL.search(item.id)
            assert msgspec.json.decode(without(page.raw(n), frozenset()))["id"] == item.id
        assert all(line.isprintable() for line in page.undecodable)


def one_job(data: bytes) -> None:
    for wrapped in (True, False):
        with suppress(LookFailed):
            assert len(read_one(data, Item, wrapped=wrapped).items) <= 1


def hints(data: bytes) -> None:
    job = job_named(data)
    assert job is None or (job.isprintable() and 0 < len(job) <= 200)


def configuration(data: bytes) -> None:
    with _written(data, "rules.toml") as path, _mistakes():
        load(path, environ={}, secrets=False, host="fuzzed")


def scenario(data: bytes) -> None:
    with _written(data, "scenario.toml") as path, _mistakes():
        load_scenario(path)


def templates(data: bytes) -> None:
    """What is taken at load never fails to make a message, and none is endless."""
    source = data.decode("utf-8", "replace")
    for line in (text for _, text in check(source, source)):
        assert line
    made = Templates(title=source, body=source, rule="fuzzed", flavour=TYPES["slack"].flavour)
    title, body = made.render(message(event("parse.failed", error="<!channel> & co")))
    assert len(title or "") <= 150
    assert len(body or "") <= 10_000


def patterns(data: bytes) -> None:
    text, _, error = data.decode("utf-8", "replace").partition("\0")
    with suppress(RuleMistakes):
        rule = Rule(name="r", on=(text or "*",), match={"error": {"regex": text}, "name": text}, to=("d",))
        Router([rule]).route(_an_event(error))


def texts(data: bytes) -> None:
    """Names, errors and answers, as people and logs get them."""
    text = data.decode("utf-8", "surrogateescape")
    assert "\n" not in one_line(text, 100)
    assert len(cleaned(text, 200)) <= 200
    assert one_line(text, 80).isprintable()
    assert len(masked(text)) <= 300
    assert "\x1b" not in kept(data)


def waits(data: bytes) -> None:
    """What a receiver asks for in Retry-After."""
    asked = retry_after({"Retry-After": data.decode("latin-1")}, 1_790_000_000.0)
    assert asked is None or asked >= 0


def questions(data: bytes) -> None:
    """What the API is asked, by each of its calls."""
    path = "/?" + "".join(char for char in data.decode("latin-1") if char.isprintable() and char != " ")
    try:
        request = make_mocked_request("GET", path)
    except ValueError:  # no server would come so far
        return
    for call in CALLS:
        with suppress(Problem):
            asked(parameters(request), call.query)


TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {
        work.__name__: work
        for work in (
            *(pages, one_job, hints, configuration, scenario),
            *(templates, patterns, texts, waits, questions),
        )
    }
)

SEEDS: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "pages": (
            b'{"items":[{"id":"pjb-1","status":"RUNNING","created_at":"2026-11-22T10:15:30Z"}]}',
            b'{"items":[{"id":1,"status":null},{}],"next_page_token":"t","total_size":"x"}',
            b'{"items":[{"id":"a","status":"\\ud800","n":1e999}]}',
        ),
        "one_job": (b'{"job":{"id":"pjb-1","status":"SUCCESS"}}', b'{"id":"pjb-1","status":"FAILED"}'),
        "hints": (b'{"event_type":"parse.success","data":{"job_id":"pjb-1"}}',),
        "configuration": (
            b'[llamacloud]\napi_key = "llx-a"\n[sources.parse]\nevery = "15s"\n',
            b'[destinations.a]\ntype = "webhook"\nurl = "http://[::1]/"\n[rules.r]\non = ["*"]\nto = ["a"]\n',
            b'[rules.r]\nmatch = { name = ["a*"], job.x = { gte = 1 }, error = { regex = "(a+)+$" } }\n',
        ),
        "scenario": (b'[streams.parse]\nrate = 1.0\n[[script]]\nfault = "error"\nlasts = "5s"\n',),
        "templates": (
            b"{{ name }} failed: {{ error | upper }}",
            b"{% for event in events %}{{ event.name }}{% if not loop.last %}, {% endif %}{% endfor %}",
            b"{{ job.tier | default('?') }} {{ timestamp | time('%H:%M') }}",
        ),
        "patterns": (b"^(a+)+$\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", b"*.failed", b"[a-z]{1,9}\0x"),
        "texts": ("\u202e\x1b[31m<!channel> Q4\u200b.pdf\r\n".encode(), b"\xed\xa0\x80 \xff"),
        "waits": (b"120", b"Wed, 21 Oct 2026 07:28:00 GMT", b"-1", b"9" * 400),
        "questions": (b"limit=10&cursor=eyJ9&status=FAILED&since=2h", b"limit=-1&limit=2&state=%ff%00"),
    }
)


def timed(work: Callable[[bytes], None], data: bytes) -> None:
    began = time.perf_counter()
    work(data)
    took = time.perf_counter() - began
    assert took < LONGEST, f"took {took:.1f} s"


@contextmanager
def _written(data: bytes, name: str) -> Iterator[Path]:
    with TemporaryDirectory(prefix="relay-fuzz-") as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        yield path


@contextmanager
def _mistakes() -> Iterator[None]:
    """A refusal says where and what."""
    try:
        yield
    except ConfigError as refusal:
        assert refusal.mistakes
        odd = [line for line in refusal.mistakes if not MISTAKE.fullmatch(line)]
        assert odd == []


def _an_event(error: str) -> Event:
    data = EventData(source="s", product="parse", kind="parse", job_id="j", name=error, error=error)
    return Event(id="evt_1", type="parse.failed", timestamp="2026-11-22T10:15:30.123Z", data=data)
