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

-- add_delivery: routed in the transaction that saw the change; held while an earlier one of its job waits
INSERT INTO deliveries (id, destination, rule, relay, severity, job, state, due_at, give_up_at, created_at,
  group_key, group_wait, group_interval, planned_at, settle_until, replay, held)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, CASE WHEN EXISTS (
  SELECT 1 FROM deliveries WHERE destination = ?2 AND job = ?6 AND state = 'waiting') THEN 'order' END)

-- latest_of_group: its newest delivery, and whether that was never claimed, so that events may join it
SELECT id, state = 'waiting' AND claimed_at IS NULL, severity, planned_at FROM deliveries
WHERE destination = ? AND rule = ? AND group_key = ? AND settle_until IS NULL ORDER BY seq DESC LIMIT 1

-- count_collecting: how many groups of a rule at a destination have a message that was never claimed, up to so many
SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE destination = ? AND rule = ? AND group_key IS NOT NULL
  AND settle_until IS NULL AND claimed_at IS NULL AND state = 'waiting' LIMIT ?)

-- raise_severity: of a group, that of its worst event
UPDATE deliveries SET severity = ? WHERE id = ?

-- ripe: deliveries whose time to settle is over, and whether their job has turned out well since
SELECT d.seq, d.id, d.rule, d.relay, d.severity, d.give_up_at, d.group_key, d.group_wait, d.group_interval, e.seq,
  iif(json_valid(e.data), e.data ->> 'status' <> 'COMPLETED', false) AND EXISTS (
    SELECT 1 FROM jobs AS j WHERE j.source = e.source AND j.id = e.job_id AND j.status = 'COMPLETED')
FROM deliveries AS d JOIN delivery_parts AS p ON p.delivery = d.id JOIN events AS e ON e.seq = p.event
WHERE d.destination = ? AND d.state = 'waiting' AND d.settle_until <= ? ORDER BY d.settle_until, d.seq LIMIT ?

-- supersede: not sent, since the job turned out well meanwhile
UPDATE deliveries SET state = 'superseded', ended_at = ?, reason = 'the job was completed meanwhile'
WHERE seq IN (SELECT value FROM json_each(?))

-- settled_ill: it is to be sent after all
UPDATE deliveries SET due_at = ?, settle_until = NULL WHERE seq IN (SELECT value FROM json_each(?))

-- forget_parts: the event goes over to its group's delivery
DELETE FROM delivery_parts WHERE delivery IN (SELECT value FROM json_each(?))

-- forget_delivery: likewise
DELETE FROM deliveries WHERE seq IN (SELECT value FROM json_each(?))

-- add_part: which events a delivery carries
INSERT INTO delivery_parts (delivery, event) VALUES (?, ?)

-- jobs_to_ask: open jobs but those long gone, and those that ended a short while ago, since some turn again
SELECT id, created_at, status, changed_at, missed_at, gone_at, name, told_gone FROM jobs
WHERE source = :source AND status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')
  AND (gone_at IS NULL OR gone_at >= :gone_since)
UNION ALL
SELECT id, created_at, status, changed_at, missed_at, gone_at, name, told_gone FROM jobs
WHERE source = :source AND changed_at >= :ended_since AND changes > 0 AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')

-- younger: creation times of known jobs, from the youngest back, as far as none were pruned
SELECT created_at FROM jobs
WHERE source = ?1 AND created_at >= max(?2, coalesce((SELECT pruned_until FROM sources WHERE id = ?1), ''))
ORDER BY created_at DESC LIMIT ?3

-- ended: jobs that ended since, for a second look at them
SELECT id, created_at, status, changed_at FROM jobs
WHERE source = ? AND changed_at >= ? AND changes > 0 AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')
ORDER BY created_at

-- claimable: due rows of a lane but those it holds, oldest first; none of those that are held back is looked at, and
-- a group's message that was never claimed waits while another of it is being sent
SELECT * FROM deliveries AS d
WHERE destination = ?1 AND state = 'waiting' AND settle_until IS NULL AND held IS NULL AND due_at <= ?2
  AND (owner IS NULL OR owner <> ?3) AND (group_key IS NULL OR claimed_at IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM deliveries AS other WHERE other.destination = d.destination AND other.owner IS NOT NULL
      AND other.rule = d.rule AND other.group_key = d.group_key AND other.due_at > ?2))
ORDER BY due_at, seq LIMIT ?4

-- before_in_group: the message before one of the same group
SELECT * FROM deliveries WHERE destination = ? AND rule = ? AND group_key = ? AND settle_until IS NULL AND seq < ?
ORDER BY seq DESC LIMIT 1

-- groups_of: these that are of one
SELECT destination, rule, group_key, group_interval FROM deliveries
WHERE seq IN (SELECT value FROM json_each(?)) AND group_key IS NOT NULL

-- space_group: one of a group goes for the first time, or has arrived later; one that fails again and again holds
-- the others back no longer
UPDATE deliveries SET due_at = iif(claimed_at IS NULL, max(due_at, ?), due_at),
  planned_at = iif(claimed_at IS NULL, max(planned_at, ?), ?)
WHERE seq = (SELECT max(seq) FROM deliveries
  WHERE destination = ? AND rule = ? AND group_key = ? AND settle_until IS NULL)

-- suspects: due rows that were lost twice, each to be claimed alone
SELECT * FROM deliveries
WHERE destination = ? AND state = 'waiting' AND held = 'alone' AND due_at <= ? AND (owner IS NULL OR owner <> ?)
ORDER BY due_at, seq LIMIT ?

-- suspect_under_way: whose, one at a time over all lanes, so that a crash says which it was
SELECT destination FROM deliveries
WHERE state = 'waiting' AND held = 'alone' AND coalesce(owner, '') <> '' AND due_at > ? LIMIT 1

-- poisonous: suspects that were lost so often that they are given up
SELECT seq FROM deliveries
WHERE destination = ? AND state = 'waiting' AND held = 'alone' AND due_at <= ? AND lost >= ?

-- hold_for_rule: their rule is not in the configuration
UPDATE deliveries SET held = 'rule' WHERE seq IN (SELECT value FROM json_each(?))

-- seqs_of: deliveries by their ids, which are never another's
SELECT seq FROM deliveries WHERE id IN (SELECT value FROM json_each(?))

-- end_unsent: dead without an attempt that says so; with the reason
UPDATE deliveries SET state = 'dead', owner = NULL, ended_at = ?, reason = ?
WHERE seq IN (SELECT value FROM json_each(?)) AND state = 'waiting' RETURNING destination

-- overdue: what no lane takes, since its destination or rule is not among these, and whose time is over
SELECT seq, destination, destination IN (SELECT value FROM json_each(?1)) FROM deliveries
WHERE state = 'waiting' AND give_up_at <= ?3 AND (destination NOT IN (SELECT value FROM json_each(?1))
  OR rule NOT IN (SELECT value FROM json_each(?2))) LIMIT ?4

-- release: of each job of which these have ended, what waits longest for the same destination
UPDATE deliveries SET held = NULL WHERE held = 'order' AND seq IN (
  SELECT (SELECT min(next.seq) FROM deliveries AS next
    WHERE next.destination = d.destination AND next.job = d.job AND next.state = 'waiting')
  FROM deliveries AS d WHERE d.seq IN (SELECT value FROM json_each(?)))

-- carry_others_news: whether one of these deliveries carries more than relay's own news, which is of no job
SELECT EXISTS (
  SELECT 1 FROM deliveries AS d JOIN delivery_parts AS p ON p.delivery = d.id JOIN events AS e ON e.seq = p.event
  WHERE d.seq IN (SELECT value FROM json_each(?)) AND e.source <> 0 AND e.job_id <> '')

-- lease: the claim, of all rows in one statement; counts the attempt in the commit before its send, and a lease
-- that ran out as lost
UPDATE deliveries SET owner = ?, due_at = ?, attempts = attempts + 1, claimed_at = coalesce(claimed_at, ?),
  held = CASE WHEN owner IS NOT NULL AND lost >= 1 THEN 'alone' ELSE held END, lost = lost + (owner IS NOT NULL)
WHERE seq IN (SELECT value FROM json_each(?))

-- parts: the events that deliveries of one each carry
SELECT p.delivery, e.id, e.type, e.timestamp, e.data FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event
WHERE p.delivery IN (SELECT value FROM json_each(?))

-- first_parts: the first events that a delivery carries
SELECT p.delivery, e.id, e.type, e.timestamp, e.data FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event
WHERE p.delivery = ? ORDER BY p.event LIMIT ?

-- count_parts: how many events a delivery carries
SELECT count(*) FROM delivery_parts WHERE delivery = ?

-- tallies: how many events of what kind, of those after one and up to so many
SELECT count(*), type, kind, max(event) FROM (
  SELECT p.event, e.type, iif(json_valid(e.data), e.data ->> 'error_kind', NULL) AS kind
  FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event
  WHERE p.delivery = ? AND p.event > ? ORDER BY p.event LIMIT ?)
GROUP BY type, kind

-- last_part: when the last event that a delivery carries was seen
SELECT e.timestamp FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event WHERE p.delivery = ?
ORDER BY p.event DESC LIMIT 1

-- entries: the events that a delivery carries after one, as rows of a table
SELECT timestamp, type, data ->> 'source', data ->> 'job_id', substr(data ->> 'name', 1, 300),
  data ->> 'status', substr(data ->> 'error', 1, 300), data ->> 'url', event
FROM (SELECT p.event, e.timestamp, e.type, iif(json_valid(e.data), e.data, '{}') AS data
  FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event WHERE p.delivery = ? AND p.event > ?
  ORDER BY p.event LIMIT ?)

-- stands_still: a message in place that can't be brought up to date
UPDATE slack_messages SET due_at = NULL WHERE delivery = ?

-- keep_words: what the templates said after the first claim, and before anything was sent
UPDATE deliveries SET title = ?, body = ? WHERE id = ?

-- place: where the message stands that this one brings up to date
SELECT place FROM slack_messages WHERE destination = ? AND key = ?

-- told_before: the first events of what a group's message told since the delivery with which it began
SELECT p.delivery, e.id, e.type, e.timestamp, e.data
FROM deliveries AS f JOIN deliveries AS d ON d.destination = f.destination AND d.rule = f.rule
  AND d.group_key = f.group_key AND d.settle_until IS NULL AND d.seq >= f.seq
JOIN delivery_parts AS p ON p.delivery = d.id JOIN events AS e ON e.seq = p.event
WHERE f.id = ? AND d.state = 'delivered' ORDER BY d.seq, p.event LIMIT ?

-- latest_of_batch: what was told of it last, if after what a delivery carries; found by its own few events (hence +)
SELECT p.delivery, e.id, e.type, e.timestamp, e.data
FROM events AS e JOIN delivery_parts AS p ON p.event = e.seq JOIN deliveries AS d ON d.id = p.delivery
WHERE e.source = ?1 AND e.job_id = ?2 AND +d.destination = ?3 AND +d.state = 'delivered'
  AND +e.seq > (SELECT max(event) FROM delivery_parts WHERE delivery = ?4)
ORDER BY +e.seq DESC LIMIT 1

-- arrived_at: when a delivery arrived first, of one that is sent once more
SELECT min(started_at) FROM attempts WHERE delivery = ? AND outcome = 'delivered'

-- keep_place: after each message that was sent or brought up to date; what came meanwhile is due by now, and stays so
INSERT INTO slack_messages (destination, key, place, delivery, changed_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (destination, key) DO UPDATE
SET place = excluded.place, delivery = excluded.delivery, changed_at = excluded.changed_at,
  due_at = CASE WHEN due_at <= excluded.changed_at THEN due_at END

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

-- moving_on: a message is about to say it; until it has arrived it is due again when its lease ends
UPDATE slack_messages SET due_at = ? WHERE destination = ? AND key = ? AND due_at IS NOT NULL

-- to_move_again: of a message that was not sent, or (never) that can't be
UPDATE slack_messages SET due_at = ? WHERE delivery = ? AND due_at IS NOT NULL

-- next_due: when a lane has something to do again; what is held back is not asked for by time
SELECT min(due) FROM (
  SELECT min(due_at) AS due FROM deliveries
  WHERE destination = ?1 AND state = 'waiting' AND settle_until IS NULL AND held IS NULL AND due_at > ?2
  UNION ALL
  SELECT min(due_at) FROM deliveries
  WHERE destination = ?1 AND state = 'waiting' AND held = 'alone' AND due_at > ?2
  UNION ALL
  SELECT min(settle_until) FROM deliveries
  WHERE destination = ?1 AND state = 'waiting' AND settle_until > ?2)

-- settle_delivered: a success always wins, however late it comes
UPDATE deliveries SET state = 'delivered', owner = NULL, ended_at = ?, reason = NULL
WHERE seq IN (SELECT value FROM json_each(?)) AND state <> 'delivered'

-- settle_again: fenced by the attempt, so that a late failure of an old lease says nothing
UPDATE deliveries SET due_at = ?, owner = NULL, failures = failures + ?, reason = ?, place = coalesce(?, place),
  lost = 0, held = NULL
WHERE seq = ? AND attempts = ? AND state = 'waiting'

-- settle_dead: fenced likewise
UPDATE deliveries SET state = 'dead', owner = NULL, failures = failures + 1, ended_at = ?, reason = ?
WHERE seq = ? AND attempts = ? AND state = 'waiting'

-- add_attempts: the records of tries, from a JSON array of rows
INSERT INTO attempts (delivery, nth, started_at, seconds, outcome, status, answer, reason)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
FROM json_each(?) WHERE true ON CONFLICT DO NOTHING

-- give_back_unsent: leases of what was never sent, as if they had not been claimed; due since ever, so that no clock
-- that is set back parks them
UPDATE deliveries SET owner = NULL, due_at = coalesce(?, min(created_at, ?)), attempts = attempts - 1
WHERE seq = ? AND attempts = ? AND state = 'waiting'

-- end_leases: at the end of a run no claim is anyone's, nor at the end of one destination's lane
UPDATE deliveries SET owner = NULL, due_at = :now WHERE owner IS NOT NULL AND (:of IS NULL OR destination = :of)

-- lose_leases: at the start of the only relay on a database no claim is anyone's; what was claimed when the last
-- one ended without a word is lost once more, and suspect the second time
UPDATE deliveries SET owner = NULL, due_at = :now, lost = lost + 1,
  held = CASE WHEN lost >= 1 THEN 'alone' ELSE held END
WHERE owner IS NOT NULL

-- look_at_rules_again: the configuration may have them again
UPDATE deliveries SET held = CASE WHEN lost >= 2 THEN 'alone' END WHERE state = 'waiting' AND held = 'rule'

-- waits: what may wait too long for its kind and is under no lease, since when, for what, and whether for nothing,
-- since it was claimed and given back
SELECT * FROM (SELECT seq, due_at, failures,
  CASE WHEN claimed_at IS NULL AND settle_until IS NULL AND group_key IS NOT NULL
    THEN max(group_wait, group_interval) END AS grouped,
  CASE WHEN failures = 0 THEN created_at ELSE coalesce((SELECT a.started_at FROM attempts AS a
    WHERE a.delivery = deliveries.id ORDER BY a.nth DESC LIMIT 1), created_at) END AS since,
  claimed_at IS NOT NULL AND failures = 0 AS given_back
  FROM deliveries WHERE state = 'waiting' AND due_at > ?1 AND owner IS NULL)
WHERE since > ?1 OR due_at > ?2 OR grouped IS NOT NULL OR given_back

-- cut_wait: it is longer than its kind allows
UPDATE deliveries SET due_at = ?1, settle_until = CASE WHEN settle_until IS NOT NULL THEN ?1 END WHERE seq = ?2

-- cut_moves: likewise of messages in place
UPDATE slack_messages SET due_at = ?1 WHERE due_at > ?1

-- retry_delivery: the same message once more, with all its time; what was poison is tried alone
UPDATE deliveries
SET state = 'waiting', due_at = :now, give_up_at = :give_up_at, failures = 0, owner = NULL, ended_at = NULL,
  settle_until = NULL, lost = min(lost, 2), held = CASE WHEN lost >= 2 THEN 'alone' END
WHERE id = :id AND state = 'dead'

-- repeat_delivery: the same message once more, whatever became of it; not while it is being sent
UPDATE deliveries
SET state = 'waiting', due_at = :now, give_up_at = :give_up_at, failures = 0, ended_at = NULL, reason = NULL,
  settle_until = NULL, lost = min(lost, 2),
  held = CASE WHEN state = 'waiting' THEN held WHEN lost >= 2 THEN 'alone' END
WHERE id = :id AND owner IS NULL

-- had: whether a destination has, or had, a delivery of an event
SELECT 1 FROM delivery_parts AS p JOIN deliveries AS d ON d.id = p.delivery
WHERE p.event = ? AND d.destination = ? LIMIT 1

-- events_since: those seen since, in the store's order, with who has a delivery of each
SELECT e.seq, e.id, e.type, e.timestamp, e.data, e.rules, e.source, e.job_id, (
  SELECT json_group_array(DISTINCT d.destination) FROM delivery_parts AS p JOIN deliveries AS d ON d.id = p.delivery
  WHERE p.event = e.seq)
FROM events AS e WHERE e.timestamp >= ? AND e.seq > ? ORDER BY e.seq LIMIT ?

-- events_by_id: the same of these
SELECT e.seq, e.id, e.type, e.timestamp, e.data, e.rules, e.source, e.job_id, (
  SELECT json_group_array(DISTINCT d.destination) FROM delivery_parts AS p JOIN deliveries AS d ON d.id = p.delivery
  WHERE p.event = e.seq)
FROM events AS e WHERE e.id IN (SELECT value FROM json_each(?)) AND e.seq > ? ORDER BY e.seq LIMIT ?

-- rules_of: the rules that took an event, with whom each sends it to
SELECT rules FROM events WHERE seq = ?

-- set_rules: the ledger's side of what is owed
UPDATE events SET rules = ? WHERE seq = ?

-- to_rename: what is not delivered of a destination, but where the other has the same event already
SELECT seq, id, replay FROM deliveries AS d
WHERE seq IN (
    SELECT seq FROM deliveries WHERE destination = :old AND state = 'waiting'
    UNION ALL SELECT seq FROM deliveries WHERE destination = :old AND state = 'dead')
  AND NOT EXISTS (
    SELECT 1 FROM delivery_parts AS p JOIN delivery_parts AS q ON q.event = p.event
    WHERE p.delivery = d.id AND (SELECT destination FROM deliveries WHERE id = q.delivery) = :new)

-- rename_delivery: it goes to the same place under another name
UPDATE deliveries SET destination = ? WHERE seq = ?

-- rename_rule: what is not delivered of a rule is one of it under another name
UPDATE deliveries SET rule = :new WHERE rule = :old AND seq IN (
  SELECT seq FROM deliveries WHERE state = 'waiting' UNION ALL SELECT seq FROM deliveries WHERE state = 'dead')

-- events_of: what a delivery carries, with the ledger's side of it
SELECT e.seq, e.rules FROM delivery_parts AS p JOIN events AS e ON e.seq = p.event WHERE p.delivery = ?

-- rename_destination: its troubles; not over those of the other
UPDATE OR IGNORE destinations SET name = :new WHERE name = :old

-- forget_destination: likewise
DELETE FROM destinations WHERE name = :old

-- rename_places: its messages in place; not over those of the other
UPDATE OR IGNORE slack_messages SET destination = :new WHERE destination = :old

-- forget_places: likewise
DELETE FROM slack_messages WHERE destination = :old

-- add_destination: one of which there is news
INSERT INTO destinations (name) VALUES (?) ON CONFLICT DO NOTHING

-- destination_down: told until it is up again
UPDATE destinations SET down_at = :now, reason = :reason WHERE name = :name AND down_at IS NULL

-- destination_up: the trouble is over
UPDATE destinations SET down_at = NULL, reason = NULL WHERE name = :name AND down_at IS NOT NULL

-- destination_dead: the first delivery that died since one arrived
UPDATE destinations SET dead_told = 1 WHERE name = :name AND dead_told = 0

-- nth_of_destination: the number of its next news, also where another had its name before
SELECT coalesce(max(nth), 0) + 1 FROM events WHERE source = 0 AND job_id = ?

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

-- tally: so many more
INSERT INTO tallies (what, span, at, name, n) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (what, span, at, name) DO UPDATE SET n = n + excluded.n

-- marks: up to when each source is known, of those that are read
SELECT id, mark FROM sources

-- move_pruned_until: never back
UPDATE sources SET pruned_until = max(coalesce(pruned_until, ''), ?) WHERE id = ?

-- pruned_until: read in the transaction that takes a page, so that no page sees a job go and not this move
SELECT pruned_until FROM sources WHERE id = ?

-- old_jobs: jobs that have not changed for long, and whether each may go: it ended, or vanished, or its source was
-- replaced, and neither it nor a delivery of its events is younger; the newest event stays, for the sequence
SELECT j.changed_at, j.created_at, j.id,
  (s.retired_at < :before OR (
    (j.gone_at < :before OR (j.status IN ('COMPLETED', 'FAILED', 'CANCELLED') AND j.follow_at IS NULL))
    AND j.created_at <= s.pruned_until AND (j.created_at <> '' OR j.changes > 0)))
  AND NOT EXISTS (
    SELECT 1 FROM events AS e LEFT JOIN delivery_parts AS p ON p.event = e.seq LEFT JOIN deliveries AS d ON d.id = p.delivery
    WHERE e.source = j.source AND e.job_id = j.id AND (
      e.timestamp >= :before OR d.state = 'waiting' OR d.ended_at >= :before
      OR e.seq = (SELECT max(seq) FROM events)))
FROM jobs AS j JOIN sources AS s ON s.id = j.source
WHERE j.source = :source AND j.changed_at < :before
  AND (j.changed_at, j.created_at, j.id) > (:changed_at, :created_at, :id)
ORDER BY j.changed_at, j.created_at, j.id LIMIT :most

-- old_news: relay's own of a source, or of no source (0), and whether each may go
SELECT e.job_id, e.nth, e.type, e.seq,
  e.timestamp < :before AND e.seq < (SELECT max(seq) FROM events) AND NOT EXISTS (
    SELECT 1 FROM delivery_parts AS p JOIN deliveries AS d ON d.id = p.delivery
    WHERE p.event = e.seq AND (d.state = 'waiting' OR d.ended_at >= :before))
FROM events AS e WHERE e.source = :source AND e.job_id <= iif(:source = 0, '~', '')
  AND (e.job_id, e.nth, e.type) > (:job_id, :nth, :type)
ORDER BY e.job_id, e.nth, e.type LIMIT :most

-- events_of_jobs: all that happened to them
SELECT seq FROM events WHERE source = ? AND job_id IN (SELECT value FROM json_each(?))

-- deliveries_of_events: those that carry any of them
SELECT DISTINCT delivery FROM delivery_parts WHERE event IN (SELECT value FROM json_each(?))

-- prune_parts: these events are carried no more
DELETE FROM delivery_parts WHERE event IN (SELECT value FROM json_each(?))

-- prune_deliveries: those of these that carry nothing any more
DELETE FROM deliveries WHERE id IN (SELECT value FROM json_each(?))
  AND NOT EXISTS (SELECT 1 FROM delivery_parts AS p WHERE p.delivery = deliveries.id) RETURNING id

-- prune_attempts: of deliveries that are gone
DELETE FROM attempts WHERE delivery IN (SELECT value FROM json_each(?))

-- prune_slack_messages: nothing will bring them up to date
DELETE FROM slack_messages WHERE delivery IN (SELECT value FROM json_each(?))

-- prune_events: after what they led to
DELETE FROM events WHERE seq IN (SELECT value FROM json_each(?))

-- prune_batch_files: of batches that are gone
DELETE FROM batch_files WHERE source = ? AND batch IN (SELECT value FROM json_each(?))

-- prune_job: with a creation time, by which it is known that its next sighting is none of news
DELETE FROM jobs WHERE source = ? AND created_at = ? AND id = ? AND (
  created_at <> '' OR source IN (SELECT id FROM sources WHERE retired_at IS NOT NULL))

-- bury_job: what is left of a job without: that it was known
UPDATE jobs SET changes = 0, name = NULL, error = NULL, follow_at = NULL
WHERE source = ? AND created_at = '' AND id = ?

-- prune_hints: the oldest, up to the first that is young
DELETE FROM hints WHERE seq IN (
  SELECT seq FROM hints WHERE seq < coalesce((SELECT min(seq) FROM hints WHERE received_at >= ?1), 9e18)
  ORDER BY seq LIMIT ?2)

-- prune_sources: that were replaced long ago, and of which nothing is left
DELETE FROM sources WHERE retired_at < ? AND NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.source = sources.id)
  AND NOT EXISTS (SELECT 1 FROM events AS e WHERE e.source = sources.id)
  AND NOT EXISTS (SELECT 1 FROM batch_files AS f WHERE f.source = sources.id)
  AND NOT EXISTS (SELECT 1 FROM hints AS h WHERE h.source = sources.id)
