-- open_source: the row of the source now under this name
SELECT id, identity, seq, baseline, mark, newest, whole_at, failures, trouble
FROM sources WHERE name = :name AND retired_at IS NULL

-- retire_source: another identity under the same name starts anew
UPDATE sources SET retired_at = :now WHERE id = :id

-- add_source: a source that was never looked at
INSERT INTO sources (name, kind, identity) VALUES (:name, :kind, :identity) RETURNING id

-- next_seq: the store's sequence of a source; an answer recorded under it was complete before
UPDATE sources SET seq = seq + 1, baseline = coalesce(baseline, :baseline) WHERE id = :id RETURNING seq

-- set_baseline: only the first page that could be read sets it
UPDATE sources SET baseline = coalesce(baseline, :baseline) WHERE id = :id

-- look_whole: what only a whole walk may conclude
UPDATE sources SET mark = :mark, newest = :newest, whole_at = :whole_at, looked_at = :now, failures = 0, trouble = NULL
WHERE id = :id

-- look_failed: counted, so that trouble is told once
UPDATE sources SET failures = failures + 1, trouble = :trouble, looked_at = :now WHERE id = :id RETURNING failures

-- job_by_id: for those whose creation time is missing, has changed or is not known
SELECT id, created_at, status, updated_at, seq, changes FROM jobs WHERE source = ? AND id = ?

-- add_job: first sight
INSERT INTO jobs (source, created_at, id, status, updated_at, seq, changes, changed_at, name, error)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- move_job: a change of status; the creation time stays what it was, being part of the key
UPDATE jobs SET status = ?, updated_at = ?, seq = ?, changes = ?, changed_at = ?, name = ?, error = ?
WHERE source = ? AND created_at = ? AND id = ?

-- freshen_job: the same status, shown by a younger answer
UPDATE jobs SET updated_at = ?, seq = ? WHERE source = ? AND created_at = ? AND id = ?

-- add_event: unique by (source, job, nth, type), so that no change makes two
INSERT INTO events (id, source, job_id, nth, type, timestamp, data, rules)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq

-- add_delivery: routed in the transaction that saw the change
INSERT INTO deliveries (id, destination, rule, relay, severity, job, state, due_at, give_up_at, created_at)
VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?)

-- add_part: which events a delivery carries
INSERT INTO delivery_parts (delivery, event) VALUES (?, ?)

-- jobs_to_ask: open jobs, and those that ended a short while ago, since some turn again
SELECT id, created_at, status, changed_at FROM jobs
WHERE source = :source AND status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')
UNION ALL
SELECT id, created_at, status, changed_at FROM jobs
WHERE source = :source AND changed_at >= :ended_since AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')

-- claimable: due rows of a lane, oldest first, but those it holds itself, however the clock jumped; single events of a job wait for the earlier ones to end
SELECT seq, id, rule, relay, severity, attempts + 1, failures, give_up_at FROM deliveries AS d
WHERE destination = ? AND state = 'waiting' AND due_at <= ? AND (owner IS NULL OR owner <> ?) AND NOT EXISTS (
  SELECT 1 FROM deliveries AS earlier
  WHERE earlier.destination = d.destination AND earlier.job = d.job AND earlier.seq < d.seq
    AND earlier.state = 'waiting')
ORDER BY due_at, seq LIMIT ?

-- lease: the claim; counts the attempt in the commit before its send
UPDATE deliveries SET owner = ?, due_at = ?, attempts = attempts + 1 WHERE seq = ?

-- parts: the events a delivery carries, in their order
SELECT e.id, e.type, e.timestamp, e.data FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event
WHERE p.delivery = ? ORDER BY e.seq

-- next_due: when a lane has something to do again; rows that wait for an earlier one are not asked for by time
SELECT min(due_at) FROM deliveries WHERE destination = ? AND state = 'waiting' AND due_at > ?

-- settle_delivered: a success always wins, however late it comes
UPDATE deliveries SET state = 'delivered', owner = NULL, ended_at = ?, reason = NULL
WHERE seq = ? AND state <> 'delivered'

-- settle_again: fenced by the attempt, so that a late failure of an old lease says nothing
UPDATE deliveries SET due_at = ?, owner = NULL, failures = failures + 1, reason = ?
WHERE seq = ? AND attempts = ? AND state = 'waiting'

-- settle_dead: fenced likewise
UPDATE deliveries SET state = 'dead', owner = NULL, failures = failures + 1, ended_at = ?, reason = ?
WHERE seq = ? AND attempts = ? AND state = 'waiting'

-- add_attempt: the record of one try
INSERT INTO attempts (delivery, nth, started_at, seconds, outcome, status, answer, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING

-- give_back_unsent: leases of what was never sent, as if they had not been claimed
UPDATE deliveries SET owner = NULL, due_at = ?, attempts = attempts - 1
WHERE seq = ? AND attempts = ? AND state = 'waiting'

-- end_leases: at the start of the only relay on a database no claim is anyone's
UPDATE deliveries SET owner = NULL, due_at = :now WHERE state = 'waiting' AND owner IS NOT NULL

-- retry_delivery: the same message once more, with all its time
UPDATE deliveries
SET state = 'waiting', due_at = :now, give_up_at = :give_up_at, failures = 0, owner = NULL, ended_at = NULL
WHERE id = :id AND state = 'dead'
