"""What relay serves over HTTP: whether it is well, its metrics, its API, and where hints are left."""

from relay.web.app import app
from relay.web.heartbeat import Heartbeat
from relay.web.metrics import Metrics
from relay.web.view import View

__all__ = ["Heartbeat", "Metrics", "View", "app"]
