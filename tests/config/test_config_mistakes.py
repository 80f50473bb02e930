import pytest

from relay.config import load
from relay.errors import ConfigError

HOOK = '[destinations.hook]\ntype = "webhook"\nurl = "https://example.com/"\n'
LOOPBACK = (
    "must be a loopback address such as 127.0.0.1 while there is no token, or anybody on the network "
    "could read all: set token too"
)
NO_KEY = "must be printable ASCII without spaces: copy the key again, it begins with llx-"
NO_QUERY = "must end with its path: leave out what begins with ? or #, set parameters in query"
NO_PARAMETER = "is no parameter that can be set for"
NOTHING = "an empty list matches nothing: name a value, or leave the condition out"
RELAY = "name, database, listen, token, heartbeat_url, retention, alerts_to, timezone"
KINDS = "parse, classify, extract, split, batch, batch_v1"

# What is added from line 3 on, and the whole of what is said of it.
MISTAKES = [
    ("[rely]", "3: rely: there is no such table: did you mean relay?"),
    (
        "[alerts]",
        "3: alerts: there is no such table: known are relay, llamacloud, sources, destinations, rules",
    ),
    ('[relay]\nnmae = "x"', "4: relay.nmae: there is no such key here: did you mean name?"),
    (
        "[relay]\nretries = 1",
        f"4: relay.retries: there is no such key here: known are {RELAY}",
    ),
    ('[relay]\nretention = "1d"', "4: relay.retention: must be at least 2d"),
    ("[relay]\nname = 1", "4: relay.name: must be a text in quotes"),
    ('[relay]\nname = "a\\nb"', "4: relay.name: must be a text of 1 to 200 characters on one line"),
    ('[relay]\ndatabase = ""', '4: relay.database: must be the path of a file, such as "relay.db"'),
    (
        '[relay]\ndatabase = "postgresql://db"',
        "4: relay.database: must be the path of a file: relay keeps its data in SQLite",
    ),
    ('[relay]\nlisten = "8710"', '4: relay.listen: must be host:port, such as "127.0.0.1:8710", or "off"'),
    (
        '[relay]\nlisten = "[::1]:70000"',
        '4: relay.listen: must be host:port, such as "127.0.0.1:8710", or "off"',
    ),
    (
        '[relay]\nlisten = "0.0.0.0:8710"',
        f"4: relay.listen: {LOOPBACK}",
    ),
    ('every = "0s"', "3: sources.parse.every: must be at least 1s"),
    ('every = "2d"', "3: sources.parse.every: must be at most 1d"),
    ("every = 15", '3: sources.parse.every: is not a duration: write it as "30s", "5m", "2h" or "7d"'),
    ("requests_per_minute = 0", "3: sources.parse.requests_per_minute: must be at least 1"),
    (
        'requests_per_minute = "9"',
        "3: sources.parse.requests_per_minute: must be a whole number, without quotes",
    ),
    (
        "requests_per_minute = true",
        "3: sources.parse.requests_per_minute: must be a whole number, without quotes",
    ),
    ("page_size = 1001", "3: sources.parse.page_size: must be at most 1000"),
    ("page_size = 1.5", "3: sources.parse.page_size: must be a whole number, without quotes"),
    (
        'project_id = "prj-1"',
        "3: sources.parse.project_id: must be a UUID such as 11111111-2222-3333-4444-555555555555",
    ),
    (
        'api_key = "llx 1"',
        f"3: sources.parse.api_key: {NO_KEY}",
    ),
    (
        'base_url = "api.cloud.eu.llamaindex.ai"',
        "3: sources.parse.base_url: has no scheme: write https:// before it",
    ),
    (
        'base_url = "ftp://a"',
        "3: sources.parse.base_url: is no URL of an API: write it as https://host or https://host:port",
    ),
    (
        'base_url = "https://a:b"',
        "3: sources.parse.base_url: is no URL of an API: write it as https://host or https://host:port",
    ),
    (
        'base_url = "https://u:p@a"',
        "3: sources.parse.base_url: must not hold a user name or password: the api_key is enough",
    ),
    (
        'base_url = "https://a/?b=c"',
        f"3: sources.parse.base_url: {NO_QUERY}",
    ),
    (
        "base_url = 'https://a\\@b'",
        "3: sources.parse.base_url: must be a URL of printable ASCII without spaces and backslashes",
    ),
    ('since = "soon"', '3: sources.parse.since: must be a time such as "2026-11-01T00:00:00Z"'),
    ("since = 12:00:00", '3: sources.parse.since: must be a time such as "2026-11-01T00:00:00Z"'),
    ("kind = 1", '3: sources.parse.kind: must be a kind, such as "parse", or a list of kinds'),
    ("kind = []", '3: sources.parse.kind: must be a kind, such as "parse", or a list of kinds'),
    ('kind = ["split", "split"]', "3: sources.parse.kind: names something twice: name it once"),
    (
        'kind = ["split",\n"parze"]',
        '4: sources.parse.kind: "parze" is no kind of source: did you mean parse?',
    ),
    ('kind = "sheets"', f'3: sources.parse.kind: "sheets" is no kind of source: known are {KINDS}'),
    (
        "[sources.acme]",
        f"3: sources.acme: has a name that is no kind, so it needs one: set kind to one of {KINDS}",
    ),
    ('[sources."a.b"]', '3: sources."a.b": is no name: use 1 to 64 of the characters A-Z a-z 0-9 _ -'),
    ("[[sources.split]]", "3: sources.split: must be a table: begin it with [sources.split]"),
    (
        '[sources.twin]\nkind = "parse"',
        "3: sources.twin: lists the same jobs as parse, so each event would come twice: leave one out",
    ),
    ('query = "x"', "3: sources.parse.query: must be a table: write it in { }"),
    (
        'query.status = "x"',
        f"3: sources.parse.query.status: {NO_PARAMETER} parse: it has none",
    ),
    (
        '[sources.classify]\nquery = { confg = "x" }',
        f"4: sources.classify.query.confg: {NO_PARAMETER} classify: it has configuration_id",
    ),
    (
        '[sources.classify]\nquery = { configuration_id = ["x"] }',
        "4: sources.classify.query.configuration_id: takes one value for classify: write a text, not a list",
    ),
    (
        "[sources.classify]\nquery = { configuration_id = 1 }",
        "4: sources.classify.query.configuration_id: must be a text, or a list of texts, that are not empty",
    ),
    ("include = []", "3: sources.parse.include: must not be empty: name at least one"),
    (
        "[destinations.hook]",
        "3: destinations.hook.type: must say what it is: set it to one of email, slack, webhook",
    ),
    (
        '[destinations.x]\ntype = "fax"',
        '4: destinations.x.type: "fax" is no type of destination: known are email, slack, webhook',
    ),
    ('[destinations.x]\ntype = "webhook"', "3: destinations.x.url: is missing: set it"),
    (
        f'{HOOK}url2 = "x"',
        "6: destinations.hook.url2: there is no such key here: did you mean url?",
    ),
    (f"{HOOK}concurrency = 0", "6: destinations.hook.concurrency: must be at least 1"),
    (f'{HOOK}timeout = "1h"', "6: destinations.hook.timeout: must be at most 5m"),
    (
        f'{HOOK}format = "xml"',
        "6: destinations.hook.format: must be one of 'standard', 'cloudevents' or 'llamacloud'",
    ),
    (f"{HOOK}headers.A = 1", "6: destinations.hook.headers.A: must be a text that is not empty"),
    (f'{HOOK}[rules.r]\non = ["*"]', "6: rules.r.to: is missing: set it"),
    (f'{HOOK}[rules.r]\non = "*"\nto = ["hook"]', '7: rules.r.on: must be a list of texts: write ["…"]'),
    (f'{HOOK}[rules.r]\non = ["*"]\nto = []', "8: rules.r.to: must not be empty: name at least one"),
    (
        f'{HOOK}[rules.r]\non = ["*"]\nto = ["hook", "hook"]',
        "8: rules.r.to: names something twice: name it once",
    ),
    (
        f'{HOOK}[rules.r]\non = ["*"]\nto = ["hok"]',
        '8: rules.r.to: "hok" is no destination: did you mean hook?',
    ),
    ('[rules.r]\non = ["*"]\nto = ["hook"]', '5: rules.r.to: "hook" is no destination: write its table'),
    (
        f'{HOOK}[rules.r]\non = ["*"]\nto = ["hook"]\nstop = 1',
        "9: rules.r.stop: must be true or false, without quotes",
    ),
    (
        f'{HOOK}[rules.r]\non = ["*"]\nto = ["hook"]\nseverity = "bad"',
        "9: rules.r.severity: must be one of 'info', 'warning' or 'error'",
    ),
    (
        f'{HOOK}[rules.r]\non = ["*"]\nto = ["hook"]\nmatch = {{ error = {{ regex = "(" }} }}',
        "9: rules.r.match.error: bad regex: missing ): (",
    ),
    (
        f'{HOOK}[rules.r]\non = ["*"]\nto = ["hook"]\n[rules.r.unless]\nname = "a"\njob.tier = []',
        f"11: rules.r.unless.job.tier: {NOTHING}",
    ),
    (
        '[relay]\nname = "$a-b"',
        "4: relay.name: begins with $ but is no $NAME: write $$ for a dollar that is meant",
    ),
]


@pytest.mark.parametrize(("text", "mistake"), MISTAKES)
def test_a_mistake_is_told_with_its_line_its_key_and_the_way_out(desk, text, mistake):
    assert desk.mistakes(text) == [f"rules.toml:{mistake}"]


# Files that are no TOML at all.
UNREADABLE = [
    (b"a = \n", "1: syntax: Invalid value (column 5): texts stand in quotes"),
    (
        b'[relay]\nname = "a"\nname = "b"\n',
        "3: syntax: Cannot overwrite a value (column 11): it is set twice",
    ),
    (
        b"[relay]\n\n[relay]\n",
        "3: syntax: Cannot declare ('relay',) twice (column 7): this table stands twice",
    ),
    (b"[relay]\nname = 'a", '2: syntax: Expected "\'" at the end of the file: correct this line'),
    (b"# fine\n# \xff\n", "2: file: is not UTF-8: save it in that encoding"),
    (b"a = " + b"[" * 100_000, "1: file: is nested too deep: close its brackets"),
    (b"#" * (1024 * 1024 + 1), "1: file: is larger than 1 MiB"),
    (b"a = " + b"1" * 5000, "1: file: holds a number of thousands of digits: shorten it"),
    (b"match = " + b"[" * 50 + b"]" * 50, "1: match: is nested too deep"),
    (b"", "1: sources: there is none: write at least one, such as [sources.parse]"),
    (b"sources = 1\n", "1: sources: must be a table: write [sources]"),
]


@pytest.mark.parametrize(("content", "mistake"), UNREADABLE)
def test_a_file_that_is_no_configuration_is_refused_at_the_line_to_look_at(desk, content, mistake):
    assert desk.mistakes(content)[0].startswith(f"rules.toml:{mistake}")


def test_a_directory_is_refused(desk):
    desk.path.mkdir()
    (desk.path / "x").touch()
    with pytest.raises(ConfigError, match=r"^rules\.toml:1: file: is a directory"):
        load(desk.path, environ={}, secrets=True)


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(desk):
    text = """
every = "x"
[rules.r]
on = []
to = ["nobody"]
match = { nmae = "x" }
[destinations.hook]
type = "webhook"
url = "nowhere"
secret = ["whsec_x", "y"]
[sources.extract]
since = "x"
query = { nope = "x" }
include = ["nope"]
[llamacloud]
"""
    lines = [line.split(": ")[:2] for line in desk.mistakes(text, start="[sources.split]")]
    assert lines == [
        ["rules.toml:1", "sources.split"],
        ["rules.toml:2", "sources.split.every"],
        ["rules.toml:4", "rules.r.on"],
        ["rules.toml:5", "rules.r.to"],
        ["rules.toml:6", "rules.r.match.nmae"],
        ["rules.toml:9", "destinations.hook.url"],
        ["rules.toml:10", "destinations.hook.secret"],
        ["rules.toml:10", "destinations.hook.secret"],
        ["rules.toml:11", "sources.extract"],
        ["rules.toml:12", "sources.extract.since"],
        ["rules.toml:13", "sources.extract.query.nope"],
        ["rules.toml:14", "sources.extract.include"],
    ]


@pytest.mark.parametrize("key", ["", " ", "llx-\u00fc"])
def test_a_key_that_no_header_can_carry_is_a_mistake_and_no_trouble_of_each_look(desk, key):
    assert desk.mistakes(f'api_key = "{key}"') == [f"rules.toml:3: sources.parse.api_key: {NO_KEY}"]
