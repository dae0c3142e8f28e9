-- min_code: 80
-- The operators' inbox: one narrow row for each conversation in which the contact has said something, in the orders in which operators look
-- at them. Kept by a reader of the feed, and by what operators do. All of it but whose it is can be made again from the messages.
--
-- Times are by the workspace's clock. A conversation sleeps while snoozed_until_ms lies ahead: nothing has to happen for it to wake.
-- rank is the order of a queue: who has waited longest comes first, and after those who wait the others, the newest first.
CREATE TABLE inbox (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  conversation_id bigint NOT NULL,
  closed boolean NOT NULL DEFAULT false,
  snoozed_until_ms bigint,
  assignee_id bigint,
  channel text,
  destination_id bigint,
  last_message_id bigint NOT NULL,
  last_ms bigint NOT NULL,
  last_in_ms bigint NOT NULL DEFAULT 0,
  last_out_ms bigint NOT NULL DEFAULT 0,
  waiting_ms bigint,
  read_ms bigint NOT NULL DEFAULT 0,
  rank bigint GENERATED ALWAYS AS (coalesce(waiting_ms, 9000000000000000 - last_ms)) STORED,
  PRIMARY KEY (bucket, contact_id)
) WITH (fillfactor = 80);
CREATE INDEX inbox_newest ON inbox (workspace_id, last_ms, contact_id) WHERE NOT closed;
CREATE INDEX inbox_unassigned ON inbox (workspace_id, rank, contact_id) WHERE NOT closed AND assignee_id IS NULL;
CREATE INDEX inbox_assigned ON inbox (workspace_id, assignee_id, rank, contact_id) WHERE NOT closed AND assignee_id IS NOT NULL;
CREATE INDEX inbox_closed ON inbox (workspace_id, last_ms, contact_id) WHERE closed;
CREATE INDEX inbox_snoozed ON inbox (workspace_id, snoozed_until_ms, contact_id) WHERE snoozed_until_ms IS NOT NULL AND NOT closed;
SELECT place('inbox', 'bucket');

-- What operators note in a conversation, for each other.
CREATE TABLE inbox_notes (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  operator_id bigint NOT NULL,
  text text NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id)
);
CREATE INDEX inbox_notes_of_contact ON inbox_notes (bucket, contact_id, at_ms, id);
SELECT place('inbox_notes', 'bucket');

-- What one operator has of a conversation: up to when he has seen it, and what he has begun to write.
CREATE TABLE inbox_seats (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  operator_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  read_ms bigint NOT NULL DEFAULT 0,
  draft text,
  draft_destination_id bigint,
  PRIMARY KEY (bucket, contact_id, operator_id)
);
SELECT place('inbox_seats', 'bucket');

-- Conversations there are: those in which the contact was heard. Those of over a month ago are closed.
INSERT INTO inbox (bucket, contact_id, workspace_id, conversation_id, closed, last_message_id, last_ms, last_in_ms, last_out_ms, read_ms)
SELECT c.bucket, c.contact_id, c.workspace_id, c.id,
  p.last_inbound_ms < extract(epoch FROM now())::bigint * 1000 - 2592000000,
  m.id, m.at_ms, p.last_inbound_ms, CASE WHEN m.direction = 'out' THEN m.at_ms ELSE 0 END, m.at_ms
FROM conversations c
JOIN contacts p ON p.bucket = c.bucket AND p.workspace_id = c.workspace_id AND p.id = c.contact_id AND p.last_inbound_ms IS NOT NULL
CROSS JOIN LATERAL (
  SELECT id, at_ms, direction FROM messages
  WHERE bucket = c.bucket AND conversation_id = c.id AND kind <> 'confirmation' ORDER BY at_ms DESC, id DESC LIMIT 1) m
ON CONFLICT DO NOTHING;
