"""What relay says of itself, in each form."""

import io
import json
import logging
import os

import pytest
from cli.conftest import EVIL

from relay.cli import logs
from relay.model import Secret
from relay.wide import Wide


@pytest.fixture
def said():
    """Say it to a logger set up so; the lines that come out."""

    def say(message, *args, level=logging.INFO, environ=None, form="text", hidden=(), **how):
        logs.set_up(environ or {}, form=form)
        logs.hide(map(Secret, hidden))
        (handler,) = logging.getLogger().handlers
        handler.setStream(out := io.StringIO())
        logging.getLogger("relay.tried").log(level, message, *args, **how)
        return out.getvalue().splitlines()

    yield say
    logging.basicConfig(handlers=[], force=True)


LINE = Wide("look", source="parse", seconds=0.1234, items=3, trouble=None)


def test_a_wide_line_is_text_for_people(said):
    (line,) = said(LINE)
    assert line.endswith(" INFO    look source=parse seconds=0.123 items=3")


def test_a_wide_line_is_fields_for_machines(said):
    (line,) = said(LINE, form="json")
    fields = json.loads(line)
    assert fields.pop("time").endswith("Z")
    assert fields == {
        "level": "info",
        "logger": "relay.tried",
        "message": "look",
        "source": "parse",
        "seconds": 0.1234,
        "items": 3,
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_value_breaks_a_line_or_steers_a_terminal(said, form):
    for message in (Wide("look", source="parse", trouble=EVIL), EVIL):
        text = "\n".join(said(message, form=form))
        assert all(char.isprintable() or char == "\n" for char in text)
        assert "\x1b" not in text


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_secret_that_someone_quotes_is_masked_wherever_it_stands(said, form):
    error = ValueError("refused: Bearer dont-tell-me")
    for message in (Wide("look", trouble=f"{error}", by=error), f"{error}"):
        (line,) = said(message, form=form, hidden=["dont-tell-me"])
        assert "dont-tell-me" not in line
        assert "Bearer ***" in line


def test_a_field_can_not_pass_for_what_every_line_has(said):
    (line,) = said(Wide("look", level="fatal", message="all is well"), form="json")
    assert (json.loads(line)["level"], json.loads(line)["message"]) == ("info", "look")


@pytest.mark.parametrize(
    ("level", "mark"), [(logging.INFO, "<6>"), (logging.WARNING, "<4>"), (logging.ERROR, "<3>")]
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_under_the_journal_each_line_has_its_priority(said, level, mark, form):
    lines = said("two\nlines", level=level, environ={"JOURNAL_STREAM": "8:1"}, form=form)
    assert all(line.startswith(mark) for line in lines)
    assert len(lines) == (2 if form == "text" else 1)


def test_a_fault_comes_with_its_traceback_in_one_object(said):
    try:
        int("no number")
    except ValueError:
        (line,) = said("a fault", form="json", exc_info=True)
    assert json.loads(line)["exception"].endswith("'no number'")


async def test_the_environment_chooses_the_form(past):
    done = await past.relay("run", RELAY_LOG="yaml")
    assert done.status == 2
    assert "'yaml' is not one of 'text', 'json'" in done.err


@pytest.mark.parametrize("broken", [False, True])
async def test_all_that_a_run_says_is_in_the_form_of_its_log(home, broken):
    home.watch("http://127.0.0.1:9", "")
    home.config.write_text(home.config.read_text() + "[nonsense]\n" * broken)
    home.database.write_bytes(b"no database" * 1000)  # refused, after what is said of the configuration
    told = [json.loads(line) for line in (await home.relay("run", RELAY_LOG="json")).err.splitlines()]
    assert told[-1]["level"] == "error"
    assert broken or told[0]["message"] == f"configuration: {home.config}"
    journal = (await home.relay("run", JOURNAL_STREAM="8:1")).err.splitlines()
    assert journal[-1].startswith("<3>")
    assert broken or journal[0].startswith("<6>configuration: ")


async def test_a_terminal_that_inherits_the_variable_of_the_journal_gets_lines_for_people(home):
    home.watch("http://127.0.0.1:9", "")
    ours, its = os.openpty()
    process = await home.start(("run", "--config", "no.toml"), {"JOURNAL_STREAM": "8:1"}, stderr=its)
    assert await process.wait() == 2
    assert os.read(ours, 1000).startswith(b"no configuration: ")
    os.close(its)
    os.close(ours)
