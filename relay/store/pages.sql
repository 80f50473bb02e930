-- live_sources: those that are read now
SELECT name, id FROM sources WHERE retired_at IS NULL

-- all_sources: also those that were, and relay itself
SELECT id FROM sources UNION ALL SELECT 0

-- sources_named: now or once
SELECT id FROM sources WHERE name IN (SELECT value FROM json_each(?))

-- jobs_of_source: from a place in the order of their last change on; jobs of a lower source come after an equal place
SELECT changed_at, created_at, id, source FROM jobs
WHERE source = ? AND changed_at <= ?2 AND ((changed_at, created_at, id) < (?2, ?3, ?4)
  OR (?5 AND (changed_at, created_at, id) = (?2, ?3, ?4)))
ORDER BY changed_at DESC, created_at DESC, id DESC LIMIT ?

-- jobs_of_status: likewise
SELECT changed_at, created_at, id, source FROM jobs
WHERE source = ? AND status = ? AND changed_at <= ?3 AND ((changed_at, created_at, id) < (?3, ?4, ?5)
  OR (?6 AND (changed_at, created_at, id) = (?3, ?4, ?5)))
ORDER BY changed_at DESC, created_at DESC, id DESC LIMIT ?

-- jobs_of_id: likewise; a source has one of an id
SELECT changed_at, created_at, id, source FROM jobs
WHERE source = ? AND id = ? AND (?4 OR status IN (SELECT value FROM json_each(?3)))
  AND ((changed_at, created_at, id) < (?5, ?6, ?7) OR (?8 AND (changed_at, created_at, id) = (?5, ?6, ?7)))
LIMIT ?

-- job: by its key
SELECT s.name AS source, s.kind, j.id, j.name, j.status, j.error, j.created_at, j.updated_at, j.changed_at,
  j.spell_at, j.changes, j.gone_at
FROM jobs AS j JOIN sources AS s ON s.id = j.source WHERE j.source = ? AND j.created_at = ? AND j.id = ?

-- job_named: by the name of its source
SELECT s.name AS source, s.kind, j.id, j.name, j.status, j.error, j.created_at, j.updated_at, j.changed_at,
  j.spell_at, j.changes, j.gone_at
FROM sources AS s JOIN jobs AS j ON j.source = s.id WHERE s.name = ? AND s.retired_at IS NULL AND j.id = ?

-- events: from a sequence back
SELECT seq FROM events WHERE seq < ? ORDER BY seq DESC LIMIT ?

-- events_of_source: likewise
SELECT seq FROM events WHERE source = ? AND seq < ? ORDER BY seq DESC LIMIT ?

-- events_of_type: likewise
SELECT seq FROM events WHERE source = ? AND type = ? AND seq < ? ORDER BY seq DESC LIMIT ?

-- events_of_job: a job has few, so that they are found by it and not by the sequence
SELECT seq FROM events
WHERE source = ? AND job_id = ? AND (type IN (SELECT value FROM json_each(?)) OR ?) AND +seq < ?
ORDER BY +seq DESC LIMIT ?

-- events_at: as rows, newest first
SELECT seq, id, type, timestamp, data, rules FROM events
WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq DESC

-- event: one
SELECT seq, id, type, timestamp, data, rules FROM events WHERE id = ?

-- states: those that deliveries to a destination are in, likewise
WITH RECURSIVE found(state) AS (
  SELECT min(state) FROM deliveries WHERE destination = ?
  UNION ALL SELECT (SELECT min(state) FROM deliveries WHERE destination = ? AND state > found.state)
  FROM found WHERE found.state IS NOT NULL)
SELECT state FROM found WHERE state IS NOT NULL

-- deliveries: from a sequence back
SELECT seq FROM deliveries WHERE seq < ? ORDER BY seq DESC LIMIT ?

-- deliveries_of: to one destination, in one state
SELECT seq FROM deliveries WHERE destination = ? AND state = ? AND seq < ? ORDER BY seq DESC LIMIT ?

-- deliveries_of_event: an event has few
SELECT d.seq FROM events AS e JOIN delivery_parts AS p ON p.event = e.seq JOIN deliveries AS d ON d.id = p.delivery
WHERE e.id = ? AND (d.destination IN (SELECT value FROM json_each(?)) OR ?)
  AND (d.state IN (SELECT value FROM json_each(?)) OR ?) AND +d.seq < ?
ORDER BY +d.seq DESC LIMIT ?

-- deliveries_at: as rows with the first event of each, newest first
SELECT d.seq, d.id, d.destination, d.rule, d.severity, d.state,
  CASE WHEN d.state = 'waiting' THEN d.due_at END AS due_at, d.attempts, d.created_at, d.ended_at, d.give_up_at,
  d.reason, d.owner IS NOT NULL AS claimed, d.settle_until, d.group_key,
  CASE WHEN d.state = 'waiting' THEN d.held END AS held, d.replay,
  (SELECT count(*) FROM (SELECT 1 FROM delivery_parts AS p WHERE p.delivery = d.id LIMIT 1000)) AS events,
  e.id AS event, e.type, iif(json_valid(e.data), e.data ->> 'source', NULL) AS source,
  iif(json_valid(e.data), e.data ->> 'job_id', NULL) AS job, iif(json_valid(e.data), e.data ->> 'name', NULL) AS name
FROM deliveries AS d LEFT JOIN events AS e
  ON e.seq = (SELECT min(p.event) FROM delivery_parts AS p WHERE p.delivery = d.id)
WHERE d.seq IN (SELECT value FROM json_each(?)) ORDER BY d.seq DESC

-- delivery: one
SELECT d.seq, d.id, d.destination, d.rule, d.severity, d.state,
  CASE WHEN d.state = 'waiting' THEN d.due_at END AS due_at, d.attempts, d.created_at, d.ended_at, d.give_up_at,
  d.reason, d.owner IS NOT NULL AS claimed, d.settle_until, d.group_key,
  CASE WHEN d.state = 'waiting' THEN d.held END AS held, d.replay,
  e.id AS event, e.type, iif(json_valid(e.data), e.data ->> 'source', NULL) AS source,
  iif(json_valid(e.data), e.data ->> 'job_id', NULL) AS job, iif(json_valid(e.data), e.data ->> 'name', NULL) AS name
FROM deliveries AS d LEFT JOIN events AS e
  ON e.seq = (SELECT min(p.event) FROM delivery_parts AS p WHERE p.delivery = d.id)
WHERE d.id = ?

-- parts: how many events a delivery carries
SELECT count(*) FROM delivery_parts WHERE delivery = ?

-- events_of_delivery: the first of them
SELECT e.seq, e.id, e.type, e.timestamp, e.data, e.rules
FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event WHERE p.delivery = ? ORDER BY p.event LIMIT ?

-- attempts: the last of them
SELECT nth, started_at, seconds, outcome, status, answer, reason FROM attempts
WHERE delivery = ? ORDER BY nth DESC LIMIT ?

-- batch_files: of a batch that is or was followed
SELECT f.place, f.file, f.kind, f.job, f.name, f.status, f.error
FROM sources AS s JOIN batch_files AS f ON f.source = s.id
WHERE s.name = ? AND s.retired_at IS NULL AND f.batch = ? ORDER BY f.place LIMIT ?
