"""The schema and its migrations. What a database holds is listed in `docs/architecture.md`."""

from sqlite_utils import Database, Migrations

migrations = Migrations("relay")

_TABLES = """
CREATE TABLE sources (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  identity TEXT NOT NULL,
  retired_at TEXT,
  seq INTEGER NOT NULL DEFAULT 0,
  baseline TEXT,
  mark TEXT,
  newest TEXT,
  whole_at TEXT,
  looked_at TEXT,
  failures INTEGER NOT NULL DEFAULT 0,
  trouble TEXT
) STRICT;
CREATE UNIQUE INDEX sources_name ON sources(name) WHERE retired_at IS NULL;

CREATE TABLE jobs (
  source INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  id TEXT NOT NULL,
  status TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  seq INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  changed_at TEXT NOT NULL,
  name TEXT,
  error TEXT,
  PRIMARY KEY (source, created_at, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX jobs_id ON jobs(source, id);
CREATE INDEX jobs_changed ON jobs(source, changed_at);
CREATE INDEX jobs_open ON jobs(source, created_at) WHERE status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED');

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  source INTEGER NOT NULL,
  job_id TEXT NOT NULL,
  nth INTEGER NOT NULL,
  type TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  data TEXT NOT NULL,
  rules TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_change ON events(source, job_id, nth, type);
CREATE UNIQUE INDEX events_id ON events(id);

CREATE TABLE deliveries (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  destination TEXT NOT NULL,
  rule TEXT NOT NULL,
  relay TEXT NOT NULL,
  severity TEXT NOT NULL,
  job TEXT,
  state TEXT NOT NULL,
  due_at TEXT NOT NULL,
  give_up_at TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  owner TEXT,
  created_at TEXT NOT NULL,
  ended_at TEXT,
  reason TEXT
) STRICT;
CREATE UNIQUE INDEX deliveries_id ON deliveries(id);
CREATE INDEX deliveries_due ON deliveries(destination, due_at, seq) WHERE state = 'waiting';
CREATE INDEX deliveries_order ON deliveries(destination, job, seq) WHERE state = 'waiting';
CREATE INDEX deliveries_dead ON deliveries(seq) WHERE state = 'dead';

CREATE TABLE delivery_parts (
  delivery TEXT NOT NULL,
  event INTEGER NOT NULL,
  PRIMARY KEY (delivery, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_parts_event ON delivery_parts(event);

CREATE TABLE attempts (
  delivery TEXT NOT NULL,
  nth INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  seconds REAL NOT NULL,
  outcome TEXT NOT NULL,
  status INTEGER,
  answer TEXT NOT NULL,
  reason TEXT,
  PRIMARY KEY (delivery, nth)
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m001_first(db: Database) -> None:
    for statement in _TABLES.split(";"):
        if statement.strip():
            db.execute(statement)
