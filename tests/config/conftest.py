import pytest

from relay.config import load
from relay.errors import ConfigError

START = 'llamacloud.api_key = "llx-1"\n[sources.parse]\n'
"""Two lines before those that a test adds, so that theirs begin on line 3."""


class Desk:
    """Loads `rules.toml` texts, in a directory of their own."""

    def __init__(self, directory):
        self.path = directory / "rules.toml"

    def load(self, text, environ=None, *, secrets=True, start=START):
        content = text if isinstance(text, bytes) else (start + text).encode()
        self.path.write_bytes(content)
        return load(self.path, environ=environ or {}, secrets=secrets, host="here")

    def mistakes(self, text, environ=None, *, secrets=True, start=START):
        with pytest.raises(ConfigError) as refusal:
            self.load(text, environ, secrets=secrets, start=start)
        return list(refusal.value.mistakes)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)
