-- What people say again and again: messages that are kept under a name, and are said by naming them.
CREATE TABLE templates (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 512),
  -- Content as the content model has it. Shorthand in its text is read when the template is used.
  content jsonb NOT NULL,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  UNIQUE (workspace_id, name)
);
SELECT place('templates');

-- Whom a contact became when two were merged. What was on its way for the one that is gone reaches the other, and what becomes of
-- it is told of the other. In the bucket of the one that is gone.
CREATE TABLE merged_contacts (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  into_id bigint NOT NULL,
  merged_ms bigint NOT NULL,
  PRIMARY KEY (bucket, workspace_id, contact_id)
);
SELECT place('merged_contacts', 'bucket');
CREATE INDEX merged_contacts_into ON merged_contacts (into_id);

-- Conversations of contacts that were merged into this one's: what was said in them is read with it. Messages stay where they
-- are, since their ids carry the bucket of their contact, and receipts, answers and webhooks name them.
ALTER TABLE conversations ADD COLUMN merged_from bigint[] NOT NULL DEFAULT '{}';

-- Addresses that wait for the person behind them: for a sign of life, or for a yes. With the destination, in its bucket.
CREATE TABLE pending_links (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  destination_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  confirmation text NOT NULL CHECK (confirmation IN ('activity', 'prompt')),
  -- What asked for it wants to be told with the outcome.
  told jsonb NOT NULL,
  asked_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, destination_id)
);
SELECT place('pending_links', 'bucket');

-- What is paid for: messages that were handed to a provider. A row per lane, so that workers do not meet; bucket is the lane's
-- first. month is year and month, as 202611.
CREATE TABLE usage_messages (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  month integer NOT NULL CHECK (month % 100 BETWEEN 1 AND 12),
  channel text NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (bucket, workspace_id, month, channel)
);
SELECT place('usage_messages', 'bucket');

-- Who was active in a month: wrote, or began a conversation. Being written to does not count.
CREATE TABLE usage_people (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  month integer NOT NULL CHECK (month % 100 BETWEEN 1 AND 12),
  contact_id bigint NOT NULL,
  PRIMARY KEY (bucket, workspace_id, month, contact_id)
);
SELECT place('usage_people', 'bucket');
