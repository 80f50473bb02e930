"""The configuration that `relay init` writes."""

import json
from collections.abc import Collection, Mapping, Sequence

from relay.sources import KINDS

Value = str | Sequence[str]

_HEAD = """\
# Written by `relay init`. `relay check` says whether all is well, `relay run` starts; relay reads this file
# again when it changes. All keys: docs/rules.md

[relay]
database = "relay.db"               # what relay remembers: a file, beside this one
listen = "127.0.0.1:8710"           # where the dashboard is; "off" for none
#token = "$RELAY_TOKEN"             # needed to retry and test on the dashboard, and to listen elsewhere
alerts_to = {name}                  # who hears of relay's own troubles

[llamacloud]                        # how the API is asked; a source may set any of these for itself
api_key = "$LLAMA_CLOUD_API_KEY"    # from the environment, or a file of this name in $CREDENTIALS_DIRECTORY
base_url = {base_url}
every = "30s"                       # how often each source is looked at
requests_per_minute = 20            # all sources of one key share this; raise it on a paid plan

# What to watch: one table for each list of jobs.
{sources}
# Whom to tell. `relay test {plain}` sends a sample.
[destinations.{plain}]
{destination}
# What to tell: an event goes where the rules that fit it send it. `*` stands for anything.
[rules.failures]
on = ["*.failed", "*.stuck"]        # parse.failed, batch.failed and so on
#match = {{ name = "invoice-*" }}     # of some jobs only
to = [{name}]
#settle = "1m"                      # not if the job turns out well within a minute

[rules.batches]
on = ["batch.finished"]             # when each of its files has ended: says how many failed, and which
to = [{name}]
"""


def configuration(
    *, base_url: str, watched: Collection[str], name: str, destination: Mapping[str, Value]
) -> str:
    """With a line for each source there is, those that are not `watched` as comments."""
    sources = "".join(f"{'' if kind in watched else '#'}[sources.{kind}]\n" for kind in KINDS)
    lines = "".join(f"{key} = {written(value)}\n" for key, value in destination.items())
    return _HEAD.format(
        name=written(name), plain=name, base_url=written(base_url), sources=sources, destination=lines
    )


def written(value: Value) -> str:
    """As TOML has it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"[{', '.join(map(written, value))}]"
