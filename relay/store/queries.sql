-- open_source: the row of the source now under this name
SELECT id, identity, seq, baseline, mark, newest, whole_at, failures, resynced_at, ordering
FROM sources WHERE name = :name AND retired_at IS NULL

-- retire_source: another identity under the same name starts anew
UPDATE sources SET retired_at = :now WHERE id = :id

-- add_source: a source that was never looked at
INSERT INTO sources (name, kind, identity) VALUES (:name, :kind, :identity) RETURNING id

-- rename_source: what was known of the same list under the old name; not where the new one is already known
UPDATE sources SET name = :name WHERE name = :old AND identity = :identity AND retired_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM sources WHERE name = :name AND retired_at IS NULL)

-- next_seq: the store's sequence of a source; an answer recorded under it was complete before
UPDATE sources SET seq = seq + 1, baseline = coalesce(baseline, :baseline) WHERE id = :id RETURNING seq

-- set_baseline: only the first page that could be read sets it
UPDATE sources SET baseline = coalesce(baseline, :baseline) WHERE id = :id

-- look_whole: what only a whole walk may conclude
UPDATE sources SET mark = :mark, newest = :newest, whole_at = :whole_at, looked_at = :now, ordering = :ordering,
  baseline = coalesce(baseline, :baseline), resynced_at = coalesce(resynced_at, :now), failures = 0, trouble = NULL, down_at = NULL, wants = :wants
WHERE id = :id

-- move_mark: a slice of catch-up is whole
UPDATE sources SET mark = :mark WHERE id = :id

-- resynced: so that a restart does not begin anew
UPDATE sources SET resynced_at = :now WHERE id = :id

-- look_failed: counted, so that trouble is told once
UPDATE sources SET failures = failures + 1, trouble = :trouble, looked_at = :now WHERE id = :id RETURNING failures

-- source_down: told until it is up again
UPDATE sources SET down_at = :now, troubles = troubles + 1 WHERE id = :id AND down_at IS NULL
RETURNING troubles

-- source_up: the number of the trouble that is over
UPDATE sources SET down_at = NULL WHERE id = :id AND down_at IS NOT NULL RETURNING troubles

-- jobs_at: a page's jobs were created together; followed by as many marks as there are times
SELECT id, created_at, status, updated_at, seq, changes, spell_at, told_stuck, missed_at
FROM jobs WHERE source = ? AND created_at IN

-- job_by_id: for those whose creation time is missing, has changed or is not known
SELECT id, created_at, status, updated_at, seq, changes, spell_at, told_stuck, missed_at
FROM jobs WHERE source = ? AND id = ?

-- add_job: first sight
INSERT INTO jobs
  (source, created_at, id, status, updated_at, seq, changes, changed_at, spell_at, follow_at, name, error)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- move_job: a change of status; the creation time stays what it was, being part of the key
UPDATE jobs SET status = ?, updated_at = ?, seq = ?, changes = ?, changed_at = ?, spell_at = ?, follow_at = ?,
  name = ?, error = ?, told_stuck = 0, missed_at = NULL, gone_at = NULL, told_gone = 0
WHERE source = ? AND created_at = ? AND id = ?

-- freshen_job: the same status, shown by a younger answer
UPDATE jobs SET updated_at = ?, seq = ? WHERE source = ? AND created_at = ? AND id = ?

-- find_job: it is there again
UPDATE jobs SET missed_at = NULL, gone_at = NULL WHERE source = ? AND created_at = ? AND id = ?

-- miss_job: asked for by id and not found; when that began
UPDATE jobs SET missed_at = coalesce(missed_at, ?), gone_at = coalesce(gone_at, ?), told_gone = max(told_gone, ?)
WHERE source = ? AND created_at = ? AND id = ?

-- tell_stuck: once a spell
UPDATE jobs SET told_stuck = 1 WHERE source = ? AND created_at = ? AND id = ?

-- add_event: unique by (source, job, nth, type), so that no change makes two
INSERT INTO events (seq, id, source, job_id, nth, type, timestamp, data, rules)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- last_event: the store's sequence of events so far; inside the one writer's transaction it can't move
SELECT coalesce(max(seq), 0) FROM events

-- add_delivery: routed in the transaction that saw the change
INSERT INTO deliveries (id, destination, rule, relay, severity, job, state, due_at, give_up_at, created_at,
  group_key, group_wait, group_interval, planned_at, settle_until)
VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?, ?, ?, ?)

-- latest_of_group: its newest delivery, and whether that was never claimed, so that events may join it
SELECT id, state = 'waiting' AND claimed_at IS NULL, severity, planned_at FROM deliveries
WHERE destination = ? AND rule = ? AND group_key = ? AND settle_until IS NULL ORDER BY seq DESC LIMIT 1

-- raise_severity: of a group, that of its worst event
UPDATE deliveries SET severity = ? WHERE id = ?

-- ripe: deliveries whose time to settle is over, and whether their job has turned out well since
SELECT d.seq, d.id, d.rule, d.relay, d.severity, d.give_up_at, d.group_key, d.group_wait, d.group_interval, e.seq,
  e.data ->> 'status' <> 'COMPLETED' AND EXISTS (
    SELECT 1 FROM jobs AS j WHERE j.source = e.source AND j.id = e.job_id AND j.status = 'COMPLETED')
FROM deliveries AS d JOIN delivery_parts AS p ON p.delivery = d.id JOIN events AS e ON e.seq = p.event
WHERE d.destination = ? AND d.state = 'waiting' AND d.settle_until <= ? ORDER BY d.settle_until, d.seq LIMIT ?

-- supersede: not sent, since the job turned out well meanwhile
UPDATE deliveries SET state = 'superseded', ended_at = ?, reason = 'the job was completed meanwhile' WHERE seq = ?

-- settled_ill: it is to be sent after all
UPDATE deliveries SET due_at = ?, settle_until = NULL WHERE seq = ?

-- forget_parts: the event goes over to its group's delivery
DELETE FROM delivery_parts WHERE delivery = ?

-- forget_delivery: likewise
DELETE FROM deliveries WHERE seq = ?

-- add_part: which events a delivery carries
INSERT INTO delivery_parts (delivery, event) VALUES (?, ?)

-- jobs_to_ask: open jobs but those long gone, and those that ended a short while ago, since some turn again
SELECT id, created_at, status, changed_at, missed_at, gone_at, name, told_gone FROM jobs
WHERE source = :source AND status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')
  AND (gone_at IS NULL OR gone_at >= :gone_since)
UNION ALL
SELECT id, created_at, status, changed_at, missed_at, gone_at, name, told_gone FROM jobs
WHERE source = :source AND changed_at >= :ended_since AND changes > 0 AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')

-- younger: creation times of known jobs, from the youngest back
SELECT created_at FROM jobs WHERE source = ? AND created_at >= ? ORDER BY created_at DESC LIMIT ?

-- ended: jobs that ended since, for a second look at them
SELECT id, created_at, status, changed_at FROM jobs
WHERE source = ? AND changed_at >= ? AND changes > 0 AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')
ORDER BY created_at

-- claimable: due rows of a lane but those it holds, oldest first; single events of a job wait for earlier ones
SELECT * FROM deliveries AS d
WHERE destination = ? AND state = 'waiting' AND due_at <= ? AND settle_until IS NULL
  AND (owner IS NULL OR owner <> ?) AND NOT EXISTS (
  SELECT 1 FROM deliveries AS earlier
  WHERE earlier.destination = d.destination AND earlier.job = d.job AND earlier.seq < d.seq
    AND earlier.state = 'waiting')
ORDER BY due_at, seq LIMIT ?

-- lease: the claim, of all rows in one statement; counts the attempt in the commit before its send
UPDATE deliveries SET owner = ?, due_at = ?, attempts = attempts + 1, claimed_at = coalesce(claimed_at, ?)
WHERE seq IN (SELECT value FROM json_each(?))

-- parts: the events that deliveries of one each carry
SELECT p.delivery, e.id, e.type, e.timestamp, e.data FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event
WHERE p.delivery IN (SELECT value FROM json_each(?))

-- first_parts: the first events that a delivery carries
SELECT p.delivery, e.id, e.type, e.timestamp, e.data FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event
WHERE p.delivery = ? ORDER BY p.event LIMIT ?

-- tallies: how many events of what kind a delivery carries, the most frequent first
SELECT count(*) AS n, e.type, e.data ->> 'error_kind' AS kind
FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event WHERE p.delivery = ?
GROUP BY e.type, kind ORDER BY n DESC, e.type, kind

-- last_part: when the last event that a delivery carries was seen
SELECT e.timestamp FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event WHERE p.delivery = ?
ORDER BY p.event DESC LIMIT 1

-- entries: the events that a delivery carries beyond the first, as rows of a table
SELECT e.timestamp, e.type, e.data ->> 'source', e.data ->> 'job_id', substr(e.data ->> 'name', 1, 300),
  e.data ->> 'status', substr(e.data ->> 'error', 1, 300), e.data ->> 'url'
FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event WHERE p.delivery = ?
ORDER BY p.event LIMIT ? OFFSET ?

-- keep_words: what the templates said at the first claim
UPDATE deliveries SET title = ?, body = ? WHERE id = ?

-- place: where the message stands that this one brings up to date
SELECT place FROM slack_messages WHERE destination = ? AND key = ?

-- keep_place: after each message that was sent or brought up to date
INSERT INTO slack_messages (destination, key, place, delivery, changed_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (destination, key) DO UPDATE
SET place = excluded.place, delivery = excluded.delivery, changed_at = excluded.changed_at

-- progress: how many of a batch's files have ended, and how many it has
SELECT sum(f.status IN ('COMPLETED', 'FAILED', 'CANCELLED', 'SKIPPED', 'UNKNOWN')), count(*)
FROM batch_files AS f WHERE f.source = ? AND f.batch = ?

-- source_of: the source now under this name
SELECT id FROM sources WHERE name = ? AND retired_at IS NULL

-- move_on: a batch's files have come further, and so has the message of it
UPDATE slack_messages SET due_at = ?
WHERE key = json_array('batch', (SELECT name FROM sources WHERE id = ?), ?)

-- to_move_on: a message that is to be brought up to date though nothing has happened that is told of
SELECT d.* FROM slack_messages AS m JOIN deliveries AS d ON d.id = m.delivery
WHERE m.destination = ? AND m.due_at <= ? ORDER BY m.due_at LIMIT 1

-- moved_on: a message says it; the next progress asks for it again
UPDATE slack_messages SET due_at = NULL WHERE destination = ? AND key = ?

-- next_due: when a lane has something to do again; rows that wait for an earlier one are not asked for by time
SELECT min(due_at) FROM deliveries WHERE destination = ? AND state = 'waiting' AND due_at > ?

-- settle_delivered: a success always wins, however late it comes
UPDATE deliveries SET state = 'delivered', owner = NULL, ended_at = ?, reason = NULL
WHERE seq IN (SELECT value FROM json_each(?)) AND state <> 'delivered'

-- settle_again: fenced by the attempt, so that a late failure of an old lease says nothing
UPDATE deliveries SET due_at = ?, owner = NULL, failures = failures + 1, reason = ?, place = coalesce(?, place)
WHERE seq = ? AND attempts = ? AND state = 'waiting'

-- settle_dead: fenced likewise
UPDATE deliveries SET state = 'dead', owner = NULL, failures = failures + 1, ended_at = ?, reason = ?
WHERE seq = ? AND attempts = ? AND state = 'waiting'

-- hold_followers: who waits for this delivery to end is not due before it is, and costs no claim meanwhile
UPDATE deliveries SET due_at = ?
WHERE state = 'waiting' AND attempts = 0 AND seq > (?2) AND (destination, job) = (
  SELECT destination, job FROM deliveries WHERE seq = ?2)

-- release_followers: it has ended after all
UPDATE deliveries SET due_at = ?
WHERE state = 'waiting' AND attempts = 0 AND seq > (?2) AND due_at > ?3 AND (destination, job) = (
  SELECT destination, job FROM deliveries WHERE seq = ?2)

-- add_attempts: the records of tries, from a JSON array of rows
INSERT INTO attempts (delivery, nth, started_at, seconds, outcome, status, answer, reason)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
FROM json_each(?) WHERE true ON CONFLICT DO NOTHING

-- give_back_unsent: leases of what was never sent, as if they had not been claimed
UPDATE deliveries SET owner = NULL, due_at = ?, attempts = attempts - 1
WHERE seq = ? AND attempts = ? AND state = 'waiting'

-- end_leases: at the start of the only relay on a database no claim is anyone's; nor where a lane has ended
UPDATE deliveries SET owner = NULL, due_at = :now
WHERE state = 'waiting' AND owner IS NOT NULL AND (:of IS NULL OR destination = :of)

-- retry_delivery: the same message once more, with all its time
UPDATE deliveries
SET state = 'waiting', due_at = :now, give_up_at = :give_up_at, failures = 0, owner = NULL, ended_at = NULL
WHERE id = :id AND state = 'dead'

-- add_destination: one of which there is news
INSERT INTO destinations (name) VALUES (?) ON CONFLICT DO NOTHING

-- destination_down: told until it is up again
UPDATE destinations SET down_at = :now, reason = :reason, troubles = troubles + 1
WHERE name = :name AND down_at IS NULL RETURNING troubles

-- destination_up: the number of the trouble that is over
UPDATE destinations SET down_at = NULL, reason = NULL WHERE name = :name AND down_at IS NOT NULL RETURNING troubles

-- destination_dead: the first delivery that died since one arrived
UPDATE destinations SET dead_told = 1, deaths = deaths + 1 WHERE name = :name AND dead_told = 0 RETURNING deaths

-- destination_works: what dies after this is another trouble
UPDATE destinations SET dead_told = 0 WHERE name = ? AND dead_told = 1

-- destination_is_down: as told
SELECT 1 FROM destinations WHERE name = ? AND down_at IS NOT NULL

-- batches_to_follow: those that have ended, whose files are not all told of, and whose time has come
SELECT id, created_at, status, name, error, changed_at, changes FROM jobs
WHERE source = ? AND follow_at IS NOT NULL AND follow_at <= ? ORDER BY follow_at LIMIT ?

-- batch_files: what is known of a batch's files
SELECT place, file, kind, job, name, status, error FROM batch_files
WHERE source = ? AND batch = ? ORDER BY place

-- forget_batch_files: the batch has another status, and its results may be others
DELETE FROM batch_files WHERE source = ? AND batch = ?

-- job_of_kind: from whichever source of the same API knows it; of one that is not read any more, only its end
SELECT j.status, j.updated_at, j.name, j.error FROM jobs AS j JOIN sources AS s ON s.id = j.source
WHERE s.kind = :kind AND s.retired_at IS NULL AND s.identity ->> 'base_url' = :base_url AND j.id = :id
  AND (j.status IN ('COMPLETED', 'FAILED', 'CANCELLED') OR (j.gone_at IS NULL AND s.whole_at >= :read_since))
LIMIT 1

-- keep_batch_file: the latest word on a file
INSERT INTO batch_files (source, batch, place, file, kind, job, name, status, error)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source, batch, place) DO UPDATE SET status = excluded.status, name = excluded.name, error = excluded.error

-- follow_again: when to go on; nothing if the batch has changed meanwhile, since that has its own sequel
UPDATE jobs SET follow_at = :follow_at
WHERE source = :source AND created_at = :created_at AND id = :id AND changes = :changes AND follow_at IS NOT NULL

-- add_hint: a hint that was asked for, and whether it showed a change
INSERT INTO hints (source, job, received_at, asked, changed) VALUES (?, ?, ?, ?, ?)

-- measure_hints: by how much they came before the look that now begins
UPDATE hints SET ahead = :now - asked
WHERE source = :source AND changed = 1 AND ahead IS NULL

-- hint_statistics: per source now under its name
SELECT s.name, count(*), sum(h.changed), avg(h.ahead) FROM hints AS h JOIN sources AS s ON s.id = h.source
WHERE s.retired_at IS NULL GROUP BY s.name ORDER BY s.name

-- tally: so many more
INSERT INTO tallies (what, span, at, name, n) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (what, span, at, name) DO UPDATE SET n = n + excluded.n
