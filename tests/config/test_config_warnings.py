import pytest

HOOK = """[destinations.hook]
type = "webhook"
url = "https://example.com/"
secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""
ALL = 'on = ["*.failed"]\nto = ["hook"]\n'
DEAF = "fits no event of these sources:"
NEVER = "never sees an event: what its match asks for is never so of what its on hears; correct one"

# What is added from line 3 on (the rules from line 7), and what is said of it.
WARNINGS = [
    ("", "1: rules: there is none, so nothing is ever sent: write one, such as [rules.failures]"),
    (
        f"{HOOK}[rules.r]\n{ALL}[sources.split]\nbase_url = 'http://a.example'",
        "11: sources.split.base_url: is plain http: anybody on the way can read the key; use https",
    ),
    (
        '[destinations.hook]\ntype = "webhook"\nurl = "https://example.com/"\n[rules.r]\n' + ALL,
        "3: destinations.hook.secret: is not set: receivers can't tell relay's messages from forged ones",
    ),
    (
        HOOK.replace("https", "http") + "[rules.r]\n" + ALL,
        "5: destinations.hook.url: is plain http: anyone on the way can read and change messages; use https",
    ),
    (
        f'{HOOK}[rules.r]\non = ["parse.completed"]\nto = ["hook"]',
        '7: rules: no rule hears parse.failed: add it to the on of one, or "*.failed"',
    ),
    (
        f"{HOOK}[rules.a]\n{ALL}stop = true\n[rules.b]\non = ['PARSE.failed']\nto = ['hook']",
        "11: rules.b: never sees an event: rules with stop above it take all that it asks for; move it up",
    ),
    (
        f"{HOOK}[rules.r]\n{ALL}[destinations.o]\ntype='slack'\nurl='https://a.example/'\nrate = '2/s'",
        '13: destinations.o.rate: is more than Slack takes for long: write "1/s", or leave it out',
    ),
    (
        f"{HOOK}[rules.r]\n{ALL}[destinations.o]\ntype='slack'\ntoken='xoxb-1'\nchannel='o'\nrate='1/s'",
        '14: destinations.o.rate: is more than Slack takes for long: write "20/m", or leave it out',
    ),
    (
        f"{HOOK}[rules.r]\non = ['*.failed', 'parse.faild']\nto = ['hook']",
        f'8: rules.r.on: "parse.faild" {DEAF} did you mean parse.failed?',
    ),
    (
        f"{HOOK}[rules.r]\non = ['*.failed',\n'batch.*']\nto = ['hook']",
        f'9: rules.r.on: "batch.*" {DEAF} correct it, or leave it out',
    ),
    (
        f"{HOOK}[rules.r]\n{ALL}match = {{ source = ['parse', 'prase'] }}",
        '10: rules.r.match.source: "prase" is no source: did you mean parse?',
    ),
    (
        f"{HOOK}[rules.r]\n{ALL}match = {{ source = 'prase' }}",
        '10: rules.r.match.source: "prase" is no source: did you mean parse?',
    ),
    (f"{HOOK}[rules.r]\n{ALL}match = {{ status = 'COMPLETED' }}", f"7: rules.r: {NEVER}"),
    (f"{HOOK}[rules.r]\n{ALL}match = {{ type = 'parse.completed' }}", f"7: rules.r: {NEVER}"),
    (f"{HOOK}[rules.r]\n{ALL}match = {{ product = 'batch' }}", f"7: rules.r: {NEVER}"),
    (f"{HOOK}[rules.r]\n{ALL}match = {{ source = 'acme.*', status = 'failed' }}", f"7: rules.r: {NEVER}"),
    (
        f"{HOOK}[rules.r]\n{ALL}[rules.s]\non = ['*.stuck']\nto = ['hook']",
        "10: rules.s: never sees an event: no source has stuck_after; set it",
    ),
]


LLAMACLOUD = HOOK.replace("secret", 'format = "llamacloud"\nsecret')


@pytest.mark.parametrize(
    ("on", "source", "said"),
    [
        ('"*.failed", "split.processing"', "split", None),
        ('"parse.*"', "parse", "parse.stuck, parse.vanished"),
        ('"*.failed"', "batch_v1", "batch.failed"),
        (
            '"extract.*", "*.failed"',
            "extract",
            "extract.throttled, extract.running, extract.stuck and 1 more",
        ),
        ('"*.failed", "source.*", "batch.finished"', "batch", "batch.finished, source.down, source.up"),
    ],
)
def test_what_the_format_of_a_webhook_has_no_word_for_is_warned_of(desk, on, source, said):
    start = f'llamacloud.api_key = "llx-1"\n[sources.{source}]\n'
    warnings = desk.load(f'{LLAMACLOUD}[rules.r]\non = [{on}]\nto = ["hook"]\n', start=start).warnings
    end = "so none is sent there: leave them out, or set another format"
    told = [f"rules.toml:10: rules.r.to: hook has no word for {said}, {end}"] if said else []
    assert [line for line in warnings if "no word" in line] == told


@pytest.mark.parametrize(("text", "warning"), WARNINGS)
def test_what_is_hardly_meant_is_warned_of(desk, text, warning):
    assert of_jobs(desk.load(text)) == [f"rules.toml:{warning}"]


@pytest.mark.parametrize(
    "text",
    [
        ALL,
        f"{ALL}stop = true\nmatch = {{ source = 'p*' }}\n[rules.s]\n{ALL}",
        f"{ALL}stop = true\n[rules.s]\non = ['parse.*', 'relay.test', 'source.down']\nto = ['hook']",
        f"{ALL}[sources.split]\nbase_url = 'http://127.0.0.1:1'",
        f"{ALL}match = {{ status = ['failed', 'cancelled'], kind = 'parse' }}\n[sources.split]",
        f"{ALL}[rules.s]\non = ['*']\nmatch = {{ status = 'PARTIAL_SUCCESS' }}\nto = ['hook']",
        f"{ALL}[rules.s]\non = ['*']\nmatch = {{ type = 'parse.partial_success' }}\nto = ['hook']",
        f"{ALL}[rules.s]\non = ['parse.*']\nmatch = {{ status = 'PART*' }}\nto = ['hook']",
        f"{ALL}[rules.s]\non = ['*']\nmatch = {{ source = {{ absent = true }} }}\nto = ['hook']",
        f"{ALL}[rules.s]\non = ['source.*']\nmatch = {{ product = 'parse' }}\nto = ['hook']",
        f"{ALL}[rules.s]\non = ['*.stuck']\nto = ['hook']\n[sources.split]\nstuck_after = '1h'",
        f"{ALL}[sources.batch]\n[rules.s]\non = ['batch.finished', 'delivery.dead']\nto = ['hook']",
    ],
)
def test_what_may_well_be_meant_is_not(desk, text):
    assert of_jobs(desk.load(f"{HOOK}[rules.r]\n{text}")) == []


UNHEARD = "nobody hears of relay's own troubles"


def of_jobs(config):
    """What is said of relay's own troubles stands apart."""
    return [warning for warning in config.warnings if UNHEARD not in warning]


@pytest.mark.parametrize(
    ("on", "unheard"),
    [
        ("'*.failed'", ["source.down, destination.down, delivery.dead"]),
        ("'*.failed', '*.down'", ["delivery.dead"]),
        ("'*'", []),
    ],
)
def test_troubles_that_nobody_hears_of_are_warned_of(desk, on, unheard):
    config = desk.load(f"{HOOK}[rules.r]\non = [{on}]\nto = ['hook']")
    told = [warning for warning in config.warnings if UNHEARD in warning]
    assert told == [
        f"rules.toml:1: relay: {UNHEARD} ({names}): set alerts_to to a destination" for names in unheard
    ]


def test_with_alerts_to_all_troubles_are_heard(desk):
    other = HOOK.replace("destinations.hook", "destinations.other")
    config = desk.load(f'[relay]\nalerts_to = "hook"\n{HOOK}[rules.r]\n{ALL}{other}')
    assert config.warnings == ()
    assert config.alerts_to == "hook"


def test_nobody_hears_that_the_only_destination_is_down(desk):
    (warning,) = desk.load(f'[relay]\nalerts_to = "hook"\n{HOOK}[rules.r]\n{ALL}').warnings
    said = "is the only destination, so nobody hears when it is down itself: name another, such as a mail"
    assert warning == f"rules.toml:4: relay.alerts_to: {said}"


LLAMACLOUD = f"{HOOK}format = 'llamacloud'\n"


def test_a_format_without_words_for_troubles_is_no_one_who_hears_of_them(desk):
    config = desk.load(f"{LLAMACLOUD}[rules.r]\non = ['*.failed', '*.down', '*.dead']\nto = ['hook']")
    assert any(UNHEARD in warning for warning in config.warnings)


def test_alerts_to_a_format_without_words_for_them_is_warned_of(desk):
    other = HOOK.replace("destinations.hook", "destinations.other")
    config = desk.load(
        f"[relay]\nalerts_to = 'hook'\n{LLAMACLOUD}{other}[rules.r]\non = ['*.failed']\nto = ['other']"
    )
    said = "has no word for relay's own troubles, so nobody hears of them: name another destination"
    assert config.warnings == (f"rules.toml:4: relay.alerts_to: {said}",)


@pytest.mark.parametrize(("token", "warned"), [("$BOT", False), ("abc", True), ("xoxb-1", False)])
def test_a_token_that_is_not_looked_up_is_not_judged(desk, token, warned):
    slack = f'[destinations.ops]\ntype = "slack"\ntoken = "{token}"\nchannel = "#ops"\n'
    warnings = desk.load(slack, secrets=False).warnings
    assert any("does not look like a bot token" in line for line in warnings) == warned
