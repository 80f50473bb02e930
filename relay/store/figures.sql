-- sources: those that are read now
SELECT id, name, kind, baseline, mark, whole_at, looked_at, failures, trouble, ordering, wants AS requests, down_at
FROM sources WHERE retired_at IS NULL ORDER BY name

-- statuses: those that a source's jobs have, each by one step along the index
WITH RECURSIVE found(status) AS (
  SELECT min(status) FROM jobs WHERE source = ?
  UNION ALL SELECT (SELECT min(status) FROM jobs WHERE source = ? AND status > found.status)
  FROM found WHERE found.status IS NOT NULL)
SELECT status FROM found WHERE status IS NOT NULL LIMIT ?

-- count_jobs: of a source, in one status
SELECT count(*) FROM jobs WHERE source = ? AND status = ?

-- destinations: the names that deliveries go to, each by one step along the index
WITH RECURSIVE found(name) AS (
  SELECT min(destination) FROM deliveries
  UNION ALL SELECT (SELECT min(destination) FROM deliveries WHERE destination > found.name)
  FROM found WHERE found.name IS NOT NULL)
SELECT name FROM found WHERE name IS NOT NULL

-- troubles: which destinations are down, and why
SELECT name, down_at, reason FROM destinations

-- count_deliveries: to a destination, in one state
SELECT count(*) FROM deliveries WHERE destination = ? AND state = ?

-- oldest: the first of those that wait
SELECT created_at FROM deliveries WHERE destination = ? AND state = 'waiting' ORDER BY seq LIMIT 1

-- next_due: when the first of those that wait for a time is
SELECT min(due) FROM (
  SELECT min(due_at) AS due FROM deliveries
  WHERE destination = ?1 AND state = 'waiting' AND settle_until IS NULL AND held IS NULL
  UNION ALL
  SELECT min(due_at) FROM deliveries WHERE destination = ?1 AND state = 'waiting' AND held = 'alone'
  UNION ALL
  SELECT min(settle_until) FROM deliveries
  WHERE destination = ?1 AND state = 'waiting' AND settle_until IS NOT NULL)

-- ever: what was counted since there is a database
SELECT what, name, n FROM tallies WHERE what IN ('delivery', 'event', 'rule') AND span = 'ever' AND at = ''

-- hints: per source, those asked for, those that showed a change first, and by how much
SELECT s.name, count(*), sum(h.changed), avg(h.ahead)
FROM sources AS s JOIN hints AS h ON h.source = s.id
WHERE s.retired_at IS NULL GROUP BY s.name ORDER BY s.name

-- last_event: the store's sequence of events so far; inside the one writer's transaction it can't move
SELECT coalesce(max(seq), 0) FROM events

-- size: of the database without its journal
SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())

-- series: counts of each minute or hour since
SELECT at, name, n FROM tallies WHERE what = ? AND span = ? AND at >= ? ORDER BY at, name
