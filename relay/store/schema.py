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
  resynced_at TEXT,
  failures INTEGER NOT NULL DEFAULT 0,
  trouble TEXT,
  troubles INTEGER NOT NULL DEFAULT 0,
  down_at TEXT,
  ordering TEXT,
  wants REAL
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
  spell_at TEXT NOT NULL,
  told_stuck INTEGER NOT NULL DEFAULT 0,
  missed_at TEXT,
  gone_at TEXT,
  told_gone INTEGER NOT NULL DEFAULT 0,
  follow_at TEXT,
  name TEXT,
  error TEXT,
  PRIMARY KEY (source, created_at, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX jobs_id ON jobs(source, id);
CREATE INDEX jobs_changed ON jobs(source, changed_at);
CREATE INDEX jobs_open ON jobs(source, created_at) WHERE status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED');
CREATE INDEX jobs_follow ON jobs(source, follow_at) WHERE follow_at IS NOT NULL;

CREATE TABLE batch_files (
  source INTEGER NOT NULL,
  batch TEXT NOT NULL,
  place INTEGER NOT NULL,
  file TEXT,
  kind TEXT,
  job TEXT,
  name TEXT,
  status TEXT NOT NULL,
  error TEXT,
  PRIMARY KEY (source, batch, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE hints (
  seq INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  job TEXT NOT NULL,
  received_at TEXT NOT NULL,
  asked REAL NOT NULL,
  changed INTEGER NOT NULL,
  ahead REAL
) STRICT;
CREATE INDEX hints_job ON hints(source, job, seq);

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


_GROUPS = """
ALTER TABLE deliveries ADD COLUMN group_key TEXT;
ALTER TABLE deliveries ADD COLUMN group_wait REAL NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN group_interval REAL NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN planned_at TEXT;
ALTER TABLE deliveries ADD COLUMN claimed_at TEXT;
ALTER TABLE deliveries ADD COLUMN settle_until TEXT;
ALTER TABLE deliveries ADD COLUMN title TEXT;
ALTER TABLE deliveries ADD COLUMN body TEXT;
ALTER TABLE deliveries ADD COLUMN place TEXT;
UPDATE deliveries SET claimed_at = created_at WHERE attempts > 0;
CREATE INDEX deliveries_group ON deliveries(destination, rule, group_key, seq)
  WHERE group_key IS NOT NULL AND settle_until IS NULL;
CREATE INDEX deliveries_settling ON deliveries(destination, settle_until)
  WHERE state = 'waiting' AND settle_until IS NOT NULL;

CREATE TABLE destinations (
  name TEXT PRIMARY KEY,
  down_at TEXT,
  reason TEXT,
  dead_told INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE slack_messages (
  destination TEXT NOT NULL,
  key TEXT NOT NULL,
  place TEXT NOT NULL,
  delivery TEXT NOT NULL,
  due_at TEXT,
  changed_at TEXT NOT NULL,
  PRIMARY KEY (destination, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX slack_messages_key ON slack_messages(key);
CREATE INDEX slack_messages_due ON slack_messages(destination, due_at) WHERE due_at IS NOT NULL;
"""

_OUTBOX = """
ALTER TABLE deliveries ADD COLUMN held TEXT;
ALTER TABLE deliveries ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN replay INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET held = 'order' WHERE state = 'waiting' AND EXISTS (
  SELECT 1 FROM deliveries AS earlier WHERE earlier.destination = deliveries.destination
    AND earlier.job = deliveries.job AND earlier.seq < deliveries.seq AND earlier.state = 'waiting');
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries(destination, due_at, seq)
  WHERE state = 'waiting' AND settle_until IS NULL AND held IS NULL;
CREATE INDEX deliveries_alone ON deliveries(destination, due_at, seq)
  WHERE state = 'waiting' AND held = 'alone';
"""

_RETENTION = """
ALTER TABLE sources ADD COLUMN pruned_until TEXT;
CREATE INDEX slack_messages_delivery ON slack_messages(delivery);
"""
_LISTS = """
CREATE INDEX jobs_status ON jobs(source, status, changed_at);
CREATE INDEX events_source ON events(source, seq);
CREATE INDEX events_type ON events(source, type, seq);
CREATE INDEX deliveries_state ON deliveries(destination, state, seq);
CREATE INDEX hints_changed ON hints(source, changed, ahead);

CREATE TABLE tallies (
  what TEXT NOT NULL,
  span TEXT NOT NULL,
  at TEXT NOT NULL,
  name TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (what, span, at, name)
) STRICT, WITHOUT ROWID;
INSERT INTO tallies SELECT 'event', 'ever', '', type, count(*) FROM events GROUP BY 4;
INSERT INTO tallies SELECT 'event', 'hour', substr(timestamp, 1, 13), type, count(*)
  FROM events GROUP BY 3, 4;
INSERT INTO tallies SELECT 'event', 'minute', substr(timestamp, 1, 16), type, count(*)
  FROM events WHERE timestamp > strftime('%Y-%m-%dT%H:%M', 'now', '-2 days') GROUP BY 3, 4;
INSERT INTO tallies SELECT 'rule', 'ever', '', r.key, count(*) FROM events, json_each(rules) AS r GROUP BY 4;
INSERT INTO tallies SELECT 'delivery', 'ever', '', destination || '/' || state, count(*)
  FROM deliveries WHERE state <> 'waiting' GROUP BY 4;
INSERT INTO tallies SELECT 'delivery', 'hour', substr(ended_at, 1, 13), destination || '/' || state, count(*)
  FROM deliveries WHERE state <> 'waiting' AND ended_at IS NOT NULL GROUP BY 3, 4;
INSERT INTO tallies
  SELECT 'delivery', 'minute', substr(ended_at, 1, 16), destination || '/' || state, count(*) FROM deliveries
  WHERE state <> 'waiting' AND ended_at > strftime('%Y-%m-%dT%H:%M', 'now', '-2 days') GROUP BY 3, 4;
"""

_COLLECTING = """
CREATE INDEX deliveries_collecting ON deliveries(destination, rule)
  WHERE group_key IS NOT NULL AND settle_until IS NULL AND claimed_at IS NULL AND state = 'waiting';
"""

_LEASED = """
CREATE INDEX deliveries_leased ON deliveries(destination) WHERE owner IS NOT NULL;
CREATE INDEX deliveries_ruleless ON deliveries(destination) WHERE state = 'waiting' AND held = 'rule';
DROP INDEX deliveries_dead;
CREATE INDEX deliveries_dead ON deliveries(destination, seq) WHERE state = 'dead';
"""

# Of minutes two days are kept, of hours somewhat more than a year; looked for when an hour begins.
_AGE = """
CREATE TRIGGER tallies_age AFTER INSERT ON tallies WHEN new.span = 'hour' BEGIN
  DELETE FROM tallies WHERE what = new.what AND span = 'minute'
    AND at < strftime('%Y-%m-%dT%H:%M', new.at || ':00', '-2 days');
  DELETE FROM tallies WHERE what = new.what AND span = 'hour'
    AND at < strftime('%Y-%m-%dT%H', new.at || ':00', '-400 days');
END"""


@migrations()
def m001_first(db: Database) -> None:
    _run(db, _TABLES)


@migrations()
def m002_groups(db: Database) -> None:
    _run(db, _GROUPS)


@migrations()
def m003_outbox(db: Database) -> None:
    _run(db, _OUTBOX)


@migrations()
def m004_retention(db: Database) -> None:
    _run(db, _RETENTION)


@migrations()
def m005_tallies(db: Database) -> None:
    _run(db, _LISTS)
    db.execute(_AGE)


@migrations()
def m006_sequence(db: Database) -> None:
    """Numbers of deliveries are never used again: whoever follows them would pass one over."""
    (table,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'deliveries'").fetchone()
    indexes = "SELECT sql FROM sqlite_master WHERE tbl_name = 'deliveries' AND type = 'index'"
    made = [table.replace("seq INTEGER PRIMARY KEY", "seq INTEGER PRIMARY KEY AUTOINCREMENT")]
    made += ["INSERT INTO deliveries SELECT * FROM deliveries_before", "DROP TABLE deliveries_before"]
    made += [sql for (sql,) in db.execute(indexes).fetchall()]
    db.execute("ALTER TABLE deliveries RENAME TO deliveries_before")
    for statement in made:
        db.execute(statement)


@migrations()
def m007_collecting(db: Database) -> None:
    _run(db, _COLLECTING)


@migrations()
def m008_leased(db: Database) -> None:
    _run(db, _LEASED)


def _run(db: Database, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            db.execute(statement)
