-- ---------------------------------------------------------------- contacts

CREATE TABLE contacts (
  bucket smallint NOT NULL,
  workspace_id bigint NOT NULL,
  id bigint NOT NULL,
  external_id text,
  given_name text,
  surname text,
  -- What is not a column of its own: flat values of the caller's, matched by audience filters and used in templates.
  attributes jsonb NOT NULL DEFAULT '{}',
  time_zone text,
  locale text,
  credential_required boolean NOT NULL DEFAULT false,
  signed_up_ms bigint,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  last_inbound_ms bigint,
  PRIMARY KEY (bucket, workspace_id, id)
);
SELECT place('contacts', 'bucket');

-- First writer wins: who owns an external id, a phone number, an e-mail address or a token, in one place for all channels.
CREATE TABLE identities (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('external', 'phone', 'email', 'token', 'whatsapp')),
  value text NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (hash, workspace_id, kind, value)
);
SELECT place('identities', 'hash');

-- An address of a contact on a channel. blocked_classes is the consent and suppression of that address as the gate needs it:
-- a bit per message class (1 transactional, 2 marketing, 4 authentication), with the reason in blocked_reason.
CREATE TABLE destinations (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  -- null: any integration of the channel may be used.
  integration_id bigint,
  address text NOT NULL,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('pending', 'active', 'inactive', 'blocked')),
  blocked_classes smallint NOT NULL DEFAULT 0 CHECK (blocked_classes BETWEEN 0 AND 7),
  blocked_reason text,
  display_name text,
  raw jsonb,
  info jsonb,
  linked_ms bigint NOT NULL,
  last_seen_ms bigint NOT NULL,
  -- Last message from the person on this destination: the primary destination and WhatsApp's 24 hours follow from it.
  last_inbound_ms bigint,
  PRIMARY KEY (bucket, contact_id, id),
  CHECK (blocked_classes = 0 OR blocked_reason IS NOT NULL)
);
SELECT place('destinations', 'bucket');

-- Addresses that must not be written to, whether or not a contact has them today. Looked at when a destination is made.
CREATE TABLE suppressions (
  hash integer NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  address text NOT NULL,
  blocked_classes smallint NOT NULL CHECK (blocked_classes BETWEEN 1 AND 7),
  reason text NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (hash, workspace_id, channel, address)
);
SELECT place('suppressions', 'hash');

-- Consent as it was given and taken, never changed: the proof.
CREATE TABLE consent_log (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  channel text NOT NULL,
  address text NOT NULL,
  blocked_classes smallint NOT NULL,
  reason text NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id)
);
SELECT place('consent_log', 'bucket');
CREATE INDEX consent_log_of_contact ON consent_log (bucket, contact_id);

-- Lists and tags are both named sets of contacts; they differ in how people use them.
CREATE TABLE sets (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('list', 'tag')),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_ms bigint NOT NULL,
  UNIQUE (workspace_id, kind, name)
);
SELECT place('sets');

CREATE TABLE set_members (
  bucket smallint NOT NULL,
  set_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (bucket, set_id, contact_id)
);
SELECT place('set_members', 'bucket');
CREATE INDEX set_members_of_contact ON set_members (bucket, contact_id);

-- ---------------------------------------------------------------- conversations

CREATE TABLE conversations (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  -- False until somebody said something: made, but not started.
  started boolean NOT NULL DEFAULT false,
  unread_count integer NOT NULL DEFAULT 0 CHECK (unread_count >= 0),
  business_read_ms bigint,
  contact_read_ms bigint,
  message_count integer NOT NULL DEFAULT 0,
  created_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id)
);
SELECT place('conversations', 'bucket');
-- A contact has one conversation (W21): two who start it at once get the same.
CREATE UNIQUE INDEX conversations_of_contact ON conversations (bucket, contact_id);

-- What was said, in and out. A broadcast's content is not copied here: its deliveries stand for it in a contact's history.
CREATE TABLE messages (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  conversation_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  direction text NOT NULL CHECK (direction IN ('in', 'out')),
  -- message: part of the conversation; notification: outgoing without needing one; confirmation: sent, but not shown.
  kind text NOT NULL CHECK (kind IN ('message', 'notification', 'confirmation')),
  class text CHECK (class IN ('transactional', 'marketing', 'authentication')),
  content jsonb NOT NULL,
  author jsonb NOT NULL DEFAULT '{}',
  -- { type, integrationId?, ... } as in api/sunshine.md §3.5
  source jsonb NOT NULL,
  metadata jsonb,
  -- The provider's id of an inbound message: the key against repeats.
  external_id text,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id),
  CHECK ((direction = 'out') = (class IS NOT NULL))
) PARTITION BY RANGE (id);
CREATE TABLE messages_rest PARTITION OF messages DEFAULT;
SELECT place('messages', 'bucket');
CREATE INDEX messages_of_conversation ON messages (bucket, conversation_id, at_ms, id);

-- Inbound messages seen, by the provider's id: a repeat changes nothing.
CREATE TABLE inbound_seen (
  hash integer NOT NULL,
  integration_id bigint NOT NULL,
  external_id text NOT NULL,
  message_id bigint NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (hash, integration_id, external_id)
);
SELECT place('inbound_seen', 'hash');
CREATE INDEX inbound_seen_age ON inbound_seen (at_ms);

-- ---------------------------------------------------------------- outbox

-- One message to one destination. cause_id is the message, or the broadcast's run: (contact_id, cause_id) is the send-once
-- guarantee; seq counts the destinations tried for it. For a broadcast the row appears when there is something to say
-- about it; until then the due row stands for it. Partitioned by cause, which is by time.
-- state: 0 queued 1 held 3 unknown 4 accepted 5 delivered 6 read | 10 failed 11 suppressed 12 expired 13 canceled
-- (2, sending, is a row in flights). prior_state is the state before the last write: what the last write changed.
CREATE TABLE deliveries (
  bucket smallint NOT NULL,
  contact_id bigint NOT NULL,
  cause_id bigint NOT NULL,
  seq smallint NOT NULL,
  state smallint NOT NULL CHECK (state IN (0, 1, 3, 4, 5, 6, 10, 11, 12, 13)),
  prior_state smallint,
  attempts smallint NOT NULL DEFAULT 0,
  -- 1 transactional, 2 marketing, 4 authentication: what a frequency cap counts.
  class smallint NOT NULL CHECK (class IN (1, 2, 4)),
  channel text,
  workspace_id bigint NOT NULL,
  integration_id bigint,
  destination_id bigint,
  address text,
  -- Why it is in this state: a provider's code, or the gate's reason.
  code text,
  detail text,
  external_ids text[],
  -- What a template's variables stood for when it was sent: with the cause's content this is exactly what was said.
  vars jsonb,
  -- Decisions that were not the plain path, in order: [{ atMs, what, why }].
  trail jsonb,
  -- A single send is given up after this; a broadcast says it once for all.
  expires_ms bigint,
  sent_ms bigint,
  state_ms bigint NOT NULL,
  PRIMARY KEY (bucket, contact_id, cause_id, seq),
  CHECK (state NOT IN (1, 10, 11, 12) OR code IS NOT NULL),
  CHECK (state NOT IN (4) OR sent_ms IS NOT NULL),
  CHECK (state NOT IN (10, 11, 12, 13) OR prior_state IS NULL OR prior_state < 7)
) PARTITION BY RANGE (cause_id);
CREATE TABLE deliveries_rest PARTITION OF deliveries DEFAULT;
SELECT place('deliveries', 'bucket');
CREATE INDEX deliveries_amiss ON deliveries (cause_id, state) WHERE state IN (3, 10, 11, 12);

-- Whether a delivery in one state may go to another: the same table as outbox/states.ts, and a test compares them.
-- What waits or is unknown may go anywhere; accepted and delivered only forward; the ends nowhere.
CREATE FUNCTION delivery_moves(was smallint, to_be smallint) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
  SELECT CASE WHEN was IN (0, 1, 3) THEN true WHEN was = 4 THEN to_be IN (5, 6, 10) WHEN was = 5 THEN to_be = 6 ELSE false END
$$;

-- How many deliveries of a bulk run are in which state; a row per lane, so that workers do not meet.
CREATE TABLE tallies (
  bucket smallint NOT NULL,
  cause_id bigint NOT NULL,
  state smallint NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (bucket, cause_id, state)
);
SELECT place('tallies', 'bucket');

-- ---------------------------------------------------------------- broadcasts

CREATE TABLE broadcasts (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  state text NOT NULL CHECK (state IN ('draft', 'scheduled', 'running', 'paused', 'done', 'canceled')),
  content jsonb NOT NULL,
  class text NOT NULL CHECK (class IN ('transactional', 'marketing', 'authentication')),
  channel text NOT NULL,
  integration_id bigint,
  audience jsonb NOT NULL,
  rate_per_s real CHECK (rate_per_s > 0),
  -- Why it is in its state, when somebody would ask.
  note text,
  -- The cause of its deliveries, made at the start, so that partitions by cause are by the time of sending.
  run_id bigint,
  scheduled_ms bigint,
  started_ms bigint,
  finished_ms bigint,
  expires_after_ms bigint NOT NULL DEFAULT 259200000,
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL,
  CHECK (state IN ('draft', 'scheduled', 'canceled') OR run_id IS NOT NULL),
  CHECK (state <> 'scheduled' OR scheduled_ms IS NOT NULL),
  CHECK ((state IN ('done', 'canceled')) = (finished_ms IS NOT NULL))
);
SELECT place('broadcasts');
CREATE INDEX broadcasts_of_workspace ON broadcasts (workspace_id, id);
CREATE UNIQUE INDEX broadcasts_by_run ON broadcasts (run_id) WHERE run_id IS NOT NULL;

-- A lane whose share of the audience was put into the queue, in the transaction that did it: fanned out once, whatever dies.
CREATE TABLE broadcast_lanes (
  bucket smallint NOT NULL,
  run_id bigint NOT NULL,
  lane smallint NOT NULL,
  matched integer NOT NULL,
  PRIMARY KEY (bucket, run_id, lane)
);
SELECT place('broadcast_lanes', 'bucket');

-- ---------------------------------------------------------------- webhooks

CREATE TABLE webhooks (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  door text NOT NULL CHECK (door IN ('sunshine', 'web1on1', 'outbound', 'shout', 'console')),
  target text NOT NULL,
  triggers text[] NOT NULL,
  secret_sealed bytea NOT NULL,
  include_full_contact boolean NOT NULL DEFAULT false,
  include_destination boolean NOT NULL DEFAULT false,
  options jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
  failing_since_ms bigint,
  created_ms bigint NOT NULL
);
SELECT place('webhooks');
CREATE INDEX webhooks_of_workspace ON webhooks (workspace_id);

-- One call to one target; the log of calls, too. Partitioned by id, which is by time.
CREATE TABLE webhook_calls (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  webhook_id bigint NOT NULL,
  trigger text NOT NULL,
  body text NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'canceled')),
  attempts smallint NOT NULL DEFAULT 0,
  last_status smallint,
  last_answer text,
  created_ms bigint NOT NULL,
  finished_ms bigint,
  PRIMARY KEY (bucket, id),
  CHECK ((state = 'pending') = (finished_ms IS NULL))
) PARTITION BY RANGE (id);
CREATE TABLE webhook_calls_rest PARTITION OF webhook_calls DEFAULT;
SELECT place('webhook_calls', 'bucket');
CREATE INDEX webhook_calls_of_webhook ON webhook_calls (webhook_id, id);

-- ---------------------------------------------------------------- simulator

-- What the devices of a test workspace received. address is who, in the channel's own form.
CREATE TABLE simulated_messages (
  bucket smallint NOT NULL,
  id bigint NOT NULL,
  workspace_id bigint NOT NULL,
  integration_id bigint NOT NULL,
  channel text NOT NULL,
  address text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('in', 'out')),
  ref text,
  rendered jsonb NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (bucket, id)
) PARTITION BY RANGE (id);
CREATE TABLE simulated_messages_rest PARTITION OF simulated_messages DEFAULT;
SELECT place('simulated_messages', 'bucket');
CREATE INDEX simulated_messages_of_device ON simulated_messages (workspace_id, channel, address, id);

-- Scripted outcomes for test workspaces, first match in order of id.
CREATE TABLE simulator_rules (
  id bigint PRIMARY KEY,
  workspace_id bigint NOT NULL,
  channel text,
  address_pattern text NOT NULL,
  outcome jsonb NOT NULL,
  -- How many more messages it applies to; null is for ever.
  times_left integer,
  created_ms bigint NOT NULL
);
SELECT place('simulator_rules');
CREATE INDEX simulator_rules_of_workspace ON simulator_rules (workspace_id, id);
